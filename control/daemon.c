/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * edgemark run: the daemon. The main thread is the control thread, one epoll loop over
 * signals, the control socket and the builder's end. Its order, from start to end, is
 * command_run():
 *   configuration → EAL → forwarding → socket → loop → drain → balance → close
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "answers.h"
#include "commands.h"
#include "config/config.h"
#include "control/document.h"
#include "control/eal.h"
#include "explain_live.h"
#include "figures.h"
#include "forwarding.h"
#include "live_capture.h"
#include "metrics_server.h"
#include "publisher.h"
#include "reload.h"
#include "reload_report.h"
#include "socket.h"
#include "tables.h"
#include "telemetry.h"
#include "watch.h"

enum {
	TICK_MS = 1000,
	EVENTS_MAX = 8,
	NS_PER_MS = 1000000,
};

#define NS_PER_SECOND	UINT64_C(1000000000)
#define DRAIN_S_DEFAULT 2.0
#define DRAIN_S_MAX	3600.0

struct run_options {
	const char *file;
	const char *final; /* NULL: none */
	double drain_seconds;
	int eal_argc;
	char **eal_argv;
};

struct daemon {
	struct forwarding forwarding;
	const char *file;
	struct reload *reload;
	struct watch *watch;
	struct live_capture *capture;
	struct socket_server *socket;
	struct publisher *publisher;
	struct metrics_server *metrics;
	int epoll_fd, signal_fd;
	bool stop;
};

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

static uint64_t monotonic_ms(void)
{
	return monotonic_ns() / NS_PER_MS;
}

/* --- the command line ---------------------------------------------------------------------- */

static void print_usage(FILE *out)
{
	fputs("usage: edgemark run -c FILE [--final FILE] [--drain SECONDS] [-- EAL ARGUMENT…]\n\n"
	      "Forwards between the ports of the configuration until SIGTERM or SIGINT.\n\n"
	      "  -c FILE          the configuration\n"
	      "  --final FILE     write the counters document there at the end\n"
	      "  --drain SECONDS  at the end, send what is queued for at most so long (2)\n\n"
	      "SIGHUP, or edgemark reload, loads the configuration again. What follows -- goes to\n"
	      "DPDK, after dpdk.eal-args: --no-huge -m 512, --file-prefix NAME, --lcores "
	      "0@0,1@1.\n",
	      out);
}

static int usage_error(const char *what)
{
	fprintf(stderr, "edgemark: %s; see edgemark run --help\n", what);
	return EXIT_USAGE;
}

/* EXIT_OK, EXIT_USAGE, or -1 after --help. */
static int parse_options(int argc, char **argv, struct run_options *o)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'c'},
		{"final", required_argument, NULL, 'f'},
		{"drain", required_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;
	char *end;

	*o = (struct run_options){.drain_seconds = DRAIN_S_DEFAULT};
	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, "+c:h", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			o->file = optarg;
			break;
		case 'f':
			o->final = optarg;
			break;
		case 'd':
			o->drain_seconds = strtod(optarg, &end);
			if (end == optarg || *end || !(o->drain_seconds >= 0) ||
			    o->drain_seconds > DRAIN_S_MAX)
				return usage_error("--drain takes seconds, from 0 to 3600");
			break;
		case 'h':
			print_usage(stdout);
			return -1;
		default:
			return usage_error("unknown option, or one without its value");
		}
	}
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0)
		return usage_error("EAL arguments follow --");
	if (!o->file)
		return usage_error("-c FILE is missing");
	o->eal_argc = argc - optind;
	o->eal_argv = argv + optind;
	return EXIT_OK;
}

/* --- what the control socket asks ------------------------------------------------------------ */

static void answer_explain(struct daemon *d, uint64_t client, const json_t *request)
{
	char error[512];
	json_t *x = explain_answer(d->forwarding.site->running, d->forwarding.pool, request, error,
				   sizeof(error));

	if (x)
		socket_answer(d->socket, client, x);
	else
		socket_refuse(d->socket, client, error);
}

/* What is about to be read is what the watch compares with from now on. */
static void request_reload(struct daemon *d, const struct reload_request *request)
{
	if (reload_accepts(d->reload))
		watch_note_load(d->watch);
	reload_request(d->reload, request);
}

static void request_from_socket(struct daemon *d, uint64_t client, const json_t *request)
{
	const json_int_t confirm_s = json_integer_value(json_object_get(request, "confirm_s"));
	struct reload_request r = {.requester = client};
	uint32_t uid;
	int32_t pid;

	if (confirm_s < 0 || confirm_s > CONFIRM_S_MAX) {
		socket_refuse(d->socket, client, "edgemark: confirm_s is not from 1 to 86400");
		return;
	}
	if (confirm_s > 0 && d->forwarding.site->running->config->control.watch) {
		socket_refuse(d->socket, client,
			      "edgemark: control.watch loads the file as soon as it changes: "
			      "--confirm needs control.watch = false");
		return;
	}
	if (!socket_peer(d->socket, client, &uid, &pid))
		return;
	r.confirm_s = (uint32_t)confirm_s;
	snprintf(r.who, sizeof(r.who), "pid %" PRId32 " of uid %" PRIu32 " by the socket", pid,
		 uid);
	request_reload(d, &r);
}

static void confirm_from_socket(struct daemon *d, uint64_t client)
{
	const uint64_t generation = reload_confirm(d->reload);
	uint32_t uid;
	int32_t pid;

	if (!generation) {
		socket_refuse_for(d->socket, client, "busy",
				  "edgemark: nothing waits to be confirmed: reload with --confirm");
		return;
	}
	if (socket_peer(d->socket, client, &uid, &pid))
		printf("generation %" PRIu64 " stays: confirmed by pid %" PRId32 " of uid %" PRIu32
		       " by the socket\n",
		       generation, pid, uid);
	fflush(stdout);
	socket_answer(d->socket, client, json_pack("{s:I}", "generation", (json_int_t)generation));
}

static void start_capture(struct daemon *d, uint64_t client, const json_t *request)
{
	const int stream = socket_take_fd(d->socket, client);
	char error[256];

	if (live_capture_start(d->capture, client, request, stream, error, sizeof(error)) < 0)
		socket_refuse(d->socket, client, error);
}

static void answer_capture(void *daemon, uint64_t client, json_t *result)
{
	struct daemon *d = daemon;

	socket_answer(d->socket, client, result);
}

static void handle_command(void *daemon, uint64_t client, const char *command,
			   const json_t *request)
{
	struct daemon *d = daemon;
	const struct reload_pending pending = reload_pending(d->reload);

	if (strcmp(command, "reload") == 0)
		request_from_socket(d, client, request);
	else if (strcmp(command, "confirm") == 0)
		confirm_from_socket(d, client);
	else if (strcmp(command, "explain") == 0)
		answer_explain(d, client, request);
	else if (strcmp(command, "capture") == 0)
		start_capture(d, client, request);
	else if (!answer_figures(&d->forwarding, d->socket, client, command, request,
				 reload_pending_json(&pending)))
		socket_refuse(d->socket, client, "there is no such command");
}

static void answer_reload(void *daemon, uint64_t requester, const struct reload_result *r)
{
	struct daemon *d = daemon;

	if (requester != REQUESTER_NONE && r->outcome == RELOAD_DONE)
		socket_answer(d->socket, requester, reload_json(r));
	else if (requester != REQUESTER_NONE)
		socket_refuse_for(d->socket, requester,
				  r->outcome == RELOAD_REFUSED ? "busy" : "failed", r->error);
	else {
		publisher_reloaded(d->publisher, r);
		reload_log(r, d->file, stdout, stderr);
		watch_follow(d->watch, d->forwarding.site->running->config);
	}
}

/* --- start
 * ---------------------------------------------------------------------------------- */

/* Before the first thread, so that they all leave these signals to the signalfd. */
static int block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, set, NULL) == 0 ? 0 : -errno;
}

static struct config *load(const char *file)
{
	struct config_report report = {0};
	struct config *c = config_load_for_daemon(file, &report);

	config_report_print(&report, stderr);
	config_report_clear(&report);
	return c;
}

static int explain_socket(const char *path, int err)
{
	const char *remedy = "set control.socket to a path that this user can write";

	if (err == -EADDRINUSE)
		remedy = "another daemon answers there: stop it, or set another "
			 "control.socket";
	else if (err == -EEXIST)
		remedy = "it is no socket: remove it, or set another control.socket";
	else if (err == -ENAMETOOLONG)
		remedy = "set a control.socket of at most 107 bytes";
	fprintf(stderr, "edgemark: control socket %s: %s: %s\n", path, strerror(-err), remedy);
	return err;
}

static int explain_metrics(const char *endpoint, int err)
{
	const char *remedy = "set control.prometheus to an address of this host and a free port";

	if (err == -EADDRINUSE)
		remedy = "another program has the port: set another control.prometheus";
	else if (err == -EACCES)
		remedy = "ports below 1024 need root: set another control.prometheus";
	fprintf(stderr, "edgemark: metrics at %s: %s: %s\n", endpoint, strerror(-err), remedy);
	return err;
}

/* The first figures are published before anybody can ask for them. */
static int open_metrics(struct daemon *d)
{
	const char *endpoint = d->forwarding.site->running->config->control.prometheus;
	int ret;

	d->publisher = publisher_create(&d->forwarding);
	if (!d->publisher || telemetry_register() < 0) {
		fprintf(stderr, "edgemark: no memory for the figures: free some\n");
		return -ENOMEM;
	}
	publisher_tick(d->publisher, monotonic_ms());
	ret = endpoint ? metrics_server_open(endpoint, &d->metrics) : 0;
	return ret < 0 ? explain_metrics(endpoint, ret) : 0;
}

static int add_event(const struct daemon *d, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : -errno;
}

static int open_control(struct daemon *d, const char *file, const sigset_t *signals)
{
	const char *path = d->forwarding.site->running->config->control.socket;
	int ret = socket_open(path, handle_command, d, &d->socket);

	if (ret < 0)
		return explain_socket(path, ret);
	d->file = file;
	d->reload = reload_create(&d->forwarding, file, answer_reload, d);
	d->watch = watch_create(file);
	d->capture = live_capture_create(&d->forwarding, answer_capture, d);
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	d->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!d->reload || !d->watch || !d->capture || d->epoll_fd < 0 || d->signal_fd < 0 ||
	    add_event(d, d->signal_fd) < 0 || add_event(d, socket_fd(d->socket)) < 0 ||
	    add_event(d, reload_fd(d->reload)) < 0 || add_event(d, watch_fd(d->watch)) < 0 ||
	    add_event(d, live_capture_fd(d->capture)) < 0) {
		fprintf(stderr, "edgemark: no descriptors for the control thread: raise "
				"ulimit -n\n");
		return -EMFILE;
	}
	watch_follow(d->watch, d->forwarding.site->running->config);
	return open_metrics(d);
}

static void close_control(struct daemon *d)
{
	live_capture_destroy(d->capture);
	metrics_server_close(d->metrics);
	socket_close(d->socket);
	reload_destroy(d->reload);
	watch_destroy(d->watch);
	publisher_destroy(d->publisher);
	if (d->signal_fd >= 0)
		close(d->signal_fd);
	if (d->epoll_fd >= 0)
		close(d->epoll_fd);
}

static void announce(const struct daemon *d, uint64_t started_ns)
{
	const struct config *c = d->forwarding.site->running->config;

	printf("forwarding after %.2f s:", (double)(monotonic_ns() - started_ns) / 1e9);
	for (size_t i = 0; i < c->link_count; i++)
		printf("%s link %s: %s <-> %s", i ? "," : "", c->links[i].name,
		       c->links[i].lan.device, c->links[i].wan.device);
	printf("; %u worker%s; control socket %s\n", d->forwarding.worker_count,
	       d->forwarding.worker_count == 1 ? "" : "s", c->control.socket);
	fflush(stdout);
}

/* --- the loop
 * -------------------------------------------------------------------------------- */

static void handle_signals(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		struct reload_request request = {0};

		snprintf(request.who, sizeof(request.who),
			 "SIGHUP from pid %" PRIu32 " of uid %" PRIu32, info.ssi_pid, info.ssi_uid);
		if (info.ssi_signo == SIGHUP)
			request_reload(d, &request);
		else
			d->stop = true;
	}
}

/* A change that comes while no reload is taken up waits for its end. Returns in how many ms
 * to look again, -1: at the next event or tick. */
static int serve_watch(struct daemon *d)
{
	static const struct reload_request request = {.who = "control.watch"};
	int again_ms = -1;

	if (reload_accepts(d->reload) && watch_poll(d->watch, monotonic_ms(), &again_ms))
		reload_request(d->reload, &request);
	return again_ms;
}

static void handle_event(struct daemon *d, int fd)
{
	if (fd == d->signal_fd)
		handle_signals(d);
	else if (fd == reload_fd(d->reload))
		reload_built(d->reload);
	else if (fd == live_capture_fd(d->capture))
		live_capture_ended(d->capture);
	else if (fd == socket_fd(d->socket))
		socket_serve(d->socket, monotonic_ms());
}

/* -1 is never. */
static int sooner(int a_ms, int b_ms)
{
	if (a_ms < 0 || b_ms < 0)
		return a_ms < 0 ? b_ms : a_ms;
	return a_ms < b_ms ? a_ms : b_ms;
}

/* The next start knows nothing of what was to be confirmed. */
static void tell_unconfirmed(const struct daemon *d)
{
	const struct reload_pending pending = reload_pending(d->reload);

	if (pending.generation)
		fprintf(stderr,
			"edgemark: generation %" PRIu64
			" was not confirmed: the next start loads %s "
			"as it is; put it right if generation %" PRIu64
			"'s policy is to come back\n",
			pending.generation, d->file, pending.previous);
}

static void loop(struct daemon *d)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t tick_ms = 0;

	while (!d->stop) {
		const int wait_ms = sooner(sooner(reload_poll(d->reload), serve_watch(d)), TICK_MS);
		const int n = epoll_wait(d->epoll_fd, events, EVENTS_MAX, wait_ms);

		for (int i = 0; i < n; i++)
			handle_event(d, events[i].data.fd);
		if (monotonic_ms() - tick_ms >= TICK_MS) {
			tick_ms = monotonic_ms();
			socket_tick(d->socket, tick_ms);
			figures_tick(&d->forwarding);
			publisher_tick(d->publisher, tick_ms);
		}
	}
}

/* --- the end
 * --------------------------------------------------------------------------------- */

static int write_final(const json_t *document, const char *path)
{
	if (json_dump_file(document, path, JSON_INDENT(2)) == 0)
		return 0;
	fprintf(stderr, "edgemark: can't write %s: %s: name a file that can be written\n", path,
		strerror(errno));
	return -EIO;
}

static void print_summary(const json_t *document)
{
	const json_t *link;
	size_t i;

	json_array_foreach(json_object_get(document, "links"), i, link) for (int k = 0;
									     k < DIRECTIONS; k++)
		table_balance_line(link, config_direction_name((enum direction)k), stdout);
	fflush(stdout);
}

static int report_end(struct daemon *d, const struct run_options *o)
{
	json_t *document = figures_document(&d->forwarding, true, SINCE_START);
	int ret = 0;

	if (!document)
		return -ENOMEM;
	print_summary(document);
	if (!document_balances(document)) {
		fputs("edgemark: the counters do not balance: please report it with the "
		      "counters\n",
		      stderr);
		ret = -EUCLEAN;
	}
	if (o->final && write_final(document, o->final) < 0)
		ret = -EIO;
	json_decref(document);
	return ret;
}

static int run(struct daemon *d, const struct run_options *o, const sigset_t *signals,
	       uint64_t started_ns)
{
	int ret = open_control(d, o->file, signals), closed;

	if (ret == 0) {
		announce(d, started_ns);
		loop(d);
		tell_unconfirmed(d);
	}
	if (forwarding_drain(&d->forwarding, (uint64_t)(o->drain_seconds * 1e9)) < 0)
		_exit(EXIT_RUNTIME); /* a worker still runs: nothing may be freed under it
				      */
	if (ret == 0)
		ret = report_end(d, o);
	close_control(d);
	closed = forwarding_close(&d->forwarding);
	return ret < 0 ? ret : closed;
}

int command_run(int argc, char **argv)
{
	const uint64_t started_ns = monotonic_ns();
	struct daemon d = {.epoll_fd = -1, .signal_fd = -1};
	struct run_options o;
	struct config *c;
	sigset_t signals;
	int ret = parse_options(argc, argv, &o);

	if (ret != EXIT_OK)
		return ret == -1 ? EXIT_OK : ret;
	c = load(o.file);
	if (!c)
		return EXIT_CONFIG;
	if (block_signals(&signals) < 0 || eal_start_daemon(c, o.eal_argc, o.eal_argv) < 0) {
		config_free(c);
		return EXIT_RUNTIME;
	}
	ret = forwarding_start(&d.forwarding, c);
	if (ret == 0)
		ret = run(&d, &o, &signals, started_ns);
	eal_stop_daemon();
	return ret < 0 ? EXIT_RUNTIME : EXIT_OK;
}
