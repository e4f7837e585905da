/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every frame by both configurations, through the forwarding code, and counted by what it
 * became. Rates would make the outcome a matter of luck: contracts and links are opened
 * wide, so that what is compared is the class, the marks and the drops of rules. Colours
 * that come in stay as an aware contract believes them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include "commands.h"
#include "control/eal.h"
#include "control/frame_pool.h"
#include "control/replay_memory.h"

#include "capture.h"
#include "diff.h"
#include "explain.h"
#include "find_link.h"
#include "sides.h"

enum { POOL_MBUFS = 4096, MEGABYTES = 512, ROWS_MAX = 4096 };

struct fate {
	const char *class_name; /* NULL: none */
	enum drop_reason drop;
	uint8_t dscp, pcp, tags, family;
	uint16_t vlan;
};

struct flow {
	uint8_t source[16], destination[16];
	uint16_t source_port, destination_port;
	uint8_t protocol, family;
	uint16_t row; /* 0: unused; else its row's number from 1 on */
};

struct row {
	struct fate before, after;
	uint64_t packets, bytes, flows;
};

struct side {
	struct site *site;
	struct explainer *explainers[DIRECTIONS];
};

struct counting {
	struct side sides[2]; /* before, after */
	struct frame_pool pool;
	struct capture capture;
	struct sides *directions; /* NULL: all in one */
	struct row *rows;
	size_t row_count;
	struct flow *flows; /* open addressing; flow_room is a power of two */
	size_t flow_count, flow_room;
	uint64_t frames, now_ns, origin_ns;
	bool full; /* of rows */
};

/* --- both configurations, opened wide ----------------------------------------------------- */

static void open_wide(struct config *c)
{
	for (size_t i = 0; i < c->link_count; i++)
		c->links[i].lan.rate_bps = c->links[i].wan.rate_bps = 0;
	for (size_t i = 0; i < c->policy_count; i++) {
		struct config_policy *p = &c->policies[i];

		for (size_t k = 0; k < p->contract_count; k++) {
			p->contracts[k].cir_bps = RATE_BPS_MAX;
			p->contracts[k].burst_bytes = BURST_BYTES_MAX;
			p->contracts[k].excess_burst_bytes = BURST_BYTES_MAX;
			if (p->contracts[k].pir_bps)
				p->contracts[k].pir_bps = RATE_BPS_MAX;
		}
		for (size_t k = 0; k < c->class_count; k++) {
			if (p->schedule[k].ceil_bps)
				p->schedule[k].ceil_bps = RATE_BPS_MAX;
			p->schedule[k].red.enabled = false;
		}
	}
}

/* Takes c over. 0 or negative errno with one line on stderr. */
static int open_side(struct side *s, struct config *c, size_t link)
{
	const struct site_options options = {.seed = 1};
	int err;

	open_wide(c);
	err = site_create(c, &options, &s->site);
	if (err < 0) {
		config_free(c);
		return err;
	}
	for (int d = 0; d < DIRECTIONS && !err; d++)
		err = explainer_create(s->site->running, link, (enum direction)d,
				       &s->explainers[d]);
	if (err)
		fprintf(stderr, "edgemark: out of memory\n");
	return err;
}

static void close_side(struct side *s)
{
	for (int d = 0; d < DIRECTIONS; d++)
		explainer_destroy(s->explainers[d]);
	site_destroy(s->site);
}

static int run_side(struct counting *c, struct side *s, enum direction d,
		    const struct captured_frame *f, struct explanation *x)
{
	struct rte_mbuf *frame = frame_pool_copy(&c->pool, f->bytes, f->length);

	return frame ? explainer_run(s->explainers[d], frame, c->now_ns, x) : -ENOMEM;
}

/* --- counting ----------------------------------------------------------------------------- */

static struct fate fate_of(const struct explanation *x)
{
	const struct config *c = x->generation->config;
	struct fate f = {.drop = x->drop, .family = x->in.family};

	if (x->leaves_as != CONFIG_NONE)
		f.class_name = c->classes[x->leaves_as].name;
	if (x->drop != DROP_NONE)
		return f;
	f.dscp = x->out.dscp;
	f.pcp = x->out.pcp;
	f.tags = x->out.tags;
	f.vlan = x->out.vlan;
	return f;
}

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_fate(const struct fate *a, const struct fate *b)
{
	return same_name(a->class_name, b->class_name) && a->drop == b->drop &&
	       a->dscp == b->dscp && a->pcp == b->pcp && a->tags == b->tags && a->vlan == b->vlan;
}

static struct row *find_row(struct counting *c, const struct fate *before, const struct fate *after)
{
	for (size_t i = 0; i < c->row_count; i++)
		if (same_fate(&c->rows[i].before, before) && same_fate(&c->rows[i].after, after) &&
		    c->rows[i].before.family == before->family)
			return &c->rows[i];
	if (c->row_count == ROWS_MAX) {
		c->full = true;
		return NULL;
	}
	c->rows[c->row_count] = (struct row){.before = *before, .after = *after};
	return &c->rows[c->row_count++];
}

/* FNV-1a */
static size_t hash(const struct flow *f)
{
	const uint8_t *bytes = (const uint8_t *)f;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(*f); i++)
		h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
	return (size_t)h;
}

/* Whether it was not there. room has one free place at least. */
static bool put_flow(struct flow *flows, size_t room, const struct flow *f)
{
	size_t i = hash(f) & (room - 1);

	while (flows[i].row != 0 && memcmp(&flows[i], f, sizeof(*f)) != 0)
		i = (i + 1) & (room - 1);
	if (flows[i].row != 0)
		return false;
	flows[i] = *f;
	return true;
}

static int make_flow_room(struct counting *c)
{
	const size_t room = c->flow_room ? 2 * c->flow_room : 1024;
	struct flow *flows;

	if (2 * (c->flow_count + 1) <= c->flow_room)
		return 0;
	flows = calloc(room, sizeof(*flows));
	if (!flows)
		return -ENOMEM;
	for (size_t i = 0; i < c->flow_room; i++)
		if (c->flows[i].row != 0)
			(void)put_flow(flows, room, &c->flows[i]);
	free(c->flows);
	c->flows = flows;
	c->flow_room = room;
	return 0;
}

static int count_flow(struct counting *c, struct row *row, const struct explain_fields *in)
{
	struct flow f;

	memset(&f, 0, sizeof(f));
	memcpy(f.source, in->source, sizeof(f.source));
	memcpy(f.destination, in->destination, sizeof(f.destination));
	f.source_port = in->source_port;
	f.destination_port = in->destination_port;
	f.protocol = in->protocol;
	f.family = in->family;
	f.row = (uint16_t)(row - c->rows + 1);
	if (make_flow_room(c) < 0)
		return -ENOMEM;
	if (put_flow(c->flows, c->flow_room, &f)) {
		c->flow_count++;
		row->flows++;
	}
	return 0;
}

static int count_frame(struct counting *c, enum direction d, const struct captured_frame *f)
{
	struct explanation before, after;
	struct fate a, b;
	struct row *row;
	int err = run_side(c, &c->sides[0], d, f, &before);

	if (!err)
		err = run_side(c, &c->sides[1], d, f, &after);
	if (err)
		return err;
	a = fate_of(&before);
	b = fate_of(&after);
	if (same_fate(&a, &b))
		return 0;
	row = find_row(c, &a, &b);
	if (!row)
		return -ENOSPC;
	row->packets++;
	row->bytes += f->length;
	return count_flow(c, row, &before.in);
}

/* The clock follows the capture, and never steps back. */
static void pass_time(struct counting *c, uint64_t ns)
{
	if (c->frames == 0)
		c->origin_ns = ns - 1;
	if (ns > c->origin_ns && ns - c->origin_ns > c->now_ns)
		c->now_ns = ns - c->origin_ns;
	c->frames++;
}

static int count_capture(struct counting *c, enum direction fixed)
{
	struct captured_frame f;
	int got, err = 0;

	while (!err && (got = capture_next(&c->capture, &f)) == 1) {
		enum direction d =
			c->directions ? sides_direction(c->directions, f.bytes, f.length) : fixed;

		pass_time(c, f.ns);
		err = count_frame(c, d, &f);
	}
	if (err)
		fprintf(stderr, "edgemark: frame %llu can't be compared: %s\n",
			(unsigned long long)c->frames,
			c->full ? "it changes in too many ways" : strerror(-err));
	return err || got < 0 ? EXIT_RUNTIME : EXIT_OK;
}

/* --- the result --------------------------------------------------------------------------- */

static json_t *fate_json(const struct fate *f)
{
	static const char *const drops[] = {[DROP_NONE] = NULL,
#define X(enumerator, name, help) [DROP_##enumerator] = (name),
					    DROP_REASON_LIST(X)
#undef X
	};
	json_t *fate =
		json_pack("{s:s?, s:s?}", "class", f->class_name, "drop_reason", drops[f->drop]);
	char dscp[8];

	if (f->drop == DROP_NONE && f->family)
		json_object_set_new(fate, "dscp",
				    json_string(config_dscp_name(f->dscp, dscp, sizeof(dscp))));
	if (f->drop == DROP_NONE && f->tags)
		json_object_update_new(fate, json_pack("{s:i, s:i, s:i}", "tags", (int)f->tags,
						       "vlan", (int)f->vlan, "pcp", (int)f->pcp));
	return fate;
}

static int most_packets_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->packets < y->packets ? 1 : -(x->packets > y->packets);
}

static json_t *result_json(struct counting *c, const char *path)
{
	json_t *rows = json_array();
	uint64_t packets = 0, bytes = 0, flows = 0;

	qsort(c->rows, c->row_count, sizeof(*c->rows), most_packets_first);
	for (size_t i = 0; i < c->row_count; i++) {
		const struct row *r = &c->rows[i];

		packets += r->packets;
		bytes += r->bytes;
		flows += r->flows;
		json_array_append_new(
			rows,
			json_pack("{s:o, s:o, s:I, s:I, s:I}", "before", fate_json(&r->before),
				  "after", fate_json(&r->after), "packets", (json_int_t)r->packets,
				  "bytes", (json_int_t)r->bytes, "flows", (json_int_t)r->flows));
	}
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "file", path, "frames",
			 (json_int_t)c->frames, "packets", (json_int_t)packets, "bytes",
			 (json_int_t)bytes, "flows", (json_int_t)flows, "rows", rows);
}

/* --- from start to end -------------------------------------------------------------------- */

static int open_inputs(struct counting *c, const struct diff_capture_options *o)
{
	char *wrong = NULL;

	if (o->site) {
		c->directions = sides_create(o->site, &wrong);
		if (!c->directions) {
			fprintf(stderr,
				"edgemark: diff: --site wants prefixes such as 192.168.1.0/24, not "
				"%s; see edgemark diff --help\n",
				wrong ? wrong : "that");
			free(wrong);
			return EXIT_USAGE;
		}
	}
	if (capture_open(&c->capture, o->path) < 0)
		return EXIT_RUNTIME;
	c->rows = calloc(ROWS_MAX, sizeof(*c->rows));
	return c->rows ? EXIT_OK : EXIT_RUNTIME;
}

/* Takes both over. */
static int open_sides(struct counting *c, struct config *before, struct config *after,
		      const size_t links[2])
{
	const size_t megabytes = replay_megabytes(before, 0) + replay_megabytes(after, 0);

	if (eal_start_offline(megabytes + MEGABYTES) < 0) {
		config_free(before);
		config_free(after);
		return EXIT_RUNTIME;
	}
	if (open_side(&c->sides[0], before, links[0]) < 0) {
		config_free(after);
		return EXIT_RUNTIME;
	}
	if (open_side(&c->sides[1], after, links[1]) < 0)
		return EXIT_RUNTIME;
	return frame_pool_create(&c->pool, POOL_MBUFS) < 0 ? EXIT_RUNTIME : EXIT_OK;
}

int diff_capture(struct config *before, struct config *after, const struct diff_capture_options *o,
		 json_t **out)
{
	struct counting c = {.now_ns = 1};
	size_t links[2];
	int code = find_link(before, before->file, o->link, &links[0]);

	if (code == EXIT_OK)
		code = find_link(after, after->file, o->link, &links[1]);
	if (code == EXIT_OK)
		code = open_inputs(&c, o);
	if (code != EXIT_OK) {
		config_free(before);
		config_free(after);
	} else {
		code = open_sides(&c, before, after, links);
	}
	if (code == EXIT_OK)
		code = count_capture(&c, o->direction);
	if (code == EXIT_OK)
		*out = result_json(&c, o->path);
	close_side(&c.sides[0]);
	close_side(&c.sides[1]);
	frame_pool_destroy(&c.pool);
	capture_close(&c.capture);
	sides_destroy(c.directions);
	free(c.rows);
	free(c.flows);
	return code;
}
