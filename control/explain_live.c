/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client sends is checked here again: nothing says that it was our own. */
#include "explain_live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>

#include "config/config.h"

#include "explain.h"
#include "explain_document.h"
#include "explain_packet.h"
#include "frame_pool.h"

json_t *explain_request(const char *link, enum direction d, const char *const *words, size_t count)
{
	json_t *packet = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(packet, json_string(words[i]));
	return json_pack("{s:s, s:s?, s:s, s:o}", "command", "explain", "link", link, "direction",
			 config_direction_name(d), "packet", packet);
}

/* --- the daemon's end -------------------------------------------------------------------- */

static int refuse(char *error, size_t size, const char *text)
{
	snprintf(error, size, "%s", text);
	return -EINVAL;
}

static int read_link(const struct config *c, const json_t *request, size_t *link, char *error,
		     size_t size)
{
	const char *name = json_string_value(json_object_get(request, "link"));

	*link = 0;
	if (!name)
		return c->link_count == 1
			       ? 0
			       : refuse(error, size, "several links, expected --link NAME");
	for (size_t i = 0; i < c->link_count; i++) {
		*link = i;
		if (strcmp(c->links[i].name, name) == 0)
			return 0;
	}
	snprintf(error, size, "no link '%.64s', expected %s%s", name, c->links[0].name,
		 c->link_count > 1 ? " or another of `edgemark show links`" : "");
	return -EINVAL;
}

static int read_direction(const json_t *request, enum direction *d, char *error, size_t size)
{
	const char *name = json_string_value(json_object_get(request, "direction"));

	for (*d = UPSTREAM; name && *d < DIRECTIONS; ++*d)
		if (strcmp(name, config_direction_name(*d)) == 0)
			return 0;
	return refuse(error, size, "direction is upstream or downstream");
}

static int read_packet(const json_t *request, struct explain_packet *p, char *error, size_t size)
{
	const json_t *packet = json_object_get(request, "packet");
	const char *words[EXPLAIN_WORDS_MAX];
	const size_t count = json_array_size(packet);

	if (count > EXPLAIN_WORDS_MAX)
		return refuse(error, size, "packet has more words than any packet needs");
	for (size_t i = 0; i < count; i++) {
		words[i] = json_string_value(json_array_get(packet, i));
		if (!words[i])
			return refuse(error, size, "packet is a list of words");
	}
	return explain_packet_parse(words, count, p, error, size);
}

json_t *explain_answer(const struct generation *g, struct rte_mempool *pool, const json_t *request,
		       char *error, size_t error_size)
{
	struct frame_pool frames = frame_pool_borrow(pool);
	uint8_t bytes[EXPLAIN_FRAME_MAX];
	struct explainer *e = NULL;
	struct explain_packet packet = {0};
	struct explanation x;
	struct rte_mbuf *frame;
	json_t *document = NULL;
	enum direction d;
	uint32_t length;
	size_t link;

	if (read_link(g->config, request, &link, error, error_size) < 0 ||
	    read_direction(request, &d, error, error_size) < 0 ||
	    read_packet(request, &packet, error, error_size) < 0)
		return NULL;
	refuse(error, error_size, "the daemon lacks memory to explain a packet now: try again");
	length = explain_packet_build(&packet, bytes);
	frame = frame_pool_copy(&frames, bytes, length);
	if (frame && explainer_create(g, link, d, &e) < 0)
		rte_pktmbuf_free(frame);
	else if (frame && explainer_run(e, frame, 1, &x) == 0)
		document = explain_document(&x);
	explainer_destroy(e);
	return document;
}
