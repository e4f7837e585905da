/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The colours of an AF class (RFC 2597) by a meter of one rate and two bursts (srTCM, RFC
 * 2697) or of two rates (trTCM, RFC 2698). What the other meter or another exceed would need
 * is refused: it would have no effect.
 */
#include "colours.h"

#include <string.h>

#include "bursts.h"

static const struct choice meter_choices[] = {
	{"srtcm", COLOUR_SRTCM}, {"trtcm", COLOUR_TRTCM}, {NULL, 0}};
static const struct choice red_choices[] = {{"drop", true}, {"pass", false}, {NULL, 0}};

static const char *const colour_keys[] = {COLOUR_KEYS, NULL};
static const char *const srtcm_keys[] = {"excess-burst-bytes", "excess-burst-ms",
					 "excess-burst-calls", NULL};
static const char *const trtcm_keys[] = {"pir-kbps", "peak-burst-bytes", "peak-burst-ms",
					 "peak-burst-calls", NULL};

/* Whether none of the keys is there; each that is gets an error. */
static bool have_none(struct loader *l, config_setting_t *group, const char *const *keys,
		      const char *what, const char *is, const char *expected)
{
	bool none = true;

	for (; *keys; keys++) {
		config_setting_t *s = read_key(group, *keys);

		if (!s)
			continue;
		none = false;
		loader_error(l, s, "'%s' with %s \"%s\", expected %s = \"%s\"", *keys, what, is,
			     what, expected);
	}
	return none;
}

/* Only AFx1 leaves room for two worse precedences of its class (RFC 2597 6). */
static void check_classes(struct loader *l, config_setting_t *group,
			  const struct config_contract *k)
{
	config_setting_t *s = read_key(group, "class");
	char name[8];

	if (!s)
		s = read_key(group, "classes");
	for (size_t i = 0; i < k->class_count; i++) {
		const struct config_class *class = &l->config->classes[k->classes[i]];

		if (!dscp_is_af1(class->dscp))
			loader_error(
				l, s,
				"exceed \"colour\" for class '%s' with DSCP %s, expected AF11, "
				"AF21, AF31 or AF41, whose colours are AFx1, AFx2 and AFx3",
				class->name, config_dscp_name(class->dscp, name, sizeof(name)));
	}
}

static void read_peak_rate(struct loader *l, config_setting_t *group, struct config_contract *k)
{
	if (!read_key(group, "pir-kbps"))
		loader_error(l, read_key(group, "meter"),
			     "meter \"trtcm\" without 'pir-kbps', expected the peak rate");
	if (read_rate(l, group, "pir-kbps", &k->pir_bps) && k->pir_bps < k->cir_bps)
		value_error(l, read_key(group, "pir-kbps"), "at least 'cir-kbps'");
}

/* EBS is the committed burst, PBS 20 ms of PIR but no less than that, where not written. */
static void read_second_burst(struct loader *l, config_setting_t *group,
			      const struct config_policy *p, struct config_contract *k)
{
	static const struct burst_keys excess = {"excess-burst-bytes", "excess-burst-ms",
						 "excess-burst-calls", 0};
	static const struct burst_keys peak = {"peak-burst-bytes", "peak-burst-ms",
					       "peak-burst-calls", 1};
	const uint64_t call =
		config_call_bytes(k->account, k->overhead_bytes, p->untagged != UNTAGGED_KEEP);

	k->excess_burst_bytes = k->burst_bytes;
	if (k->meter == COLOUR_SRTCM) {
		read_burst(l, group, &excess, k->cir_bps, call, &k->excess_burst_bytes);
		return;
	}
	if (burst_by_default(k->pir_bps) > k->burst_bytes)
		k->excess_burst_bytes = burst_by_default(k->pir_bps);
	read_burst(l, group, &peak, k->pir_bps, call, &k->excess_burst_bytes);
}

void read_colour(struct loader *l, config_setting_t *group, const struct config_policy *p,
		 struct config_contract *k)
{
	int choice;

	if (k->exceed != EXCEED_COLOUR) {
		have_none(l, group, colour_keys, "exceed", config_exceed_name(k->exceed), "colour");
		return;
	}
	check_classes(l, group, k);
	k->meter = COLOUR_SRTCM;
	if (read_choice(l, group, "meter", meter_choices, &choice))
		k->meter = (enum colour_meter)choice;
	else if (read_key(group, "meter"))
		return;
	k->drop_red = true;
	if (read_choice(l, group, "red", red_choices, &choice))
		k->drop_red = choice;
	read_boolean(l, group, "aware", &k->colour_aware);
	if (!have_none(l, group, k->meter == COLOUR_SRTCM ? trtcm_keys : srtcm_keys, "meter",
		       k->meter == COLOUR_SRTCM ? "srtcm" : "trtcm",
		       k->meter == COLOUR_SRTCM ? "trtcm" : "srtcm"))
		return;
	if (k->meter == COLOUR_TRTCM)
		read_peak_rate(l, group, k);
	read_second_burst(l, group, p, k);
}
