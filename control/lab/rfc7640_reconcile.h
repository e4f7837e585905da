/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The capture that a trial wrote, read back: its frames by stream, and every figure that
 * the counters document gives of them, to the packet and the byte. Thread: any.
 */
#ifndef EDGEMARK_LAB_RFC7640_RECONCILE_H
#define EDGEMARK_LAB_RFC7640_RECONCILE_H

#include "rfc7640_trial.h"

/* Fills t->departures and t->reconciled. Frames that are not the test's, that come twice,
 * or that bear a code point of no class are differences, too. 0 whatever is found, or
 * negative errno with one line on stderr where the capture can't be read. */
int trial_reconcile(struct trial *t);

#endif
