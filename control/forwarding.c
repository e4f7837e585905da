/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Start: pool, ports, lanes, clock, workers, then the ports' rings, then the loops.
 * Close: the reverse. Lanes are dealt out to the workers in turn, each whole.
 */
#include "forwarding.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>

#include "activity.h"
#include "baseline.h"
#include "dataplane/port.h"
#include "eal_log.h"
#include "memory.h"

enum {
	CALIBRATION_MS = 50,
	START_TIMEOUT_MS = 5000,
	/* A worker ends within a turn after its drain; a driver may hold it some time. */
	END_TIMEOUT_MS = 3000,
	NS_PER_MS = 1000000,
};

static const char *const side_names[SIDES] = {"lan", "wan"};

/* --- pool and ports --------------------------------------------------------------------- */

static int create_pool(struct forwarding *f, const struct config *c)
{
	const struct pool_size size = memory_pool_size(c);

	f->pool = rte_pktmbuf_pool_create("frames", size.frames, POOL_CACHE, 0, size.data_room,
					  SOCKET_ID_ANY);
	if (f->pool)
		return 0;
	fprintf(stderr,
		"edgemark: no memory for %" PRIu32 " frames, %zu MiB are needed in all: "
		"echo 1024 > /proc/sys/vm/nr_hugepages, or, with --no-huge, -m %zu\n",
		size.frames, memory_needed_mb(c), memory_needed_mb(c));
	return -ENOMEM;
}

static bool is_pci(const char *device)
{
	return strchr(device, ':') && strncmp(device, "net_", 4) != 0;
}

static void explain_port(const struct config_link *link, int side, const struct config_port *p,
			 int err)
{
	char cause[256];

	eal_log_first(cause, sizeof(cause));
	fprintf(stderr, "edgemark: link '%s': %s port '%s' can't be opened: %s%s%s%s: ", link->name,
		side_names[side], p->device, strerror(-err), cause[0] ? " (" : "", cause,
		cause[0] ? ")" : "");
	if (err == -ENOTSUP)
		fprintf(stderr, "it takes no MTU of %u: set mtu\n", p->mtu);
	else if (is_pci(p->device))
		fprintf(stderr, "bind it to DPDK: dpdk-devbind.py -b vfio-pci %s\n", p->device);
	else
		fprintf(stderr, "check what its arguments name\n");
}

static int open_port(struct forwarding *f, size_t link, int side, const struct config *c)
{
	const struct config_link *l = &c->links[link];
	const struct config_port *p = side == LAN ? &l->lan : &l->wan;
	const struct port_spec spec = {
		.device = p->device,
		.mtu = p->mtu,
		.rx_queues = 1,
		.tx_queues = 1,
		.rx_descriptors = PORT_DESCRIPTORS,
		.tx_descriptors = PORT_DESCRIPTORS,
		.pool = f->pool,
	};
	struct forwarding_port *port = &f->ports[link][side];
	int ret;

	eal_log_hold(true);
	ret = port_open(&spec, &port->id);
	port->open = ret == 0;
	if (ret < 0)
		explain_port(l, side, p, ret);
	return ret;
}

static int open_ports(struct forwarding *f, const struct config *c)
{
	int ret = 0;

	f->link_count = c->link_count;
	for (size_t i = 0; i < c->link_count; i++)
		for (int side = 0; side < SIDES && ret == 0; side++)
			ret = open_port(f, i, side, c);
	return ret;
}

static int start_ports(struct forwarding *f, const struct config *c)
{
	for (size_t i = 0; i < f->link_count; i++)
		for (int side = 0; side < SIDES; side++) {
			int ret;

			eal_log_hold(true);
			ret = port_start(f->ports[i][side].id);
			if (ret < 0) {
				explain_port(&c->links[i], side,
					     side == LAN ? &c->links[i].lan : &c->links[i].wan,
					     ret);
				return ret;
			}
		}
	return 0;
}

static void close_ports(struct forwarding *f)
{
	for (size_t i = 0; i < f->link_count; i++)
		for (int side = 0; side < SIDES; side++) {
			if (f->ports[i][side].open)
				port_close(f->ports[i][side].id);
			f->ports[i][side].open = false;
		}
}

/* --- lanes and workers -------------------------------------------------------------------- */

static uint64_t unix_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static int create_lanes(struct forwarding *f, struct config *c)
{
	int socket_ids[LINKS_MAX];
	struct site_options options = {.socket_ids = socket_ids};

	for (size_t i = 0; i < c->link_count; i++)
		socket_ids[i] = rte_eth_dev_socket_id(f->ports[i][WAN].id);
	/* Which packets a random contract drops must not be foreseen. */
	options.seed = unix_now_ns();
	return site_create(c, &options, &f->site);
}

static int create_qsbr(struct forwarding *f)
{
	const size_t size = rte_rcu_qsbr_get_memsize(WORKERS_MAX);

	f->shared.qsbr = rte_zmalloc("qsbr", size, RTE_CACHE_LINE_SIZE);
	if (!f->shared.qsbr || rte_rcu_qsbr_init(f->shared.qsbr, WORKERS_MAX) != 0) {
		fprintf(stderr, "edgemark: no memory for the workers: give the EAL more (-m)\n");
		return -ENOMEM;
	}
	return 0;
}

static int calibrate(struct forwarding *f)
{
	const int ret = clock_calibrate(&f->shared.clock, CALIBRATION_MS);

	if (ret < 0)
		fprintf(stderr, "edgemark: the TSC does not advance with CLOCK_MONOTONIC_RAW: "
				"let the hypervisor offer an invariant TSC\n");
	return ret;
}

static struct worker_lane place_lane(const struct forwarding *f, uint32_t index)
{
	const size_t link = index / DIRECTIONS;
	const enum direction d = (enum direction)(index % DIRECTIONS);
	const int from = d == UPSTREAM ? LAN : WAN;

	return (struct worker_lane){
		.index = index,
		.lane = f->site->links[link].direction[d].lane,
		.rx_port = f->ports[link][from].id,
		.tx_port = f->ports[link][from == LAN ? WAN : LAN].id,
	};
}

/* Worker w of n has the lanes w, w + n, w + 2n, … */
static int create_worker(struct forwarding *f, unsigned w, unsigned n, unsigned lcore)
{
	const uint32_t lane_count = (uint32_t)(f->link_count * DIRECTIONS);
	struct forwarding_worker *fw = &f->workers[w];
	struct worker_lane lanes[LANES_MAX];

	fw->lane_count = 0;
	for (uint32_t i = w; i < lane_count; i += n)
		lanes[fw->lane_count++] = place_lane(f, i);
	fw->lcore = lcore;
	fw->worker = worker_create(&f->shared, w, lanes, fw->lane_count);
	if (fw->worker)
		return 0;
	fprintf(stderr, "edgemark: no memory for worker %u: give the EAL more (-m)\n", w);
	return -ENOMEM;
}

static int create_workers(struct forwarding *f)
{
	const unsigned lcores = rte_lcore_count() - 1;
	const unsigned lanes = (unsigned)(f->link_count * DIRECTIONS);
	const unsigned n = RTE_MIN(RTE_MIN(lcores, lanes), (unsigned)WORKERS_MAX);
	unsigned lcore = rte_get_next_lcore(-1U, 1, 0);
	int ret = 0;

	f->shared.current = &f->site->running->set;
	for (unsigned w = 0; w < n && ret == 0; w++) {
		ret = create_worker(f, w, n, lcore);
		if (ret == 0)
			f->worker_count = w + 1;
		lcore = rte_get_next_lcore(lcore, 1, 0);
	}
	return ret;
}

static int launch(struct forwarding *f)
{
	for (unsigned w = 0; w < f->worker_count; w++) {
		const int ret = rte_eal_remote_launch(worker_main, f->workers[w].worker,
						      f->workers[w].lcore);

		if (ret < 0) {
			fprintf(stderr, "edgemark: lcore %u is busy: give the EAL others\n",
				f->workers[w].lcore);
			return ret;
		}
		f->launched = true;
	}
	return 0;
}

/* Until every worker has adopted the first generation: only then it forwards, and only
 * then may the next one be prepared. */
static int await_workers(const struct forwarding *f)
{
	static const struct timespec poll = {.tv_nsec = NS_PER_MS / 10};
	int lcore = 0;

	for (unsigned i = 0; i < START_TIMEOUT_MS * 10; i++) {
		lcore = forwarding_laggard(f, f->site->running->set.generation);
		if (lcore < 0)
			return 0;
		nanosleep(&poll, NULL);
	}
	fprintf(stderr, "edgemark: the worker on lcore %d does not start: is its CPU taken?\n",
		lcore);
	return -ETIMEDOUT;
}

static int prepare(struct forwarding *f, const struct config *c)
{
	int ret = create_pool(f, c);

	if (ret == 0)
		ret = open_ports(f, c);
	if (ret == 0)
		ret = create_qsbr(f);
	if (ret == 0)
		ret = calibrate(f);
	return ret;
}

int forwarding_start(struct forwarding *f, struct config *c)
{
	int ret;

	memset(f, 0, sizeof(*f));
	ret = prepare(f, c);
	if (ret == 0)
		ret = create_lanes(f, c);
	if (ret < 0) { /* c has no other owner yet */
		forwarding_close(f);
		config_free(c);
		return ret;
	}
	ret = create_workers(f);
	f->activity = activity_create();
	if (ret == 0 && !f->activity)
		ret = -ENOMEM;
	if (ret == 0)
		ret = start_ports(f, c);
	if (ret == 0)
		ret = launch(f);
	if (ret == 0)
		ret = await_workers(f);
	if (ret < 0 && forwarding_drain(f, 0) == 0)
		forwarding_close(f);
	eal_log_hold(false);
	f->started_ns = unix_now_ns();
	f->published_ns = ret == 0 ? clock_now_ns(&f->shared.clock) : 0;
	return ret;
}

/* --- the end ------------------------------------------------------------------------------- */

static bool ended(const struct forwarding_worker *fw)
{
	return rte_eal_get_lcore_state(fw->lcore) == WAIT;
}

int forwarding_drain(struct forwarding *f, uint64_t drain_ns)
{
	static const struct timespec poll = {.tv_nsec = NS_PER_MS};
	uint64_t left_ms = drain_ns / NS_PER_MS + END_TIMEOUT_MS;

	if (!f->launched)
		return 0;
	for (unsigned w = 0; w < f->worker_count; w++)
		worker_stop(f->workers[w].worker, drain_ns);
	for (unsigned w = 0; w < f->worker_count; w++) {
		while (!ended(&f->workers[w]) && left_ms > 0) {
			nanosleep(&poll, NULL);
			left_ms--;
		}
		if (!ended(&f->workers[w])) {
			fprintf(stderr,
				"edgemark: the worker on lcore %u does not end: its port's driver "
				"holds it\n",
				f->workers[w].lcore);
			return -ETIMEDOUT;
		}
		rte_eal_wait_lcore(f->workers[w].lcore);
	}
	f->launched = false;
	return 0;
}

static int check_pool(const struct forwarding *f)
{
	const unsigned missing = f->pool->size - rte_mempool_avail_count(f->pool);

	if (missing == 0)
		return 0;
	fprintf(stderr, "edgemark: %u frames have not come back to the pool: please report it\n",
		missing);
	return -EUCLEAN;
}

int forwarding_close(struct forwarding *f)
{
	int ret = 0;

	eal_log_hold(true);
	for (unsigned w = 0; w < f->worker_count; w++)
		worker_destroy(f->workers[w].worker);
	f->worker_count = 0;
	close_ports(f);
	activity_destroy(f->activity);
	f->activity = NULL;
	baseline_destroy(f->baseline);
	f->baseline = NULL;
	site_destroy(f->site);
	f->site = NULL;
	if (f->pool)
		ret = check_pool(f);
	rte_mempool_free(f->pool);
	f->pool = NULL;
	rte_free(f->shared.qsbr);
	f->shared.qsbr = NULL;
	return ret;
}

/* --- policies ------------------------------------------------------------------------------ */

void forwarding_publish(struct forwarding *f, const struct generation *g)
{
	__atomic_store_n(&f->shared.current, &g->set, __ATOMIC_RELEASE);
	f->published_ns = clock_now_ns(&f->shared.clock);
}

int forwarding_laggard(const struct forwarding *f, uint64_t generation)
{
	for (unsigned w = 0; w < f->worker_count; w++) {
		struct worker_stats stats;

		worker_stats(f->workers[w].worker, &stats);
		if (stats.generation < generation)
			return (int)f->workers[w].lcore;
	}
	return -1;
}
