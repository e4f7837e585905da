/* SPDX-License-Identifier: BSD-3-Clause */
/* Warnings about classes, contracts and schedules; those about rules are in overlaps.c. */
#include "warnings.h"

#include <inttypes.h>
#include <string.h>

#include "number.h"
#include "overlaps.h"
#include "report.h"

enum { RATE_TEXT_SIZE = 32, VOICE_SHARE_PERCENT = 30, PCP_WMM_VIDEO = 5 };

static const char *kbps(uint64_t bps, char *buffer)
{
	return number_format(bps, 3, buffer, RATE_TEXT_SIZE);
}

static bool covers_dscp(const struct config *c, const struct config_contract *k, uint8_t dscp)
{
	for (size_t i = 0; i < k->class_count; i++)
		if (c->classes[k->classes[i]].dscp == dscp)
			return true;
	return false;
}

static const struct config_contract *contract_of(const struct config_policy *p, int class_index)
{
	for (size_t i = 0; i < p->contract_count; i++)
		for (size_t j = 0; j < p->contracts[i].class_count; j++)
			if (p->contracts[i].classes[j] == class_index)
				return &p->contracts[i];
	return NULL;
}

/* --- against the link ------------------------------------------------------------- */

/* A reservation for voice beyond 30 % of a link leaves too little to the rest. */
static void warn_voice_share(const struct config *c, const struct config_link *link,
			     const struct config_policy *p, uint64_t rate,
			     struct config_report *report)
{
	struct config_where where = {0};
	uint64_t voice = 0;
	char cir[RATE_TEXT_SIZE], total[RATE_TEXT_SIZE];

	for (size_t i = 0; i < p->contract_count; i++) {
		if (!covers_dscp(c, &p->contracts[i], DSCP_EF))
			continue;
		voice += p->contracts[i].cir_bps;
		where = p->contracts[i].where;
	}
	if (voice * 100 > rate * VOICE_SHARE_PERCENT)
		report_warning(report, where,
			       "EF may use %s of the %s kbit/s of link '%s' at %s:%u, %" PRIu64
			       " %%; voice should stay within %d %%",
			       kbps(voice, cir), kbps(rate, total), link->name, link->where.file,
			       link->where.line, voice * 100 / rate, VOICE_SHARE_PERCENT);
}

/* What a class is promised: a strict one its contract, else its ceiling. Several classes
 * may share a contract, which counts with its first strict one. */
static uint64_t guarantee(const struct config_policy *p, size_t class_index)
{
	const struct config_schedule *e = &p->schedule[class_index];
	const struct config_contract *k = contract_of(p, (int)class_index);

	if (!e->strict)
		return e->rate_bps;
	if (!k)
		return e->ceil_bps;
	for (size_t i = 0; i < k->class_count; i++)
		if (p->schedule[k->classes[i]].strict)
			return k->classes[i] == (int)class_index ? k->cir_bps : 0;
	return 0;
}

static void warn_guarantees(const struct config *c, const struct config_link *link,
			    const struct config_policy *p, uint64_t rate,
			    struct config_report *report)
{
	uint64_t sum = 0;
	char promised[RATE_TEXT_SIZE], total[RATE_TEXT_SIZE];

	for (size_t i = 0; i < c->class_count; i++)
		sum += guarantee(p, i);
	if (sum > rate)
		report_warning(
			report, p->where,
			"policy '%s' guarantees %s kbit/s in all, more than the %s kbit/s of "
			"link '%s' at %s:%u",
			p->name, kbps(sum, promised), kbps(rate, total), link->name,
			link->where.file, link->where.line);
}

static void warn_above_link(const struct config_link *link, const struct config_policy *p,
			    uint64_t rate, struct config_report *report)
{
	char cir[RATE_TEXT_SIZE], total[RATE_TEXT_SIZE];

	for (size_t i = 0; i < p->contract_count; i++)
		if (p->contracts[i].cir_bps > rate)
			report_warning(
				report, p->contracts[i].where,
				"a contract of %s kbit/s is above the %s of link '%s' at %s:%u: "
				"the link drops before the contract does",
				kbps(p->contracts[i].cir_bps, cir), kbps(rate, total), link->name,
				link->where.file, link->where.line);
}

/* On Wi-Fi the stock map of 802.1p to WMM puts PCP 5 into the video category (RFC 8325, 4.1). */
static void warn_wmm(const struct config *c, const struct config_link *link,
		     const struct config_policy *p, struct config_report *report)
{
	if (p->strip || (p->tag_pcp == TAG_PCP_KEEP && p->untagged == UNTAGGED_KEEP))
		return;
	for (size_t i = 0; i < c->class_count; i++)
		if (c->classes[i].dscp == DSCP_EF && p->pcp[i] == PCP_WMM_VIDEO &&
		    !p->pcp_mapped[i])
			report_warning(
				report, p->where,
				"policy '%s' sends '%s' into the LAN of link '%s' (%s:%u) at "
				"PCP 5, which Wi-Fi serves as video (WMM AC_VI); say so in "
				"'pcp-map': 6 for AC_VO, 5 if the LAN maps it itself",
				p->name, c->classes[i].name, link->name, link->where.file,
				link->where.line);
}

static void warn_of_direction(const struct config *c, const struct config_link *link,
			      enum direction d, struct config_report *report)
{
	const struct config_policy *p;
	uint64_t rate = config_egress(link, d)->rate_bps;

	if (link->policy[d] == CONFIG_NONE)
		return;
	p = &c->policies[link->policy[d]];
	if (rate) {
		warn_above_link(link, p, rate, report);
		warn_voice_share(c, link, p, rate, report);
		warn_guarantees(c, link, p, rate, report);
	}
	if (d == DOWNSTREAM)
		warn_wmm(c, link, p, report);
}

/* --- of a policy alone ------------------------------------------------------------ */

/* The largest packet that the policy meets, as the contract counts it. */
static int64_t largest_packet(const struct config *c, size_t policy,
			      const struct config_contract *k)
{
	const struct config_policy *p = &c->policies[policy];
	int64_t mtu = 0;

	for (size_t i = 0; i < c->link_count; i++)
		for (enum direction d = UPSTREAM; d < DIRECTIONS; d++)
			if (c->links[i].policy[d] == (int)policy &&
			    config_egress(&c->links[i], d)->mtu > mtu)
				mtu = config_egress(&c->links[i], d)->mtu;
	if (mtu == 0)
		mtu = MTU_DEFAULT;
	return mtu +
	       (int64_t)config_call_bytes(k->account, k->overhead_bytes,
					  p->untagged != UNTAGGED_KEEP) -
	       CALL_IP_BYTES;
}

/* An excess burst of 0 is a choice: there is no yellow then. */
static void warn_second_burst(const struct config_contract *k, int64_t largest,
			      struct config_report *report)
{
	const bool two_rates = k->meter == COLOUR_TRTCM;

	if (k->exceed != EXCEED_COLOUR || (!two_rates && k->excess_burst_bytes == 0))
		return;
	if ((int64_t)k->excess_burst_bytes < largest)
		report_warning(report, k->where,
			       "%s burst of %" PRIu64
			       " bytes lets no full frame be %s; the largest "
			       "counts %" PRId64,
			       two_rates ? "a peak" : "an excess", k->excess_burst_bytes,
			       two_rates ? "better than red" : "yellow", largest);
	else if (two_rates && k->excess_burst_bytes < k->burst_bytes)
		report_warning(report, k->where,
			       "a peak burst of %" PRIu64 " bytes is below the burst of %" PRIu64
			       ", which it cuts: what is over the peak is red",
			       k->excess_burst_bytes, k->burst_bytes);
}

static void warn_bursts(const struct config *c, size_t policy, struct config_report *report)
{
	const struct config_policy *p = &c->policies[policy];

	for (size_t i = 0; i < p->contract_count; i++) {
		const struct config_contract *k = &p->contracts[i];
		int64_t largest = largest_packet(c, policy, k);

		if ((int64_t)k->burst_bytes < largest)
			report_warning(report, k->where,
				       "a burst of %" PRIu64
				       " bytes never lets a full frame pass; the "
				       "largest counts %" PRId64,
				       k->burst_bytes, largest);
		else
			warn_second_burst(k, largest, report);
	}
}

/* Whether some packet can get the class in this policy. */
static bool is_reachable(const struct config *c, const struct config_policy *p, size_t class_index)
{
	const struct config_acl *acl = p->acl == CONFIG_NONE ? NULL : &c->acls[p->acl];

	if (p->trust != TRUST_NONE || p->default_class == (int)class_index)
		return true;
	for (size_t i = 0; acl && i < acl->rule_count; i++)
		if (acl->rules[i].class_index == (int)class_index)
			return true;
	for (size_t i = 0; i < p->contract_count; i++)
		if (p->contracts[i].remark_class == (int)class_index)
			return true;
	return false;
}

static void warn_erased(const struct config *c, const struct config_policy *p,
			struct config_report *report)
{
	char name[8];

	for (size_t i = 0; i < c->class_count; i++) {
		const struct config_class *class = &c->classes[i];

		if (!(p->allowed_dscp >> class->dscp & 1) && is_reachable(c, p, i))
			report_warning(
				report, p->where,
				"class '%s' leaves policy '%s' as CS0: 'allowed-dscp' has not its "
				"%s (%s:%u)",
				class->name, p->name,
				config_dscp_name(class->dscp, name, sizeof(name)),
				class->where.file, class->where.line);
	}
}

/* Colours that the guard erases, and code points that another class has, too. */
static void warn_colour(const struct config *c, const struct config_policy *p,
			const struct config_contract *k, const struct config_class *class,
			enum colour colour, struct config_report *report)
{
	const uint8_t dscp = dscp_of_colour(class->dscp, colour);
	const char *const word = colour == COLOUR_YELLOW ? "yellow" : "red";
	char name[8];

	if (p->allowed_dscp >> class->dscp & 1 && !(p->allowed_dscp >> dscp & 1))
		report_warning(report, k->where,
			       "%s of class '%s' leaves policy '%s' as CS0: 'allowed-dscp' has not "
			       "its %s",
			       word, class->name, p->name,
			       config_dscp_name(dscp, name, sizeof(name)));
	for (size_t i = 0; i < c->class_count; i++)
		if (c->classes[i].dscp == dscp)
			report_warning(
				report, k->where,
				"%s of class '%s' leaves as %s, the DSCP of class '%s' (%s:%u): "
				"they can't be told apart behind edgemark",
				word, class->name, config_dscp_name(dscp, name, sizeof(name)),
				c->classes[i].name, c->classes[i].where.file,
				c->classes[i].where.line);
}

static void warn_colours(const struct config *c, const struct config_policy *p,
			 struct config_report *report)
{
	for (size_t i = 0; i < p->contract_count; i++) {
		const struct config_contract *k = &p->contracts[i];

		for (size_t j = 0; k->exceed == EXCEED_COLOUR && j < k->class_count; j++) {
			const struct config_class *class = &c->classes[k->classes[j]];

			warn_colour(c, p, k, class, COLOUR_YELLOW, report);
			if (!k->drop_red)
				warn_colour(c, p, k, class, COLOUR_RED, report);
		}
	}
}

/* A contract that only counts, or colours and passes red, bounds nothing. */
static void warn_unbounded(const struct config *c, const struct config_policy *p,
			   struct config_report *report)
{
	for (size_t i = 0; i < c->class_count; i++) {
		const struct config_contract *k = contract_of(p, (int)i);

		if (p->schedule[i].strict && !p->schedule[i].ceil_bps && k && !config_bounds(k))
			report_warning(report, k->where,
				       "class '%s' is strict and its contract only %s: it could "
				       "starve the others; give it 'ceil-kbps' in the schedule",
				       c->classes[i].name,
				       k->exceed == EXCEED_COUNT ? "counts" : "colours");
	}
}

void config_warn(const struct config *c, struct config_report *report)
{
	for (size_t i = 0; i < c->acl_count; i++)
		warn_of_overlaps(c, &c->acls[i], report);
	warn_of_collision(c, report);
	for (size_t i = 0; i < c->policy_count; i++) {
		warn_bursts(c, i, report);
		warn_erased(c, &c->policies[i], report);
		warn_unbounded(c, &c->policies[i], report);
		warn_colours(c, &c->policies[i], report);
	}
	for (size_t i = 0; i < c->link_count; i++)
		for (enum direction d = UPSTREAM; d < DIRECTIONS; d++)
			warn_of_direction(c, &c->links[i], d, report);
}
