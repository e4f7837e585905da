/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's replies are dictionaries of numbers and strings, or one level of such in a
 * dictionary; keys are letters, digits and '_', so that what is named by the user stands in
 * a value, and several of a kind are numbered. A reply holds 16 KiB: a command that has
 * something for each class or contract takes LINK,DIRECTION, and without it lists what can
 * be asked; calls gives the worst.
 */
#include "telemetry.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <rte_telemetry.h>

#include "published.h"

enum {
	WORST_CALLS = 16,
	NAME_BYTES = 48,
};

static const char *const directions[] = {"upstream", "downstream"};

/* key of the JSON, or object.key; name in the reply; a number is multiplied by scale. */
struct field {
	const char *object, *key, *name;
	double scale; /* 0: as it is */
};

static const struct field direction_fields[] = {
	{"rx", "packets", "rx_packets", 0},
	{"rx", "bytes", "rx_bytes", 0},
	{"tx", "packets", "tx_packets", 0},
	{"tx", "bytes", "tx_bytes", 0},
	{"dropped", "packets", "dropped_packets", 0},
	{"dropped", "bytes", "dropped_bytes", 0},
	{"queued", "packets", "queued_packets", 0},
	{"queued", "bytes", "queued_bytes", 0},
	{NULL, "intruders", "intruders", 0},
	{NULL, "mismatches", "mismatches", 0},
	{"port", "missed", "port_missed", 0},
	{"port", "rx_errors", "port_rx_errors", 0},
	{"port", "no_mbuf", "port_no_mbuf", 0},
	{"port", "tx_errors", "port_tx_errors", 0},
	{0},
};
static const struct field class_fields[] = {
	{NULL, "name", "class", 0},
	{NULL, "dscp", "dscp", 0},
	{NULL, "pcp", "pcp", 0},
	{"rx", "packets", "rx_packets", 0},
	{"rx", "bytes", "rx_bytes", 0},
	{"tx", "packets", "tx_packets", 0},
	{"tx", "bytes", "tx_bytes", 0},
	{"dropped", "packets", "dropped_packets", 0},
	{"dropped", "bytes", "dropped_bytes", 0},
	{"queue", "packets", "queue_packets", 0},
	{"queue", "bytes", "queue_bytes", 0},
	{"queue", "delay_us_mean", "delay_mean_ns", 1e3},
	{"queue", "delay_us_max", "delay_max_ns", 1e3},
	{"queue", "jitter_us_max", "jitter_max_ns", 1e3},
	{0},
};
static const struct field contract_fields[] = {
	{NULL, "class", "contract", 0},
	{NULL, "exceed", "exceed", 0},
	{NULL, "cir_kbps", "cir_bps", 1e3},
	{NULL, "burst_bytes", "burst_bytes", 0},
	{"admitted", "packets", "admitted_packets", 0},
	{"admitted", "bytes", "admitted_bytes", 0},
	{"dropped", "packets", "dropped_packets", 0},
	{"dropped", "bytes", "dropped_bytes", 0},
	{"exceeded", "packets", "exceeded_packets", 0},
	{"exceeded", "bytes", "exceeded_bytes", 0},
	{NULL, "calls", "call_capacity", 0},
	{"places", "taken", "places", 0},
	{0},
};
static const struct field call_fields[] = {
	{NULL, "link", "link", 0},
	{NULL, "direction", "direction", 0},
	{NULL, "source", "source", 0},
	{NULL, "source_port", "source_port", 0},
	{NULL, "destination", "destination", 0},
	{NULL, "destination_port", "destination_port", 0},
	{NULL, "class", "class", 0},
	{NULL, "packets", "packets", 0},
	{NULL, "dropped", "dropped", 0},
	{NULL, "rtp_lost", "rtp_lost", 0},
	{NULL, "longest_gap_ms", "longest_gap_us", 1e3},
	{NULL, "jitter_ms_mean", "jitter_mean_us", 1e3},
	{NULL, "mos", "mos_hundredths", 100},
	{0},
};
static const struct field worker_fields[] = {
	{NULL, "lcore", "lcore", 0},
	{NULL, "generation", "generation", 0},
	{NULL, "turns", "turns", 0},
	{NULL, "busy_turns", "busy_turns", 0},
	{NULL, "busy_ratio", "busy_permille", 1e3},
	{NULL, "last_turn", "last_turn_unix_ms", 1e3},
	{0},
};

/* --- from JSON to DPDK's data --------------------------------------------------------------- */

static uint64_t whole(const json_t *value, double scale)
{
	if (scale == 0 && json_is_integer(value))
		return (uint64_t)json_integer_value(value);
	return (uint64_t)(json_number_value(value) * (scale != 0 ? scale : 1) + 0.5);
}

/* What is not there or not known is left out. */
static void add_fields(struct rte_tel_data *d, const json_t *from, const struct field *f)
{
	for (; f->key; f++) {
		const json_t *object = f->object ? json_object_get(from, f->object) : from;
		const json_t *value = json_object_get(object, f->key);

		if (json_is_string(value))
			rte_tel_data_add_dict_string(d, f->name, json_string_value(value));
		else if (json_is_number(value))
			rte_tel_data_add_dict_u64(d, f->name, whole(value, f->scale));
	}
}

/* A dictionary of its own in d, which takes it over; its key is its number. */
static struct rte_tel_data *add_dictionary(struct rte_tel_data *d, size_t number)
{
	struct rte_tel_data *entry = rte_tel_data_alloc();
	char key[24];

	if (!entry)
		return NULL;
	snprintf(key, sizeof(key), "%zu", number);
	rte_tel_data_start_dict(entry);
	if (rte_tel_data_add_dict_container(d, key, entry, 0) == 0)
		return entry;
	rte_tel_data_free(entry);
	return NULL;
}

static void add_array(struct rte_tel_data *d, const json_t *array, const struct field *f,
		      size_t most)
{
	const json_t *object;
	size_t i;

	rte_tel_data_start_dict(d);
	json_array_foreach(array, i, object)
	{
		struct rte_tel_data *entry = i < most ? add_dictionary(d, i) : NULL;

		if (entry)
			add_fields(entry, object, f);
	}
}

/* --- of a direction --------------------------------------------------------------------------- */

static const json_t *links_of(const json_t *figures)
{
	return json_object_get(json_object_get(figures, "document"), "links");
}

/* The direction that "LINK,DIRECTION" names, or NULL. */
static const json_t *find_direction(const json_t *figures, const char *params)
{
	const json_t *link;
	size_t i;

	json_array_foreach(links_of(figures), i, link)
	{
		const char *name = json_string_value(json_object_get(link, "name"));
		const size_t length = strlen(name);

		if (strncmp(params, name, length) != 0 || params[length] != ',')
			continue;
		for (size_t d = 0; d < 2; d++)
			if (strcmp(params + length + 1, directions[d]) == 0)
				return json_object_get(link, directions[d]);
	}
	return NULL;
}

static void list_directions(const json_t *figures, struct rte_tel_data *d)
{
	const json_t *link;
	size_t i;

	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	json_array_foreach(links_of(figures), i, link)
	{
		for (size_t k = 0; k < 2; k++) {
			char name[256];

			snprintf(name, sizeof(name), "%s,%s",
				 json_string_value(json_object_get(link, "name")), directions[k]);
			rte_tel_data_add_array_string(d, name);
		}
	}
}

typedef void (*direction_answer)(const json_t *direction, struct rte_tel_data *d);

static int answer_direction(const char *params, struct rte_tel_data *d, direction_answer fill)
{
	json_t *figures = published_get();
	const json_t *direction;
	int ret = 0;

	if (!figures)
		return -ENODATA;
	if (!params || !*params) {
		list_directions(figures, d);
	} else {
		direction = find_direction(figures, params);
		if (direction)
			fill(direction, d);
		else
			ret = -ENOENT;
	}
	json_decref(figures);
	return ret;
}

static void fill_classes(const json_t *direction, struct rte_tel_data *d)
{
	add_array(d, json_object_get(direction, "classes"), class_fields, SIZE_MAX);
}

static void fill_contracts(const json_t *direction, struct rte_tel_data *d)
{
	add_array(d, json_object_get(direction, "contracts"), contract_fields, SIZE_MAX);
}

static void fill_drops(const json_t *direction, struct rte_tel_data *d)
{
	const char *reason;
	json_t *packets;

	rte_tel_data_start_dict(d);
	json_object_foreach(json_object_get(direction, "drops"), reason, packets)
	{
		char name[NAME_BYTES];

		snprintf(name, sizeof(name), "%s", reason);
		for (char *p = name; *p; p++)
			if (*p == '-')
				*p = '_';
		rte_tel_data_add_dict_u64(d, name, (uint64_t)json_integer_value(packets));
	}
}

/* --- the commands ------------------------------------------------------------------------------
 */

static int answer_classes(const char *cmd, const char *params, struct rte_tel_data *d)
{
	(void)cmd;
	return answer_direction(params, d, fill_classes);
}

static int answer_contracts(const char *cmd, const char *params, struct rte_tel_data *d)
{
	(void)cmd;
	return answer_direction(params, d, fill_contracts);
}

static int answer_drops(const char *cmd, const char *params, struct rte_tel_data *d)
{
	(void)cmd;
	return answer_direction(params, d, fill_drops);
}

static void add_link(struct rte_tel_data *d, const json_t *link, size_t index)
{
	for (size_t k = 0; k < 2; k++) {
		struct rte_tel_data *entry = add_dictionary(d, 2 * index + k);

		if (!entry)
			return;
		rte_tel_data_add_dict_string(entry, "link",
					     json_string_value(json_object_get(link, "name")));
		rte_tel_data_add_dict_string(entry, "direction", directions[k]);
		add_fields(entry, json_object_get(link, directions[k]), direction_fields);
	}
}

static int answer_links(const char *cmd, const char *params, struct rte_tel_data *d)
{
	json_t *figures = published_get();
	const json_t *link;
	size_t i;

	(void)cmd;
	(void)params;
	if (!figures)
		return -ENODATA;
	rte_tel_data_start_dict(d);
	json_array_foreach(links_of(figures), i, link)
	{
		add_link(d, link, i);
	}
	json_decref(figures);
	return 0;
}

static int answer_calls(const char *cmd, const char *params, struct rte_tel_data *d)
{
	json_t *figures = published_get();

	(void)cmd;
	(void)params;
	if (!figures)
		return -ENODATA;
	add_array(d, json_object_get(json_object_get(figures, "document"), "calls"), call_fields,
		  WORST_CALLS);
	json_decref(figures);
	return 0;
}

static int answer_policy(const char *cmd, const char *params, struct rte_tel_data *d)
{
	static const struct field fields[] = {
		{NULL, "version", "version", 0},
		{"document", "generation", "generation", 0},
		{"document", "calls_total", "calls_total", 0},
		{"document", "calls_hurt", "calls_hurt", 0},
		{"reload", "succeeded", "reloads_succeeded", 0},
		{"reload", "failed", "reloads_failed", 0},
		{"reload", "last_success", "loaded_unix_ms", 1e3},
		{"reload", "build_seconds", "build_us", 1e6},
		{"reload", "adopt_seconds", "adopt_us", 1e6},
		{NULL, "time", "snapshot_unix_ms", 1e3},
		{0},
	};
	json_t *figures = published_get();

	(void)cmd;
	(void)params;
	if (!figures)
		return -ENODATA;
	rte_tel_data_start_dict(d);
	add_fields(d, figures, fields);
	json_decref(figures);
	return 0;
}

static int answer_workers(const char *cmd, const char *params, struct rte_tel_data *d)
{
	json_t *figures = published_get();

	(void)cmd;
	(void)params;
	if (!figures)
		return -ENODATA;
	add_array(d, json_object_get(figures, "heartbeat"), worker_fields, SIZE_MAX);
	json_decref(figures);
	return 0;
}

int telemetry_register(void)
{
	static const struct {
		const char *name, *help;
		telemetry_cb answer;
	} commands[] = {
		{"/edgemark/links", "Packets and bytes of each direction. No parameters.",
		 answer_links},
		{"/edgemark/classes", "Parameters: LINK,DIRECTION; without: what there is.",
		 answer_classes},
		{"/edgemark/contracts", "Parameters: LINK,DIRECTION; without: what there is.",
		 answer_contracts},
		{"/edgemark/drops",
		 "By reason. Parameters: LINK,DIRECTION; without: what there is.", answer_drops},
		{"/edgemark/calls", "The 16 worst calls. No parameters.", answer_calls},
		{"/edgemark/policy", "Generation, reloads, calls in all. No parameters.",
		 answer_policy},
		{"/edgemark/workers", "Turns and heartbeats. No parameters.", answer_workers},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const int ret = rte_telemetry_register_cmd(commands[i].name, commands[i].answer,
							   commands[i].help);

		if (ret < 0 && ret != -EEXIST)
			return ret;
	}
	return 0;
}
