/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `edgemark replay`: a capture through the pipeline of one link, on the virtual clock.
 * Files are opened in the order in which their failure costs least: the configuration and
 * IN are known to be good before DPDK starts, and OUT is touched last.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rte_eal.h>

#include "config/config.h"
#include "control/document.h"
#include "control/eal.h"
#include "control/replay.h"
#include "control/replay_memory.h"
#include "control/site_document.h"

#include "capture.h"
#include "commands.h"
#include "find_link.h"
#include "frame_pool.h"
#include "replay_arguments.h"
#include "replay_output.h"
#include "replay_summary.h"
#include "sides.h"

/* Everything a replay holds, in the order in which it comes to be. */
struct session {
	struct replay_arguments arguments;
	struct sides *sides;
	struct config *config; /* NULL once the site owns it */
	size_t link;
	struct capture capture;
	bool eal;
	struct site *site;
	struct frame_pool pool;
	struct replay replay;
	struct replay_output output;
	struct lane_counters *counters;
	bool drained; /* else it broke off, with frames in its queues */
};

/* --- preparing --------------------------------------------------------------------------- */

static int open_sides(struct session *s)
{
	char *wrong;
	int code;

	if (s->arguments.fixed != DIRECTIONS)
		return EXIT_OK;
	s->sides = sides_create(s->arguments.site, &wrong);
	if (s->sides)
		return EXIT_OK;
	code = replay_usage("--site wants prefixes such as 192.168.1.0/24, not ",
			    wrong ? wrong : "that");
	free(wrong);
	return code;
}

static int load_config(struct session *s)
{
	struct config_report report = {0};

	s->config = config_load(s->arguments.config, &report);
	if (!s->config)
		config_report_print(&report, stderr);
	config_report_clear(&report);
	return s->config ? EXIT_OK : EXIT_CONFIG;
}

/* Writing to a file that is read, or twice to one, would destroy it. */
static int check_same_file(const char *path, const char *other, const struct stat *status)
{
	struct stat mine;

	if (!path || stat(path, &mine) != 0 || !S_ISREG(mine.st_mode))
		return EXIT_OK;
	if (mine.st_dev != status->st_dev || mine.st_ino != status->st_ino)
		return EXIT_OK;
	fprintf(stderr, "edgemark: %s: is the same file as %s: write to another\n", path, other);
	return EXIT_USAGE;
}

static int check_files(const struct session *s)
{
	const struct replay_arguments *a = &s->arguments;
	struct stat in;
	int code = EXIT_OK;

	if (fstat(fileno(capture_stream(&s->capture)), &in) == 0) {
		code = check_same_file(a->out, a->in, &in);
		code = code ? code : check_same_file(a->drops, a->in, &in);
		code = code ? code : check_same_file(a->counters, a->in, &in);
	}
	if (!code && ((a->drops && strcmp(a->drops, a->out) == 0) ||
		      (a->counters && strcmp(a->counters, a->out) == 0) ||
		      (a->drops && a->counters && strcmp(a->drops, a->counters) == 0)))
		code = replay_usage("OUT, --drops and -j must be different files", "");
	return code;
}

static int start(struct session *s)
{
	uint64_t mbufs = replay_mbufs(s->config, s->link);
	const struct site_options options = {
		.seed = s->arguments.seed_number,
		.drop_tap = replay_output_dropped,
		.drop_context = &s->output,
	};

	if (eal_start_offline(replay_megabytes(s->config, mbufs)) < 0)
		return EXIT_RUNTIME;
	s->eal = true;
	if (site_create(s->config, &options, &s->site) < 0)
		return EXIT_RUNTIME;
	s->config = NULL;
	if (frame_pool_create(&s->pool, mbufs) < 0) {
		fprintf(stderr, "edgemark: no memory for frames: see `free -m`\n");
		return EXIT_RUNTIME;
	}
	s->counters = calloc(s->site->link_count * DIRECTIONS, sizeof(*s->counters));
	if (!s->counters) {
		fprintf(stderr, "edgemark: out of memory\n");
		return EXIT_RUNTIME;
	}
	replay_start(&s->replay, s->site, s->link, &s->pool, replay_output_sent, &s->output);
	if (replay_output_open(&s->output, &s->replay, s->arguments.out, s->arguments.drops,
			       s->site->links[s->link].name) < 0)
		return EXIT_RUNTIME;
	return EXIT_OK;
}

/* --- the replay -------------------------------------------------------------------------- */

static int explain_replay(const struct session *s, int err)
{
	if (err == -ENOMEM)
		fprintf(stderr,
			"edgemark: %s: frame %" PRIu64
			": no memory for more waiting frames (%" PRIu64
			" buffers are in use): lower queue-packets\n",
			s->arguments.in, s->replay.frames, s->pool.size);
	else if (err)
		fprintf(stderr, "edgemark: %s: frame %" PRIu64 ": the scheduler is stuck: %s\n",
			s->arguments.in, s->replay.frames, strerror(-err));
	return err ? EXIT_RUNTIME : EXIT_OK;
}

static int run_frames(struct session *s)
{
	struct captured_frame f;
	int got, err = 0;

	while ((got = capture_next(&s->capture, &f)) == 1) {
		enum direction d = s->sides ? sides_direction(s->sides, f.bytes, f.length)
					    : (enum direction)s->arguments.fixed;

		err = replay_frame(&s->replay, d, f.ns, f.bytes, f.length);
		if (err || replay_output_error(&s->output))
			return explain_replay(s, err);
	}
	err = replay_finish(&s->replay);
	if (err)
		return explain_replay(s, err);
	s->drained = true;
	return got < 0 ? EXIT_RUNTIME : EXIT_OK;
}

static int write_counters(const struct session *s, const json_t *document)
{
	const char *path = s->arguments.counters;
	FILE *stream = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	bool sound;

	if (!stream) {
		fprintf(stderr, "edgemark: %s: can't be written: %s\n", path, strerror(errno));
		return EXIT_RUNTIME;
	}
	sound = json_dumpf(document, stream, DOCUMENT_FORMAT) == 0 && fputc('\n', stream) != EOF;
	sound = fflush(stream) == 0 && sound;
	if (!sound)
		fprintf(stderr, "edgemark: %s: can't be written whole: %s\n", path,
			strerror(errno));
	if (stream != stdout)
		fclose(stream);
	return sound ? EXIT_OK : EXIT_RUNTIME;
}

/* Conservation, by the counters, by what was written, and by the buffers. */
static int check_balance(const struct session *s, const json_t *document)
{
	uint64_t received = 0, sent = 0, missing = frame_pool_missing(&s->pool);

	for (int d = 0; d < DIRECTIONS; d++) {
		const struct lane_counters *c =
			&s->counters[lane_index(s->link, (enum direction)d)];

		received += c->rx.packets;
		sent += c->tx.packets;
	}
	if (document_balances(document) && received == s->replay.frames &&
	    sent == s->output.sent_frames && missing == 0)
		return EXIT_OK;
	fprintf(stderr,
		"edgemark: the counters do not balance: %" PRIu64 " frames read, %" PRIu64
		" received; %" PRIu64 " sent, %" PRIu64 " written; %" PRIu64
		" buffers missing. This is a defect of edgemark\n",
		s->replay.frames, received, sent, s->output.sent_frames, missing);
	return EXIT_RUNTIME;
}

static void print_summary(const struct session *s, const json_t *document)
{
	if (strcmp(s->arguments.out, "-") == 0)
		return;
	if (s->arguments.counters && strcmp(s->arguments.counters, "-") == 0)
		return;
	printf("%s: %" PRIu64 " frames over %.6f s, link %s\n", s->arguments.in, s->replay.frames,
	       (double)(s->replay.now_ns - 1) / 1e9, s->site->links[s->link].name);
	if (s->replay.clamped)
		printf("%" PRIu64 " frames were stamped before the one ahead of them: the clock "
		       "waited\n",
		       s->replay.clamped);
	if (s->capture.cut)
		printf("%" PRIu64 " frames were recorded cut\n", s->capture.cut);
	replay_summary_print(stdout, s->site, s->link, s->counters, &s->output);
	replay_summary_calls(stdout, document);
}

static int conclude(struct session *s)
{
	json_t *document = site_document(s->site, s->counters, s->replay.origin_ns);
	int code;

	if (!document) {
		fprintf(stderr, "edgemark: out of memory\n");
		return EXIT_RUNTIME;
	}
	code = check_balance(s, document);
	if (s->arguments.counters && write_counters(s, document) != EXIT_OK)
		code = EXIT_RUNTIME;
	print_summary(s, document);
	json_decref(document);
	return code;
}

static int run(struct session *s)
{
	int code = start(s);

	if (code != EXIT_OK)
		return code;
	code = run_frames(s);
	if (replay_output_close(&s->output) < 0)
		return EXIT_RUNTIME;
	if (!s->drained)
		return EXIT_RUNTIME;
	return conclude(s) == EXIT_OK ? code : EXIT_RUNTIME;
}

static void session_clear(struct session *s)
{
	(void)replay_output_close(&s->output);
	site_destroy(s->site);
	free(s->counters);
	frame_pool_destroy(&s->pool);
	if (s->eal)
		rte_eal_cleanup();
	capture_close(&s->capture);
	config_free(s->config);
	sides_destroy(s->sides);
	free(s);
}

int command_replay(int argc, char **argv)
{
	struct session *s = calloc(1, sizeof(*s));
	int code;

	if (!s) {
		fprintf(stderr, "edgemark: out of memory\n");
		return EXIT_RUNTIME;
	}
	code = replay_arguments_parse(argc, argv, &s->arguments);
	if (code == EXIT_OK)
		code = open_sides(s);
	if (code == EXIT_OK)
		code = load_config(s);
	if (code == EXIT_OK)
		code = find_link(s->config, s->arguments.config, s->arguments.link, &s->link);
	if (code == EXIT_OK && capture_open(&s->capture, s->arguments.in) < 0)
		code = EXIT_RUNTIME;
	if (code == EXIT_OK)
		code = check_files(s);
	if (code == EXIT_OK)
		code = run(s);
	session_clear(s);
	return code < 0 ? EXIT_OK : code;
}
