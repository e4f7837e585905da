/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules that get in each other's way. */
#ifndef EDGEMARK_CONFIG_OVERLAPS_H
#define EDGEMARK_CONFIG_OVERLAPS_H

#include "config.h"

/* Of one ACL: rules that an earlier one hides, port ranges that overlap in part. */
void warn_of_overlaps(const struct config *c, const struct config_acl *acl,
		      struct config_report *report);

/* Of all ACLs: EF on the ports that Lync uses for audio and Teams for video. */
void warn_of_collision(const struct config *c, struct config_report *report);

#endif
