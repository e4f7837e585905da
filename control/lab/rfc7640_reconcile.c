/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per direction: sent by the tester = received by the device, captured = its tx, the rest =
 * its drops; per class, by the code point in the captured frame: packets and bytes; per
 * contract: admitted = what left in its class, and what its queue lost later.
 */
#include "rfc7640_reconcile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/capture.h"

struct tallies {
	uint64_t packets, bytes;
};

struct reading {
	struct trial *t;
	uint8_t *seen[TRIAL_STREAMS_MAX]; /* a bit per sequence number */
	struct tallies captured[DIRECTIONS];
	struct tallies by_class[DIRECTIONS][CLASSES_MAX];
	uint64_t foreign, twice, unmarked;
};

/* --- reading ----------------------------------------------------------------------------- */

static int class_of(const struct trial *t, uint8_t dscp)
{
	for (uint32_t i = 0; i < t->setup->class_count; i++)
		if (setup_class_dscp(i) == dscp)
			return (int)i;
	return -1;
}

static bool first_time(struct reading *r, const struct stream_mark *m)
{
	uint8_t *byte = &r->seen[m->stream][m->sequence / 8];
	const uint8_t bit = (uint8_t)(1 << m->sequence % 8);
	bool first = !(*byte & bit);

	*byte |= bit;
	return first;
}

static int read_frame(struct reading *r, const struct captured_frame *f)
{
	struct trial *t = r->t;
	struct stream_mark m;
	enum direction d;
	int class_index;

	if (!stream_read(f->bytes, f->length, &m) || m.stream >= t->stream_count ||
	    m.sequence >= t->sent[m.stream]) {
		r->foreign++;
		return 0;
	}
	if (!first_time(r, &m)) {
		r->twice++;
		return 0;
	}
	d = t->streams[m.stream].direction;
	r->captured[d].packets++;
	r->captured[d].bytes += f->length;
	class_index = class_of(t, m.dscp);
	if (class_index < 0) {
		r->unmarked++;
	} else {
		r->by_class[d][class_index].packets++;
		r->by_class[d][class_index].bytes += f->length;
	}
	return departures_add(&t->departures[m.stream], &(struct departure){.sent_ns = m.sent_ns,
									    .left_ns = f->ns,
									    .sequence = m.sequence,
									    .dscp = m.dscp});
}

static int read_capture(struct reading *r)
{
	struct capture capture;
	struct captured_frame f;
	int got, err = capture_open(&capture, r->t->path);

	if (err < 0)
		return err;
	while ((got = capture_next(&capture, &f)) == 1 && !err) {
		r->t->reconciled.frames++;
		err = read_frame(r, &f);
	}
	capture_close(&capture);
	return err ? err : got;
}

/* --- comparing --------------------------------------------------------------------------- */

static void compare(struct reading *r, const char *what, uint64_t captured, uint64_t counted)
{
	struct reconciliation *out = &r->t->reconciled;

	out->figures++;
	if (captured == counted)
		return;
	out->differences++;
	fprintf(stderr,
		"edgemark: %s: %s: the capture says %" PRIu64 ", the counters %" PRIu64 "\n",
		r->t->name, what, captured, counted);
}

static uint64_t figure(const json_t *object, const char *key, const char *unit)
{
	return (uint64_t)json_integer_value(json_object_get(json_object_get(object, key), unit));
}

static const json_t *named(const json_t *array, const char *key, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one)
	{
		const char *value = json_string_value(json_object_get(one, key));

		if (value && strcmp(value, name) == 0)
			return one;
	}
	return NULL;
}

static void compare_class(struct reading *r, const json_t *direction, enum direction d, uint32_t i)
{
	const struct tallies *captured = &r->by_class[d][i];
	const json_t *class, *contract;
	char name[12], what[64];
	uint64_t queue_lost = 0;

	setup_class_name(i, name);
	class = named(json_object_get(direction, "classes"), "name", name);
	contract = named(json_object_get(direction, "contracts"), "class", name);
	snprintf(what, sizeof(what), "%s %s, packets", config_direction_name(d), name);
	compare(r, what, captured->packets, figure(class, "tx", "packets"));
	snprintf(what, sizeof(what), "%s %s, bytes", config_direction_name(d), name);
	compare(r, what, captured->bytes, figure(class, "tx", "bytes"));
	if (!contract)
		return;
	snprintf(what, sizeof(what), "%s %s, admitted", config_direction_name(d), name);
	if (r->t->setup->classes[i].exceed != EXCEED_SHAPE) /* metered ahead of the queue */
		queue_lost = figure(class, "dropped", "packets") -
			     figure(contract, "dropped", "packets");
	compare(r, what, captured->packets + queue_lost, figure(contract, "admitted", "packets"));
}

static void compare_direction(struct reading *r, const json_t *direction, enum direction d)
{
	const struct trial *t = r->t;
	struct tallies sent = {0};
	char what[64];

	for (uint32_t i = 0; i < t->stream_count; i++) {
		const uint64_t length = t->streams[i].frame_bytes - STREAM_FCS_BYTES;

		if (t->streams[i].direction != d)
			continue;
		sent.packets += t->sent[i];
		sent.bytes += t->sent[i] * length;
	}
	snprintf(what, sizeof(what), "%s, received packets", config_direction_name(d));
	compare(r, what, sent.packets, figure(direction, "rx", "packets"));
	snprintf(what, sizeof(what), "%s, received bytes", config_direction_name(d));
	compare(r, what, sent.bytes, figure(direction, "rx", "bytes"));
	snprintf(what, sizeof(what), "%s, sent packets", config_direction_name(d));
	compare(r, what, r->captured[d].packets, figure(direction, "tx", "packets"));
	snprintf(what, sizeof(what), "%s, sent bytes", config_direction_name(d));
	compare(r, what, r->captured[d].bytes, figure(direction, "tx", "bytes"));
	snprintf(what, sizeof(what), "%s, dropped packets", config_direction_name(d));
	compare(r, what, sent.packets - r->captured[d].packets,
		figure(direction, "dropped", "packets"));
	for (uint32_t i = 0; i < t->setup->class_count; i++)
		compare_class(r, direction, d, i);
}

int trial_reconcile(struct trial *t)
{
	const json_t *link = json_array_get(json_object_get(t->document, "links"), 0);
	struct reading r = {.t = t};
	int err = 0;

	for (uint32_t i = 0; i < t->stream_count && !err; i++) {
		r.seen[i] = calloc(t->sent[i] / 8 + 1, 1);
		err = r.seen[i] ? 0 : -ENOMEM;
	}
	if (!err)
		err = read_capture(&r);
	else
		fprintf(stderr, "edgemark: out of memory\n");
	for (int d = 0; d < DIRECTIONS && !err; d++)
		compare_direction(&r,
				  json_object_get(link, config_direction_name((enum direction)d)),
				  (enum direction)d);
	if (!err) {
		compare(&r, "frames that are not of the test", r.foreign, 0);
		compare(&r, "frames that came twice", r.twice, 0);
		compare(&r, "frames with the code point of no class", r.unmarked, 0);
	}
	for (uint32_t i = 0; i < t->stream_count; i++)
		free(r.seen[i]);
	return err;
}
