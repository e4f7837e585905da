/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracle's marker: takes the frame apart and writes it anew. */
#include "oracle/oracle.h"

#include <string.h>

struct layout { /* the frame as it leaves */
	unsigned tag_count;
	uint8_t tags[3][4];
};

static uint8_t default_pcp(const struct policy_spec *policy)
{
	return oracle_class(policy, policy->default_slot)->pcp;
}

/* Which frames a tag may be put into or taken from: all that have an EtherType to put it
 * before, but link control, and nothing of a transparent policy. */
static bool may_retag(const struct policy_spec *policy, const struct oracle_packet *p)
{
	return !policy->transparent && !p->link_local && p->length >= 14;
}

static void insert_tag(struct layout *l, unsigned pcp, unsigned vid)
{
	const uint8_t tag[4] = {0x81, 0x00, (uint8_t)(pcp << 5 | vid >> 8), (uint8_t)vid};

	memcpy(l->tags[0], tag, 4);
	l->tag_count = 1;
}

static void lay_out_tags(const struct policy_spec *policy, const struct oracle_packet *p,
			 unsigned pcp, struct layout *l)
{
	bool retag = may_retag(policy, p);
	unsigned from = retag && policy->strip && p->tags > 0;

	l->tag_count = 0;
	for (unsigned i = from; i < p->tags; i++)
		memcpy(l->tags[l->tag_count++], p->bytes + 12 + (size_t)4 * i, 4);
	for (unsigned i = 0; i < l->tag_count && p->family != 0 && !policy->transparent; i++) {
		if (policy->tag_pcp == TAG_PCP_KEEP || (policy->tag_pcp == TAG_PCP_OUTER && i > 0))
			break;
		l->tags[i][2] = (uint8_t)(pcp << 5 | (l->tags[i][2] & 0x1f));
	}
	if (retag && p->tags == 0 && policy->untagged != UNTAGGED_KEEP)
		insert_tag(l, p->family ? pcp : default_pcp(policy), (unsigned)policy->untagged);
}

/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'), in ones' complement. */
static void patch_checksum(uint8_t *header, unsigned old_word, unsigned new_word)
{
	unsigned checksum = (unsigned)header[10] << 8 | header[11];
	unsigned sum = (checksum ^ 0xffff) + (old_word ^ 0xffff) + new_word;

	if (old_word == new_word)
		return;
	while (sum > 0xffff)
		sum = sum % 0x10000 + sum / 0x10000;
	header[10] = (uint8_t)((sum ^ 0xffff) >> 8);
	header[11] = (uint8_t)(sum ^ 0xffff);
}

static void write_dscp(uint8_t *ip, int family, unsigned dscp)
{
	unsigned old_word = (unsigned)ip[0] << 8 | ip[1];
	unsigned shift = family == 4 ? 2 : 6; /* below: ECN, and the IPv6 flow label */
	unsigned new_word = (old_word & ~(0x3fu << shift)) | dscp << shift;

	ip[0] = (uint8_t)(new_word >> 8);
	ip[1] = (uint8_t)new_word;
	if (family == 4)
		patch_checksum(ip, old_word, new_word);
}

uint32_t oracle_mark(const struct policy_spec *policy, const struct oracle_packet *p,
		     uint8_t class_slot, uint8_t *out)
{
	const struct class_spec *class = oracle_class(policy, class_slot);
	uint32_t rest_at = 12 + 4 * p->tags; /* the last EtherType and all after it */
	struct layout l;
	uint32_t n = 12;

	if (p->length < 14) {
		memcpy(out, p->bytes, p->length);
		return p->length;
	}
	lay_out_tags(policy, p, class ? class->pcp : 0, &l);
	memcpy(out, p->bytes, 12);
	for (unsigned i = 0; i < l.tag_count; i++, n += 4)
		memcpy(out + n, l.tags[i], 4);
	memcpy(out + n, p->bytes + rest_at, p->length - rest_at);
	if (p->family != 0 && class && !policy->transparent) {
		bool allowed = policy->allowed_dscp >> class->dscp & 1;

		write_dscp(out + n + 2, p->family, allowed ? class->dscp : 0);
	}
	return n + p->length - rest_at;
}

uint32_t oracle_leaving_bytes(const struct policy_spec *policy, const struct oracle_packet *p)
{
	if (!may_retag(policy, p))
		return p->length;
	if (p->tags == 0)
		return policy->untagged == UNTAGGED_KEEP ? p->length : p->length + 4;
	return policy->strip ? p->length - 4 : p->length;
}
