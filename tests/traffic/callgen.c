/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * callgen: places calls and bulk transfers on real sockets, counts what arrives on the far
 * side, or writes the same traffic to a capture. All reports are JSON.
 */
#include "callgen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: callgen send [OPTION…]             offer the traffic over UDP sockets\n"
	"       callgen pcap FILE [OPTION…]        write it to a capture instead\n"
	"       callgen receive --ports LIST       count what arrives, until SIGTERM\n"
	"\n"
	"  --calls n=N,from=ADDRESS,ports=LOW-HIGH,to=ADDRESS,to-ports=LOW-HIGH[,…]\n"
	"          N calls of G.711 (PCMA, 20 ms, 200-byte datagrams); each side takes its\n"
	"          ports in turn, and the side that has more of them then the next address.\n"
	"          May be given again. Also:\n"
	"          dscp=D  start=S stop=S  ramp=S (calls begin evenly over S seconds)\n"
	"          phase=random|even|sync  drift=PPM (each call's clock off by up to PPM)\n"
	"          jitter=MS (each packet late by up to MS, at most ptime)\n"
	"          bytes=B swing=PERCENT ptime=MS type=T clock=HZ: another codec's IP length\n"
	"          and how far its payloads are off it, packet time, RTP payload type and clock\n"
	"  --bulk  kbps=R,bytes=B,from=ADDRESS,ports=PORT,to=ADDRESS,to-ports=PORT[,dscp=D,\n"
	"          start=S,stop=S]: datagrams of B bytes at R kbit/s (IP). May be given again.\n"
	"  --seconds S  when flows end that name no stop (20)\n"
	"  --seed N     of phases and drifts (1)\n"
	"  --output F   where the report goes (standard output)\n";

struct arguments {
	struct mix mix;
	struct receive_options receive;
	const char *output;
	char *groups[64]; /* "c…" calls, "b…" bulk, in the order given */
	char kinds[64];
	size_t group_count;
};

void mix_print(const struct mix *m, uint64_t late_ns_max, FILE *report)
{
	const char *separator = "\n";

	fprintf(report, "{\"late_us_max\": %.1f, \"flows\": [", (double)late_ns_max / 1e3);
	for (size_t i = 0; i < m->count; i++) {
		const struct flow *f = &m->flows[i];
		struct in_addr source = {htonl(f->source.address)};
		struct in_addr destination = {htonl(f->destination.address)};
		char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &source, from, sizeof(from));
		inet_ntop(AF_INET, &destination, to, sizeof(to));
		fprintf(report, "%s{\"source\": \"%s\", \"source_port\": %u, ", separator, from,
			f->source.port);
		fprintf(report, "\"destination\": \"%s\", \"destination_port\": %u, ", to,
			f->destination.port);
		fprintf(report, "\"rtp\": %s, \"dscp\": %u, ", f->rtp ? "true" : "false", f->dscp);
		fprintf(report, "\"packets\": %" PRIu64 ", \"bytes\": %" PRIu64, f->packets,
			f->bytes);
		fprintf(report, ", \"refused\": %" PRIu64 "}", f->refused);
		separator = ",\n";
	}
	fputs("]}\n", report);
}

static bool keep_group(struct arguments *a, char kind, char *description)
{
	if (a->group_count == sizeof(a->kinds)) {
		fputs("callgen: too many groups\n", stderr);
		return false;
	}
	a->kinds[a->group_count] = kind;
	a->groups[a->group_count++] = description;
	return true;
}

static bool parse_arguments(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{"calls", required_argument, NULL, 'c'},   {"bulk", required_argument, NULL, 'b'},
		{"seconds", required_argument, NULL, 's'}, {"seed", required_argument, NULL, 'r'},
		{"output", required_argument, NULL, 'o'},  {"ports", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},	   {NULL, 0, NULL, 0},
	};
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
		case 'b':
			good = keep_group(a, (char)option, optarg);
			break;
		case 's':
			a->receive.seconds = strtod(optarg, NULL);
			break;
		case 'r':
			a->mix.seed = strtoull(optarg, NULL, 10);
			break;
		case 'o':
			a->output = optarg;
			break;
		case 'p':
			a->receive.ports = optarg;
			break;
		default:
			good = false;
		}
	}
	return good;
}

static bool build_mix(struct arguments *a)
{
	double seconds = a->receive.seconds > 0 ? a->receive.seconds : 20;

	/* Groups are parsed last, so that --seconds and --seed hold wherever they stand. */
	a->mix.seconds_ns = (uint64_t)(seconds * (double)NS_PER_S);
	for (size_t i = 0; i < a->group_count; i++)
		if (!(a->kinds[i] == 'c' ? mix_add_calls : mix_add_bulk)(&a->mix, a->groups[i]))
			return false;
	if (a->mix.count == 0)
		fputs("callgen: no --calls and no --bulk\n", stderr);
	return a->mix.count > 0;
}

static int perform(const char *verb, const char *file, struct arguments *a, FILE *report)
{
	if (strcmp(verb, "receive") == 0 && a->receive.ports != NULL)
		return receive_flows(&a->receive, report);
	if (strcmp(verb, "send") == 0)
		return build_mix(a) ? send_mix(&a->mix, report) : 2;
	if (strcmp(verb, "pcap") == 0 && file != NULL)
		return build_mix(a) ? write_capture(&a->mix, file, report) : 2;
	fputs(usage, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct arguments a = {.mix.seed = 1};
	FILE *report = stdout;
	int code;

	if (argc < 2 || !parse_arguments(&a, argc - 1, argv + 1)) {
		fputs(usage, stderr);
		return 2;
	}
	if (a.output != NULL && (report = fopen(a.output, "w")) == NULL) {
		fprintf(stderr, "callgen: %s: %s\n", a.output, strerror(errno));
		return 1;
	}
	/* getopt leaves what is no option at the end. */
	code = perform(argv[1], optind + 1 < argc ? argv[optind + 1] : NULL, &a, report);
	if (fclose(report) != 0 && code == 0)
		code = 1;
	mix_free(&a.mix);
	return code;
}
