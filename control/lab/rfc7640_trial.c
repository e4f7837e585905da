/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* asprintf */
/* Merges the streams by time, and keeps count on the tester's side of the device. */
#include "rfc7640_trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "rfc7640_capture.h"
#include "rfc7640_reconcile.h"

static int no_memory(void)
{
	fprintf(stderr, "edgemark: out of memory\n");
	return -ENOMEM;
}

static void frame_left(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame)
{
	struct trial *t = context;
	const uint8_t *bytes = rte_pktmbuf_mtod(frame, const uint8_t *);
	struct stream_mark mark;

	(void)d;
	capture_writer_add(t->writer, ns, bytes, rte_pktmbuf_pkt_len(frame));
	if (!stream_read(bytes, rte_pktmbuf_data_len(frame), &mark) ||
	    mark.stream >= t->stream_count)
		return;
	t->left[mark.stream]++;
	t->in_class[mark.stream] +=
		mark.dscp == setup_class_dscp(t->streams[mark.stream].class_index);
}

/* --- opening ----------------------------------------------------------------------------- */

static struct config *load(const struct trial *t)
{
	struct config_report report = {0};
	char *text = setup_text(t->setup);
	struct config *c = NULL;

	if (text)
		c = config_load_text(t->name, text, &report);
	if (!text)
		no_memory();
	else if (!c)
		config_report_print(&report, stderr);
	config_report_clear(&report);
	free(text);
	return c;
}

static int choose_path(struct trial *t, const char *directory)
{
	const char *temporary = getenv("TMPDIR");
	int fd, length;

	t->keep = directory != NULL;
	if (t->keep) {
		length = asprintf(&t->path, "%s/%s.pcap", directory, t->name);
		return length < 0 ? no_memory() : 0;
	}
	length = asprintf(&t->path, "%s/edgemark-rfc7640-XXXXXX", temporary ? temporary : "/tmp");
	if (length < 0) {
		t->path = NULL;
		return no_memory();
	}
	fd = mkstemp(t->path);
	if (fd < 0) {
		int err = -errno;

		fprintf(stderr, "edgemark: %s: can't be written: %s\n", t->path, strerror(-err));
		return err;
	}
	close(fd);
	return 0;
}

static bool eal_started;

static int start_eal(const struct config *c)
{
	enum { QUEUES_MB = 512 }; /* later trials have longer queues than the first */
	int err = eal_started ? 0 : virtual_site_start_eal(c, QUEUES_MB);

	eal_started = eal_started || err == 0;
	return err;
}

void trial_end_eal(void)
{
	if (eal_started)
		rte_eal_cleanup();
	eal_started = false;
}

int trial_open(struct trial *t, const char *name, const struct setup *setup,
	       const struct trial_where *where, const struct stream *streams, uint32_t count)
{
	const struct virtual_site_watch watch = {
		.seed = where->seed, .sent = frame_left, .context = t};
	struct config *c;
	int err;

	*t = (struct trial){
		.name = name, .setup = setup, .streams = streams, .stream_count = count};
	c = load(t);
	if (!c)
		return -EINVAL;
	err = start_eal(c);
	if (err == 0)
		err = choose_path(t, where->directory);
	if (err == 0)
		err = capture_writer_open(&t->writer, t->path);
	if (err < 0) {
		config_free(c);
		return err;
	}
	err = virtual_site_open(&t->site, c, &watch);
	t->open = err == 0;
	return err;
}

/* --- sending ----------------------------------------------------------------------------- */

static int explain(const struct trial *t, int err)
{
	if (err < 0)
		fprintf(stderr, "edgemark: %s: the trial broke off: %s\n", t->name, strerror(-err));
	return err;
}

static int send_one(struct trial *t, uint32_t i, uint64_t ns)
{
	const struct stream *s = &t->streams[i];
	uint8_t bytes[STREAM_BUFFER_BYTES];
	uint32_t length = stream_frame(s, (uint32_t)t->sent[i]++, ns, bytes);

	return virtual_site_send(&t->site, s->direction, ns, bytes, length);
}

/* The stream whose next frame is due first; the first of those that tie. */
static uint32_t next_stream(const struct trial *t, const uint64_t *due_ns)
{
	uint32_t next = 0;

	for (uint32_t i = 1; i < t->stream_count; i++)
		if (due_ns[i] < due_ns[next])
			next = i;
	return next;
}

static uint64_t due(const struct trial *t, uint32_t i)
{
	const struct pattern *p = &t->streams[i].pattern;

	return t->sent[i] < p->count ? pattern_ns(p, t->sent[i]) : UINT64_MAX;
}

int trial_run(struct trial *t)
{
	uint64_t due_ns[TRIAL_STREAMS_MAX];
	int err = 0;

	for (uint32_t i = 0; i < t->stream_count; i++)
		due_ns[i] = due(t, i);
	while (!err) {
		uint32_t i = next_stream(t, due_ns);

		if (due_ns[i] == UINT64_MAX)
			break;
		err = send_one(t, i, due_ns[i]);
		due_ns[i] = due(t, i);
	}
	return explain(t, err);
}

int trial_burst(struct trial *t, const struct pattern *p, bool *passed)
{
	const uint64_t before = t->in_class[0];
	int err = 0;

	for (uint64_t k = 0; k < p->count && !err; k++)
		err = send_one(t, 0, pattern_ns(p, k));
	if (!err)
		err = virtual_site_finish(&t->site);
	*passed = t->in_class[0] - before == p->count;
	return explain(t, err);
}

/* --- concluding -------------------------------------------------------------------------- */

int trial_conclude(struct trial *t)
{
	const char *defect;
	int err = explain(t, virtual_site_finish(&t->site));

	if (!err)
		err = capture_writer_close(&t->writer, t->path);
	if (err)
		return err;
	t->document = virtual_site_document(&t->site, &defect);
	if (!t->document)
		return no_memory();
	if (defect) {
		fprintf(stderr, "edgemark: %s: %s. This is a defect of edgemark\n", t->name,
			defect);
		t->reconciled.differences++;
	}
	return trial_reconcile(t);
}

void trial_close(struct trial *t)
{
	if (t->open)
		virtual_site_close(&t->site);
	(void)capture_writer_close(&t->writer, NULL);
	if (t->path && !t->keep)
		unlink(t->path);
	for (uint32_t i = 0; i < t->stream_count; i++)
		departures_clear(&t->departures[i]);
	json_decref(t->document);
	free(t->path);
	*t = (struct trial){0};
}
