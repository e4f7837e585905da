/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Publishes the running daemon's figures once a second (published.h):
 *   {time, version, dpdk, started, reload{…}, heartbeat[], call_groups[], document{…}}
 * where document is the counters document with its calls. With very many calls it
 * publishes less often (down to every 5 s), so that it takes a twentieth of control's time.
 * Thread: control.
 */
#ifndef EDGEMARK_PUBLISHER_H
#define EDGEMARK_PUBLISHER_H

#include <stdint.h>

struct forwarding;
struct publisher;
struct reload_result;

/* NULL without memory. */
struct publisher *publisher_create(struct forwarding *f);
/* Takes the published figures back. NULL is allowed. */
void publisher_destroy(struct publisher *p);

/* A reload has ended, or was refused. */
void publisher_reloaded(struct publisher *p, const struct reload_result *r);

/* Publishes if it is time to. now_ms: monotonic. */
void publisher_tick(struct publisher *p, uint64_t now_ms);

#endif
