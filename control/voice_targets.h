/* SPDX-License-Identifier: BSD-3-Clause */
/* What business-grade voice may suffer: a call outside it is hurt. Loss: none. */
#ifndef EDGEMARK_VOICE_TARGETS_H
#define EDGEMARK_VOICE_TARGETS_H

/* Interarrival jitter (RFC 3550 A.8) of a call: its mean and its maximum. */
#define JITTER_MEAN_MS 5.0
#define JITTER_MAX_MS  40.0

#endif
