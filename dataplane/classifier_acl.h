/* SPDX-License-Identifier: BSD-3-Clause */
/* The rte_acl half of building a classifier. Thread: control. */
#ifndef EDGEMARK_CLASSIFIER_ACL_H
#define EDGEMARK_CLASSIFIER_ACL_H

struct classifier;

/* Makes the IPv4 and IPv6 contexts from c->rules, where the tables leave anything open. */
int classifier_acl_build(struct classifier *c);

#endif
