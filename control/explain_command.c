/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `edgemark explain`: what would become of a packet. Options first, then the packet's
 * words; nothing is read before both are understood.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include "commands.h"
#include "config/config.h"
#include "control/document.h"
#include "control/eal.h"
#include "control/replay_memory.h"
#include "control/site.h"

#include "client.h"
#include "explain.h"
#include "explain_document.h"
#include "explain_live.h"
#include "explain_packet.h"
#include "find_link.h"
#include "frame_pool.h"

static const char help[] =
	"usage: edgemark explain -c FILE [--link NAME] [--direction upstream|downstream] [-j]\n"
	"                        [--live [--socket PATH]]\n"
	"                        PROTOCOL SOURCE[:PORT] DESTINATION[:PORT] [dscp D]\n"
	"                        [vlan V [vlan V]] [pcp P] [length BYTES] [fragment first|later]\n"
	"\n"
	"What would become of this packet, and why: the rule that decides, class, marks, queue\n"
	"and contract, and the rules before it that nearly matched. The packet goes through the\n"
	"forwarding code itself, with full buckets and empty queues.\n"
	"\n"
	"  -c FILE          the configuration\n"
	"  --link NAME      needed where FILE has several links\n"
	"  --direction D    upstream (LAN to WAN, the default) or downstream\n"
	"  --live           ask the running daemon, by its policy in force and untouched "
	"counters;\n"
	"                   -c only names its socket, as does --socket PATH\n"
	"  -j               as JSON\n"
	"\n"
	"The packet:\n"
	"  PROTOCOL         udp, tcp, sctp, icmp, icmpv6, another name, or a number\n"
	"  SOURCE           10.1.2.3:50007 or [2001:db8::1]:50007; without a port, 0 is taken\n"
	"  dscp D           EF, AF41, … or 0-63; 0 by default\n"
	"  vlan V           0-4094; a second one is the inner tag\n"
	"  pcp P            0-7, of the tags\n"
	"  length BYTES     of the IP datagram; 200 by default\n"
	"  fragment F       first, or later: without ports, its first not seen\n";

enum { LIVE_TIMEOUT_MS = 5000 };

struct arguments {
	const char *config, *link, *socket;
	enum direction direction;
	bool json, live, help;
	const char *const *words; /* of the packet */
	size_t word_count;
	struct explain_packet packet;
};

static int usage(const char *text, const char *what)
{
	fprintf(stderr, "edgemark: explain: %s%s; see edgemark explain --help\n", text, what);
	return EXIT_USAGE;
}

static int read_direction(const char *word, enum direction *direction)
{
	for (int d = 0; d < DIRECTIONS; d++) {
		*direction = (enum direction)d;
		if (strcmp(word, config_direction_name(*direction)) == 0)
			return EXIT_OK;
	}
	return usage("--direction is upstream or downstream, not ", word);
}

static int read_options(int argc, char **argv, struct arguments *a)
{
	enum { LINK = 256, DIRECTION, LIVE, SOCKET };
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"link", required_argument, NULL, LINK},
		{"direction", required_argument, NULL, DIRECTION},
		{"live", no_argument, NULL, LIVE},
		{"socket", required_argument, NULL, SOCKET},
		{NULL, 0, NULL, 0},
	};
	int option, code = EXIT_OK;

	opterr = 0;
	while (code == EXIT_OK &&
	       (option = getopt_long(argc, argv, ":hjc:", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			a->help = true;
			return EXIT_OK;
		case 'j':
			a->json = true;
			break;
		case 'c':
			a->config = optarg;
			break;
		case LINK:
			a->link = optarg;
			break;
		case LIVE:
			a->live = true;
			break;
		case SOCKET:
			a->socket = optarg;
			break;
		case DIRECTION:
			code = read_direction(optarg, &a->direction);
			break;
		default:
			code = usage(option == ':' ? "no value for " : "unknown option ",
				     argv[optind - 1]);
		}
	}
	return code;
}

static int read_arguments(int argc, char **argv, struct arguments *a)
{
	char error[256];
	int code = read_options(argc, argv, a);

	if (code != EXIT_OK || a->help)
		return code;
	if (!a->config && !a->live)
		return usage("no configuration, expected -c FILE", "");
	if (a->socket && !a->live)
		return usage("--socket names the running daemon's, expected --live", "");
	a->words = (const char *const *)argv + optind;
	a->word_count = (size_t)(argc - optind);
	if (a->word_count > EXPLAIN_WORDS_MAX)
		return usage("too many words for a packet", "");
	if (explain_packet_parse(a->words, a->word_count, &a->packet, error, sizeof(error)) < 0)
		return usage(error, "");
	return EXIT_OK;
}

/* --- the answer ------------------------------------------------------------------------- */

/* Takes document over. */
static int print(const struct arguments *a, json_t *document)
{
	bool sound = document != NULL;

	if (sound && a->json)
		sound = json_dumpf(document, stdout, DOCUMENT_FORMAT) == 0 && putchar('\n') != EOF;
	else if (sound)
		explain_print(document, stdout);
	json_decref(document);
	if (sound && fflush(stdout) == 0)
		return EXIT_OK;
	fprintf(stderr, "edgemark: the explanation can't be written: %s\n", strerror(errno));
	return EXIT_RUNTIME;
}

static int explain(const struct arguments *a, const struct site *site, size_t link)
{
	uint8_t bytes[EXPLAIN_FRAME_MAX];
	const uint32_t length = explain_packet_build(&a->packet, bytes);
	struct explainer *e = NULL;
	struct frame_pool pool;
	struct rte_mbuf *frame = NULL;
	struct explanation x;
	int err = frame_pool_create(&pool, frame_pool_segments(EXPLAIN_FRAME_MAX));

	if (!err)
		err = explainer_create(site->running, link, a->direction, &e);
	if (!err)
		frame = frame_pool_copy(&pool, bytes, length);
	if (frame)
		err = explainer_run(e, frame, 1, &x);
	else
		err = err ? err : -ENOMEM;
	if (err)
		fprintf(stderr, "edgemark: the packet can't be explained: %s\n", strerror(-err));
	else
		err = print(a, explain_document(&x));
	explainer_destroy(e);
	frame_pool_destroy(&pool);
	return err ? EXIT_RUNTIME : EXIT_OK;
}

/* Takes c over. */
static int build_and_explain(const struct arguments *a, struct config *c, size_t link)
{
	const struct site_options options = {.seed = 1};
	struct site *site = NULL;
	int code = EXIT_RUNTIME;

	if (eal_start_offline(replay_megabytes(c, 0)) < 0) {
		config_free(c);
		return EXIT_RUNTIME;
	}
	if (site_create(c, &options, &site) == 0)
		code = explain(a, site, link);
	else
		config_free(c);
	site_destroy(site);
	rte_eal_cleanup();
	return code;
}

/* The socket of --socket, of the configuration, or the usual one. */
static int ask_daemon(const struct arguments *a, const struct config *c)
{
	const char *path = a->socket ? a->socket : c ? c->control.socket : CLIENT_SOCKET_DEFAULT;
	json_t *document;
	char error[1024];

	if (client_ask(path, explain_request(a->link, a->direction, a->words, a->word_count),
		       LIVE_TIMEOUT_MS, &document, error, sizeof(error)) == 0)
		return print(a, document);
	fprintf(stderr, "edgemark: %s\n", error);
	return EXIT_RUNTIME;
}

static int load(const char *file, struct config **c)
{
	struct config_report report = {0};

	*c = config_load(file, &report);
	if (!*c)
		config_report_print(&report, stderr);
	config_report_clear(&report);
	return *c ? EXIT_OK : EXIT_CONFIG;
}

int command_explain(int argc, char **argv)
{
	struct arguments a = {.direction = UPSTREAM};
	struct config *c = NULL;
	size_t link = 0;
	int code = read_arguments(argc, argv, &a);

	if (a.help)
		fputs(help, stdout);
	if (code != EXIT_OK || a.help)
		return code;
	if (a.config)
		code = load(a.config, &c);
	if (code == EXIT_OK && a.live)
		code = ask_daemon(&a, c);
	else if (code == EXIT_OK)
		code = find_link(c, a.config, a.link, &link);
	if (code == EXIT_OK && !a.live)
		return build_and_explain(&a, c, link);
	config_free(c);
	return code;
}
