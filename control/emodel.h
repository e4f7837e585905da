/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The E-model, ITU-T G.107 (06/2015): the rating R of a narrowband connection and the mean
 * opinion score that it stands for. All parameters but delay, loss and codec have the
 * recommendation's default values.
 */
#ifndef EDGEMARK_EMODEL_H
#define EDGEMARK_EMODEL_H

#include <stdbool.h>
#include <stdint.h>

/* Mouth to ear is not seen from one point of the way: assumed, as facts allow at most. */
#define EMODEL_DELAY_MS 100.0

/* G.113 Appendix I: equipment impairment, and robustness against random loss. */
struct emodel_codec {
	const char *name;
	double ie, bpl;
};

/* By the RTP payload type (RFC 3551); dynamic types are rated like G.711. NULL: video, or
 * another type that the model has nothing to say of. clock_hz 0: not known. */
const struct emodel_codec *emodel_codec(uint8_t payload_type, uint32_t clock_hz);

/* R without impairment by the codec: delay_ms one way (Ta = T, Tr = 2 T). */
double emodel_rating(double delay_ms);

/* Ie,eff at this loss; the burst ratio is 1: what is lost is lost at random. */
double emodel_impairment(const struct emodel_codec *codec, double loss_percent);

/* G.107 Annex B. */
double emodel_mos(double r);

/* What all these figures assume, in a sentence. */
extern const char emodel_assumptions[];

#endif
