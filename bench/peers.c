/* SPDX-License-Identifier: BSD-3-Clause */
/* See peers.h. */
#include "peers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_acl.h>
#include <rte_byteorder.h>
#include <rte_mbuf.h>
#include <rte_meter.h>
#include <rte_sched.h>

#include "burst.h"
#include "classifier.h"
#include "figures.h"
#include "policy_snapshot.h"
#include "site.h"

static struct acl_key_ipv4 *build_keys(const struct frames *f)
{
	struct acl_key_ipv4 *keys = calloc(f->count, sizeof(*keys));

	for (uint32_t i = 0; keys != NULL && i < f->count; i++) {
		const struct packet *p = &f->packets[i];
		rte_be32_t addresses[2] = {rte_cpu_to_be_32(p->source),
					   rte_cpu_to_be_32(p->destination)};

		keys[i].protocol = p->protocol;
		memcpy(keys[i].source, addresses, sizeof(addresses));
		keys[i].tail = (struct acl_key_tail){
			.source_port = rte_cpu_to_be_16(p->source_port),
			.destination_port = rte_cpu_to_be_16(p->destination_port),
			.vlan = rte_cpu_to_be_16(VLAN_NONE),
			.ports_known = 1,
		};
	}
	return keys;
}

int peer_acl(const struct frames *f, const struct policy *p, uint32_t passes, struct samples *out)
{
	struct acl_key_ipv4 *keys = build_keys(f);
	const uint8_t *pointers[BURST];
	uint32_t results[BURST], matched = 0;

	if (keys == NULL || p->classifier->ipv4 == NULL) {
		free(keys);
		return keys == NULL ? -ENOMEM : -EINVAL;
	}
	for (uint32_t pass = 0; pass < passes; pass++) {
		uint64_t start = stamp();

		for (uint32_t i = 0; i < f->count; i += BURST) {
			for (uint32_t k = 0; k < BURST; k++)
				pointers[k] = (const uint8_t *)&keys[i + k];
			rte_acl_classify(p->classifier->ipv4, pointers, results, BURST, 1);
			matched += results[0] != 0;
		}
		samples_add(out, (double)(stamp() - start) / f->count);
	}
	free(keys);
	return matched > 0 ? 0 : -EINVAL;
}

int peer_meter(const struct frames *f, uint32_t passes, struct samples *out)
{
	/* In bytes: 100 Gbit/s, so that few packets exceed. */
	struct rte_meter_srtcm_params rates = {
		.cir = UINT64_C(12500000000), .cbs = 1000000, .ebs = 1000000};
	struct rte_meter_srtcm_profile profile;
	struct rte_meter_srtcm meter;
	uint32_t colours[RTE_COLORS] = {0};

	if (rte_meter_srtcm_profile_config(&profile, &rates) != 0 ||
	    rte_meter_srtcm_config(&meter, &profile) != 0)
		return -EINVAL;
	for (uint32_t pass = 0; pass < passes; pass++) {
		uint64_t start = stamp();

		for (uint32_t i = 0; i < f->count; i += BURST) {
			uint64_t now = rte_rdtsc();

			for (uint32_t k = 0; k < BURST; k++)
				colours[rte_meter_srtcm_color_blind_check(
					&meter, &profile, now, f->mbufs[i + k]->pkt_len)]++;
		}
		samples_add(out, (double)(stamp() - start) / f->count);
	}
	return colours[RTE_COLOR_GREEN] > 0 ? 0 : -EINVAL;
}

/* One subport, one pipe, all rates 40 Gbit/s: nothing waits for credit. */
static struct rte_sched_port *sched_create(void)
{
	const uint64_t rate = UINT64_C(5000000000);
	struct rte_sched_subport_profile_params subport_profile = {
		.tb_rate = rate, .tb_size = 10000000, .tc_period = 10};
	struct rte_sched_pipe_params pipe = {
		.tb_rate = rate, .tb_size = 10000000, .tc_period = 10, .tc_ov_weight = 1};
	struct rte_sched_subport_params subport = {.n_pipes_per_subport_enabled = 1,
						   .pipe_profiles = &pipe,
						   .n_pipe_profiles = 1,
						   .n_max_pipe_profiles = 1};
	struct rte_sched_port_params port = {.name = "bench",
					     .rate = rate,
					     .mtu = 1522,
					     .frame_overhead = WIRE_OVERHEAD_BYTES,
					     .n_subports_per_port = 1,
					     .subport_profiles = &subport_profile,
					     .n_subport_profiles = 1,
					     .n_max_subport_profiles = 1,
					     .n_pipes_per_subport = 1};
	struct rte_sched_port *created;

	for (uint32_t tc = 0; tc < RTE_SCHED_TRAFFIC_CLASSES_PER_PIPE; tc++) {
		subport_profile.tc_rate[tc] = pipe.tc_rate[tc] = rate;
		subport.qsize[tc] = 256;
	}
	memset(pipe.wrr_weights, 1, sizeof(pipe.wrr_weights));
	created = rte_sched_port_config(&port);
	if (created == NULL)
		return NULL;
	if (rte_sched_subport_config(created, 0, &subport, 0) != 0 ||
	    rte_sched_pipe_config(created, 0, 0, 0) != 0) {
		rte_sched_port_free(created);
		return NULL;
	}
	return created;
}

int peer_sched(const struct frames *f, uint32_t passes, struct samples *out)
{
	struct rte_sched_port *port = sched_create();
	struct rte_mbuf *sent[BURST_MAX];
	uint64_t count = 0;

	if (port == NULL)
		return -EINVAL;
	for (uint32_t i = 0; i < f->count; i++) {
		rte_sched_port_pkt_write(port, f->mbufs[i], 0, 0, f->packets[i].class_slot, 0,
					 RTE_COLOR_GREEN);
		/* What a full queue frees is still ours. */
		rte_mbuf_refcnt_set(f->mbufs[i], UINT16_MAX / 2);
	}
	for (uint32_t pass = 0; pass < passes; pass++) {
		uint64_t start = stamp();

		for (uint32_t i = 0; i < f->count; i += BURST) {
			rte_sched_port_enqueue(port, f->mbufs + i, BURST);
			count += (uint64_t)rte_sched_port_dequeue(port, sent, BURST);
		}
		samples_add(out, (double)(stamp() - start) / f->count);
	}
	while (rte_sched_port_dequeue(port, sent, BURST) > 0)
		;
	rte_sched_port_free(port);
	for (uint32_t i = 0; i < f->count; i++)
		rte_mbuf_refcnt_set(f->mbufs[i], 1);
	/* Less than all in some pass: it was waiting, not working. */
	return count * 100 >= (uint64_t)f->count * passes * 99 ? 0 : -EAGAIN;
}
