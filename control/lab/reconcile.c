/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per direction: received, sent, dropped and each reason. Per class: what was classified as
 * voice. Per contract: that its sums are all of voice, by its own account. Per call: packets
 * and drops.
 */
#include "reconcile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control/commands.h"

struct comparison {
	const char *exceed;
	bool differs; /* said already */
};

static void compare(struct comparison *c, const char *what, const char *of, uint64_t counted,
		    uint64_t seen)
{
	if (counted == seen || c->differs)
		return;
	c->differs = true;
	fprintf(stderr,
		"edgemark: lab overrun: %s: %s%s: the counters say %" PRIu64 ", the frames %" PRIu64
		". This is a defect of edgemark\n",
		c->exceed, what, of, counted, seen);
}

static uint64_t number_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static uint64_t packets_of(const json_t *object, const char *key)
{
	return number_of(json_object_get(object, key), "packets");
}

static uint64_t bytes_of(const json_t *object, const char *key)
{
	return number_of(json_object_get(object, key), "bytes");
}

/* The element of a list whose member has this text. */
static const json_t *find(const json_t *list, const char *member, const char *text)
{
	const json_t *element;
	size_t i;

	json_array_foreach(list, i, element)
	{
		const char *found = json_string_value(json_object_get(element, member));

		if (found && strcmp(found, text) == 0)
			return element;
	}
	return NULL;
}

static void compare_direction(struct comparison *c, const struct run_account *a, const json_t *up)
{
	const struct traffic *v = &a->voice, *b = &a->background;
	const json_t *drops = json_object_get(up, "drops");

	compare(c, "received", " packets", packets_of(up, "rx"),
		v->offered.packets + b->offered.packets);
	compare(c, "received", " bytes", bytes_of(up, "rx"),
		v->offered_frame_bytes + b->offered_frame_bytes);
	compare(c, "sent", " packets", packets_of(up, "tx"), a->frames_sent);
	compare(c, "sent", " bytes", bytes_of(up, "tx"), a->frame_bytes_sent);
	compare(c, "dropped", " bytes", bytes_of(up, "dropped"), a->frame_bytes_dropped);
	compare(c, "queued", " packets", packets_of(up, "queued"), 0);
#define X(enumerator, name, help)                                                                  \
	compare(c, "dropped as ", name, number_of(drops, name),                                    \
		v->drops[DROP_##enumerator] + b->drops[DROP_##enumerator]);
	DROP_REASON_LIST(X)
#undef X
	compare(c, "frames", " that nobody sent", 0, a->strangers);
	compare(c, "voice", " sent + dropped", v->offered.packets,
		v->sent.packets + v->dropped.packets);
}

/* A shaped contract counts packets as they leave the queue, some of which it never sees. */
static void compare_contract(struct comparison *c, const struct overrun_plan *p, enum exceed exceed,
			     const struct run_account *a, const json_t *up)
{
	const json_t *k = json_array_get(json_object_get(up, "contracts"), p->contract);

	if (!p->alone || exceed == EXCEED_SHAPE)
		return;
	compare(c, "the contract's", " packets",
		packets_of(k, "admitted") + packets_of(k, "dropped") + packets_of(k, "exceeded"),
		a->voice.offered.packets);
	compare(c, "the contract's", " bytes",
		bytes_of(k, "admitted") + bytes_of(k, "dropped") + bytes_of(k, "exceeded"),
		a->voice.offered.bytes);
}

static void compare_calls(struct comparison *c, const struct overrun_plan *p,
			  const struct run_account *a, const json_t *calls)
{
	uint64_t followed = 0, sending = 0;
	const json_t *call;
	size_t i;

	if (json_array_size(calls) == 0)
		return; /* a file may say that its voice is not followed */
	json_array_foreach(calls, i, call)
	{
		const char *source = json_string_value(json_object_get(call, "source"));
		const char *class = json_string_value(json_object_get(call, "class"));
		uint32_t number;

		if (!class || strcmp(class, p->class_name) != 0)
			continue;
		if (!arrivals_call_named(source, &number) || number >= p->arguments->calls) {
			compare(c, "a call of ", source, 1, 0);
			continue;
		}
		followed++;
		compare(c, "packets of the call from ", source, number_of(call, "packets"),
			a->calls[number].packets);
		compare(c, "drops of the call from ", source, number_of(call, "dropped"),
			a->calls[number].dropped);
	}
	for (uint32_t k = 0; k < p->arguments->calls; k++)
		sending += a->calls[k].packets > 0;
	compare(c, "calls", " in the table", followed, sending);
}

int reconcile(const struct overrun_plan *p, enum exceed exceed, const struct run_account *a,
	      const json_t *document)
{
	const json_t *link = json_array_get(json_object_get(document, "links"), p->link);
	const json_t *up = json_object_get(link, "upstream");
	const json_t *class = find(json_object_get(up, "classes"), "name", p->class_name);
	struct comparison c = {.exceed = config_exceed_name(exceed)};

	if (packets_of(class, "rx") == 0 && a->voice.offered.packets > 0) {
		fprintf(stderr,
			"edgemark: %s: the calls (UDP from 10.1.0.1:%u and so on) are not of class "
			"'%s': another rule takes them\n",
			p->arguments->config, arrivals_source_port(p, 0), p->class_name);
		return EXIT_CONFIG;
	}
	compare_direction(&c, a, up);
	compare(&c, "classified as voice:", " packets", packets_of(class, "rx"),
		a->voice.offered.packets);
	compare(&c, "classified as voice:", " bytes", bytes_of(class, "rx"),
		a->voice.offered_frame_bytes);
	compare_contract(&c, p, exceed, a, up);
	compare_calls(&c, p, a, json_object_get(document, "calls"));
	return c.differs ? EXIT_RUNTIME : EXIT_OK;
}
