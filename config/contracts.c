/* SPDX-License-Identifier: BSD-3-Clause */
/* Contracts: the rate that a class, or several together, may use, and what becomes of more. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bursts.h"
#include "colours.h"
#include "reader.h"

enum {
	MAX_DELAY_DEFAULT_MS = 100,
	NS_PER_MS = 1000000,
	OVERHEAD_BYTES_MIN = -128,
	OVERHEAD_BYTES_MAX = 1024,
};

static const struct kind contract_kind = {"a contract",
					  {"class", "classes", "cir-kbps", "burst-bytes",
					   "burst-ms", "burst-calls", "account", "overhead-bytes",
					   "exceed", "max-delay-ms", "remark-class", COLOUR_KEYS}};

static const struct choice account_choices[] = {
	{"ip", ACCOUNT_IP}, {"l2", ACCOUNT_L2}, {"wire", ACCOUNT_WIRE}, {NULL, 0}};

static const struct choice exceed_choices[] = {
	{"police", EXCEED_POLICE},   {"random", EXCEED_RANDOM}, {"spread", EXCEED_SPREAD},
	{"protect", EXCEED_PROTECT}, {"shape", EXCEED_SHAPE},	{"remark", EXCEED_REMARK},
	{"count", EXCEED_COUNT},     {"colour", EXCEED_COLOUR}, {NULL, 0}};

void read_account(struct loader *l, config_setting_t *group, enum account *account,
		  int32_t *overhead_bytes)
{
	int choice;
	int64_t bytes;

	if (read_choice(l, group, "account", account_choices, &choice))
		*account = (enum account)choice;
	if (read_integer(l, group, "overhead-bytes", OVERHEAD_BYTES_MIN, OVERHEAD_BYTES_MAX,
			 &bytes))
		*overhead_bytes = (int32_t)bytes;
}

/* --- which classes ---------------------------------------------------------------- */

/* The contract before k that covers the class. */
static const struct config_contract *covering(const struct config_policy *p,
					      const struct config_contract *end, int class_index)
{
	for (const struct config_contract *k = p->contracts; k < end; k++)
		for (size_t i = 0; i < k->class_count; i++)
			if (k->classes[i] == class_index)
				return k;
	return NULL;
}

static void add_class(struct loader *l, const config_setting_t *s, const struct config_policy *p,
		      struct config_contract *k, const char *name)
{
	int class_index = find_class(l, s, name);
	const struct config_contract *first;

	if (class_index == CONFIG_NONE)
		return;
	first = covering(p, k + 1, class_index);
	if (first) {
		loader_error(l, s,
			     "class '%s' is in the contract at %s:%u; expected each class in one "
			     "contract of a policy",
			     name, first->where.file, first->where.line);
		return;
	}
	k->classes[k->class_count++] = class_index;
}

static void read_classes(struct loader *l, config_setting_t *group, const struct config_policy *p,
			 struct config_contract *k)
{
	config_setting_t *one = read_key(group, "class"), *several = read_key(group, "classes");
	config_setting_t *list = read_list(l, group, "classes", CLASSES_MAX, "names of classes");
	const char *name;

	if (one && several)
		loader_error(l, several, "'classes' beside 'class', expected one of them");
	else if (!one && !several)
		loader_error(l, group, "key 'class' or 'classes' is missing");
	else if (list && list_length(list) == 0)
		loader_error(l, several, "'classes' is empty, expected at least one class");
	if (read_string(l, group, "class", &name))
		add_class(l, one, p, k, name);
	for (unsigned i = 0; i < list_length(list); i++) {
		const config_setting_t *s = config_setting_get_elem(list, i);

		if (value_string(l, s, &name))
			add_class(l, s, p, k, name);
	}
}

/* --- the burst -------------------------------------------------------------------- */

uint64_t config_call_bytes(enum account account, int32_t overhead_bytes, bool tagged)
{
	int64_t bytes = CALL_IP_BYTES + overhead_bytes;

	if (account != ACCOUNT_IP)
		bytes += ETHERNET_HEADER_BYTES + (tagged ? VLAN_TAG_BYTES : 0);
	if (account == ACCOUNT_WIRE)
		bytes += WIRE_OVERHEAD_BYTES;
	return bytes > 0 ? (uint64_t)bytes : 0;
}

static void read_contract_burst(struct loader *l, config_setting_t *group,
				const struct config_policy *p, struct config_contract *k)
{
	static const struct burst_keys keys = {"burst-bytes", "burst-ms", "burst-calls", 1};
	uint64_t call =
		config_call_bytes(k->account, k->overhead_bytes, p->untagged != UNTAGGED_KEEP);

	k->burst_bytes = burst_by_default(k->cir_bps);
	read_burst(l, group, &keys, k->cir_bps, call, &k->burst_bytes);
}

/* --- what is over ----------------------------------------------------------------- */

static void read_shape(struct loader *l, config_setting_t *group, struct config_contract *k)
{
	config_setting_t *s = read_key(group, "max-delay-ms");

	if (k->exceed == EXCEED_SHAPE)
		k->max_delay_ns = (uint64_t)MAX_DELAY_DEFAULT_MS * NS_PER_MS;
	else if (s)
		loader_error(l, s, "'max-delay-ms' with exceed \"%s\", expected exceed = \"shape\"",
			     config_exceed_name(k->exceed));
	read_scaled(l, group, "max-delay-ms", 6, 1000, 10000 * (uint64_t)NS_PER_MS, "ms",
		    &k->max_delay_ns);
}

static void read_remark(struct loader *l, config_setting_t *group, struct config_contract *k)
{
	config_setting_t *s = read_key(group, "remark-class");

	if (s && k->exceed != EXCEED_REMARK)
		loader_error(l, s,
			     "'remark-class' with exceed \"%s\", expected exceed = \"remark\"",
			     config_exceed_name(k->exceed));
	else if (!s && k->exceed == EXCEED_REMARK)
		loader_error(l, read_key(group, "exceed"),
			     "exceed \"remark\" without 'remark-class', expected the class that "
			     "takes the excess");
	if (!read_class(l, group, "remark-class", &k->remark_class))
		return;
	for (size_t i = 0; i < k->class_count; i++)
		if (k->classes[i] == k->remark_class)
			loader_error(l, s,
				     "class '%s' is under this contract itself, expected another",
				     l->config->classes[k->remark_class].name);
}

static void read_contract(struct loader *l, config_setting_t *group, const struct config_policy *p,
			  struct config_contract *k)
{
	int choice;

	*k = (struct config_contract){.account = ACCOUNT_IP,
				      .exceed = EXCEED_RANDOM,
				      .remark_class = CONFIG_NONE,
				      .where = loader_where(l, group)};
	if (!read_group(l, group, &contract_kind))
		return;
	read_classes(l, group, p, k);
	if (require_key(l, group, "cir-kbps"))
		read_rate(l, group, "cir-kbps", &k->cir_bps);
	read_account(l, group, &k->account, &k->overhead_bytes);
	if (read_choice(l, group, "exceed", exceed_choices, &choice))
		k->exceed = (enum exceed)choice;
	read_contract_burst(l, group, p, k);
	read_shape(l, group, k);
	read_remark(l, group, k);
	read_colour(l, group, p, k);
}

void load_contracts(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	config_setting_t *list = read_list(l, group, "contracts", CONTRACTS_MAX, "contracts");
	unsigned count = list_length(list);

	p->contracts = loader_allocate(l, count, sizeof(p->contracts[0]));
	for (unsigned i = 0; p->contracts && i < count; i++) {
		read_contract(l, config_setting_get_elem(list, i), p, &p->contracts[i]);
		p->contract_count = i + 1;
	}
}
