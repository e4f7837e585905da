/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The counters document as tables for people: at most 100 columns, units in the headers,
 * colour only on a terminal. They read JSON, so that they serve a running daemon, a replay
 * and a file alike.
 */
#ifndef EDGEMARK_TABLES_H
#define EDGEMARK_TABLES_H

#include <stdio.h>

#include <jansson.h>

enum { TABLES_WIDTH = 100 };

void table_links(const json_t *document, FILE *out);	 /* the balance of each direction */
void table_classes(const json_t *document, FILE *out);	 /* per class, with its queue */
void table_contracts(const json_t *document, FILE *out); /* admitted against excess */
void table_acl(const json_t *document, FILE *out);	 /* packets that each rule decided */
void table_drops(const json_t *document, FILE *out);	 /* by reason, anomalies, port losses */
void table_calls(const json_t *document, FILE *out);	 /* what was done to each call */
void table_talkers(const json_t *document, FILE *out);	 /* intruders and mismatches */
void table_workers(const json_t *document, FILE *out);	 /* how busy they are */

/* Of what "policy" answers, not of the counters document. */
void table_policy(const json_t *policy, FILE *out);

/* One line: "demo upstream: received 10, sent 9, dropped 1 (contract 1), queued 0". */
void table_balance_line(const json_t *link, const char *direction, FILE *out);

#endif
