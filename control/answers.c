/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments are checked as strictly as options are: what is not understood is refused, so
 * that a client's slip is no figure that means something else.
 */
#include "answers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "figures.h"
#include "socket.h"

enum { WORST_MAX = 1000000 };

struct show_arguments {
	bool calls;
	json_int_t worst; /* 0: all */
	enum figures_since since;
};

/* What is wrong, or NULL. */
static const char *parse_argument(struct show_arguments *a, const char *key, const json_t *value)
{
	const char *text = json_string_value(value);

	if (strcmp(key, "version") == 0 || strcmp(key, "command") == 0)
		return NULL;
	if (strcmp(key, "calls") == 0) {
		a->calls = json_is_true(value);
		return json_is_boolean(value) ? NULL : "calls is true or false";
	}
	if (strcmp(key, "worst") == 0) {
		a->worst = json_integer_value(value);
		return a->worst >= 1 && a->worst <= WORST_MAX ? NULL : "worst is from 1 to 1000000";
	}
	if (strcmp(key, "since") == 0 && text && strcmp(text, "start") == 0)
		a->since = SINCE_START;
	else if (strcmp(key, "since") == 0 && text && strcmp(text, "clear") == 0)
		a->since = SINCE_CLEAR;
	else
		return strcmp(key, "since") == 0
			       ? "since is \"clear\" or \"start\""
			       : "unknown argument: show takes calls, worst and since";
	return NULL;
}

/* They come the worst first. */
static void keep_worst(json_t *document, json_int_t worst)
{
	json_t *calls = json_object_get(document, "calls");
	size_t n = json_array_size(calls);

	while (worst > 0 && n > (size_t)worst)
		json_array_remove(calls, --n);
}

static void answer_document(struct socket_server *s, uint64_t client, json_t *document)
{
	if (document)
		socket_answer(s, client, document);
	else
		socket_refuse(s, client, "out of memory");
}

static void answer_show(struct forwarding *f, struct socket_server *s, uint64_t client,
			const json_t *request, bool with_calls, json_t *pending)
{
	struct show_arguments a = {.calls = with_calls, .since = SINCE_CLEAR};
	const char *key, *wrong = NULL;
	json_t *document, *value;

	json_object_foreach((json_t *)(uintptr_t)request, key, value)
	{
		wrong = parse_argument(&a, key, value);
		if (wrong)
			break;
	}
	if (wrong) {
		socket_refuse(s, client, wrong);
		return;
	}
	document = figures_document(f, a.calls, a.since);
	keep_worst(document, a.worst);
	json_object_set(document, "pending", pending);
	answer_document(s, client, document);
}

static void answer_clear(struct forwarding *f, struct socket_server *s, uint64_t client)
{
	unsigned lcore = 0;
	char why[160];

	switch (figures_clear(f, &lcore)) {
	case 0:
		socket_answer(s, client, json_object());
		break;
	case -ETIMEDOUT:
		snprintf(why, sizeof(why),
			 "edgemark: the worker on lcore %u does not turn: nothing was cleared; see "
			 "edgemark show workers",
			 lcore);
		socket_refuse(s, client, why);
		break;
	default:
		socket_refuse(s, client, "edgemark: out of memory: nothing was cleared");
	}
}

bool answer_figures(struct forwarding *f, struct socket_server *s, uint64_t client,
		    const char *command, const json_t *request, json_t *pending)
{
	bool known = true;

	if (strcmp(command, "show") == 0)
		answer_show(f, s, client, request, false, pending);
	else if (strcmp(command, "show-calls") == 0)
		answer_show(f, s, client, request, true, pending);
	else if (strcmp(command, "policy") == 0)
		answer_document(s, client, figures_policy(f));
	else if (strcmp(command, "clear") == 0)
		answer_clear(f, s, client);
	else
		known = false;
	json_decref(pending);
	return known;
}
