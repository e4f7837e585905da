/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_figures.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "control/voice_targets.h"

const json_t *figure_at(const json_t *object, const char *path)
{
	char key[64];

	while (object && *path) {
		const size_t length = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)length, path);
		object = json_is_array(object) && isdigit((unsigned char)key[0])
				 ? json_array_get(object, (size_t)strtoul(key, NULL, 10))
				 : json_object_get(object, key);
		path += length + (path[length] == '.');
	}
	return object;
}

double figure(const json_t *object, const char *path)
{
	const json_t *value = figure_at(object, path);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *figure_text(const json_t *object, const char *path)
{
	const char *value = json_string_value(figure_at(object, path));

	return value ? value : "-";
}

/* --- targets: a figure that is not known is not outside -------------------------------- */

bool call_lost_packets(const json_t *call)
{
	return figure(call, "loss_percent") > 0.0 || figure(call, "dropped") > 0.0;
}

bool call_jitter_mean_outside(const json_t *call)
{
	return figure(call, "jitter_ms_mean") > JITTER_MEAN_MS;
}

bool call_jitter_max_outside(const json_t *call)
{
	return figure(call, "jitter_ms_max") > JITTER_MAX_MS;
}

/* --- a run ----------------------------------------------------------------------------- */

struct run_summary summarize_run(const json_t *run)
{
	struct run_summary s = {
		.loss_min = NAN,
		.loss_max = NAN,
		.gap_max = NAN,
		.mos_min = NAN,
		.mos_max = NAN,
		.jitter_mean_max = NAN,
		.jitter_max = NAN,
		.delay_max = NAN,
	};
	const json_t *call;
	size_t i;

	json_array_foreach(json_object_get(run, "calls"), i, call)
	{
		s.calls++;
		s.whole += !call_lost_packets(call);
		s.halved += figure(call, "loss_percent") >= 50.0;
		s.loss_outside += call_lost_packets(call);
		s.jitter_mean_outside += call_jitter_mean_outside(call);
		s.jitter_max_outside += call_jitter_max_outside(call);
		s.jitter_outside += call_jitter_mean_outside(call) || call_jitter_max_outside(call);
		s.over_contract += json_is_true(json_object_get(call, "over_contract"));
		/* fmin() and fmax() pass a NAN over */
		if (call_lost_packets(call))
			s.loss_min = fmin(s.loss_min, figure(call, "loss_percent"));
		s.loss_max = fmax(s.loss_max, figure(call, "loss_percent"));
		s.gap_max = fmax(s.gap_max, figure(call, "longest_gap_ms"));
		s.mos_min = fmin(s.mos_min, figure(call, "mos"));
		s.mos_max = fmax(s.mos_max, figure(call, "mos"));
		s.jitter_mean_max = fmax(s.jitter_mean_max, figure(call, "jitter_ms_mean"));
		s.jitter_max = fmax(s.jitter_max, figure(call, "jitter_ms_max"));
		s.delay_max = fmax(s.delay_max, figure(call, "delay_ms_max"));
	}
	return s;
}

static int by_figure(const json_t *x, const json_t *y, const char *key)
{
	const double a = figure(x, key), b = figure(y, key);

	return (a < b) - (a > b);
}

static int worse_first(const void *a, const void *b)
{
	const json_t *x = *(const json_t *const *)a, *y = *(const json_t *const *)b;
	int order = by_figure(x, y, "loss_percent");

	order = order ? order : by_figure(x, y, "longest_gap_ms");
	return order ? order : -by_figure(x, y, "number");
}

const json_t **calls_worst_first(const json_t *run, size_t *count)
{
	const json_t *calls = json_object_get(run, "calls");
	const json_t **sorted;

	*count = json_array_size(calls);
	sorted = calloc(*count ? *count : 1, sizeof(*sorted));
	for (size_t i = 0; sorted && i < *count; i++)
		sorted[i] = json_array_get(calls, i);
	if (sorted)
		qsort(sorted, *count, sizeof(*sorted), worse_first);
	else
		*count = 0;
	return sorted;
}
