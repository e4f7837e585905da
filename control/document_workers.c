/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * busy_ratio is of time: a turn that moved a frame lasts until the next one begins. A
 * worker always turns, so that its CPU is always at 100 %; this is what it has left.
 */
#include "document_workers.h"

#include "control/document.h"

static void set_number(json_t *object, const char *key, uint64_t n)
{
	json_object_set_new(object, key, json_integer((json_int_t)n));
}

static void set_ratio(json_t *object, const char *key, uint64_t part, uint64_t whole)
{
	json_object_set_new(object, key, json_real(whole ? (double)part / (double)whole : 0));
}

static json_t *build_lanes(const struct document_input *in, size_t worker)
{
	const size_t count = in->site->link_count * DIRECTIONS;
	json_t *lanes = json_array();

	for (size_t i = worker; i < count; i += in->worker_count)
		json_array_append_new(
			lanes, json_pack("{s:s, s:s}", "link", in->site->links[i / DIRECTIONS].name,
					 "direction",
					 config_direction_name((enum direction)(i % DIRECTIONS))));
	return lanes;
}

static json_t *build_worker(const struct document_input *in, size_t i)
{
	const struct worker_stats *w = &in->workers[i];
	json_t *object = json_object();

	set_number(object, "worker", i);
	if (in->lcores)
		set_number(object, "lcore", in->lcores[i]);
	json_object_set_new(object, "lanes", build_lanes(in, i));
	set_number(object, "generation", w->generation);
	set_number(object, "turns", w->turns);
	set_number(object, "busy_turns", w->busy_turns);
	set_number(object, "busy_ns", w->busy_ns);
	set_number(object, "elapsed_ns", w->last_turn_ns - w->first_turn_ns);
	set_ratio(object, "busy_ratio", w->busy_ns, w->last_turn_ns - w->first_turn_ns);
	set_number(object, "rx_bursts", w->rx_bursts);
	set_number(object, "rx_frames", w->rx_frames);
	set_ratio(object, "burst_fill", w->rx_frames, w->rx_bursts);
	set_number(object, "last_turn_ns", in->time_origin_ns + w->last_turn_ns);
	if (in->now_ns)
		json_object_set_new(object, "heartbeat_age_ms",
				    json_real(in->now_ns > w->last_turn_ns
						      ? (double)(in->now_ns - w->last_turn_ns) / 1e6
						      : 0));
	return object;
}

json_t *document_workers(const struct document_input *in)
{
	json_t *workers = json_array();

	for (size_t i = 0; in->workers && i < in->worker_count; i++)
		json_array_append_new(workers, build_worker(in, i));
	return workers;
}
