/* SPDX-License-Identifier: BSD-3-Clause */
/* The symbols are the recommendation's, so that it can be read beside this. */
#include "emodel.h"

#include <math.h>
#include <stddef.h>

/* Table 1: default values. */
#define SLR  8.0
#define RLR  2.0
#define OLR  (SLR + RLR)
#define STMR 15.0
#define LSTR 18.0
#define DS   3.0
#define TELR 65.0
#define WEPL 110.0
#define QDU  1.0
#define NC   (-70.0)
#define NFOR (-64.0)
#define PS   35.0
#define PR   35.0

const char emodel_assumptions[] =
	"mos and r_factor by ITU-T G.107 with its default values, from one-way delay 100 ms "
	"(assumed), no loss in the receiver's jitter buffer, and random loss (burst ratio 1) of "
	"rtp_lost + dropped packets; codec by RTP payload type: G.711 with concealment Ie 0 Bpl "
	"25.1, G.729A Ie 11 Bpl 19, G.723.1 (6.3 kbit/s) Ie 15 Bpl 16.1, GSM-FR Ie 20 Bpl 10 "
	"(GSM-EFR's); "
	"G.722, Opus, SILK and all other dynamic types are rated on the narrowband scale like "
	"G.711";

enum {
	TYPE_GSM = 3,
	TYPE_G723 = 4,
	TYPE_G729 = 18,
	TYPE_VIDEO_FIRST = 24,
	TYPE_VIDEO_LAST = 34,
	VIDEO_HZ = 90000,
};

static double decibels(double x)
{
	return 10.0 * log10(x);
}

static double power(double db)
{
	return pow(10.0, db / 10.0);
}

/* 7.2: noise at the 0 dBr point. */
static double noise(void)
{
	double pre = PR + decibels(1.0 + power(10.0 - LSTR));
	double nos = PS - SLR - DS - 100.0 + 0.004 * pow(PS - OLR - DS - 14.0, 2);
	double nor = RLR - 121.0 + pre + 0.008 * pow(pre - 35.0, 2);
	double nfo = NFOR + RLR;

	return decibels(power(NC) + power(nos) + power(nor) + power(nfo));
}

/* 7.3: what comes at the same time as the voice; t: mean one-way delay. */
static double simultaneous(double ro, double no, double t)
{
	double xolr = OLR + 0.2 * (64.0 + no - RLR);
	double iolr = 20.0 * (pow(1.0 + pow(xolr / 8.0, 8), 1.0 / 8.0) - xolr / 8.0);
	double stmro = -decibels(power(-STMR) + exp(-t / 4.0) * power(-TELR));
	double ist = 12.0 * pow(1.0 + pow((stmro - 13.0) / 6.0, 8), 1.0 / 8.0) -
		     28.0 * pow(1.0 + pow((stmro + 1.0) / 19.4, 35), 1.0 / 35.0) -
		     13.0 * pow(1.0 + pow((stmro - 3.0) / 33.0, 13), 1.0 / 13.0) + 29.0;
	double q = 37.0 - 15.0 * log10(QDU);
	double g = 1.07 + 0.258 * q + 0.0602 * q * q;
	double y = (ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0;
	double z = 46.0 / 30.0 - g / 40.0;

	return iolr + ist + 15.0 * log10(1.0 + pow(10.0, y) + pow(10.0, z));
}

/* 7.4: talker echo, listener echo, and delay by itself. */
static double delayed(double ro, double no, double t)
{
	double terv =
		TELR - 40.0 * log10((1.0 + t / 10.0) / (1.0 + t / 150.0)) + 6.0 * exp(-0.3 * t * t);
	double half_talker = (-1.5 * (no - RLR) - (80.0 + 2.5 * (terv - 14.0))) / 2.0;
	double idte =
		(half_talker + sqrt(half_talker * half_talker + 100.0) - 1.0) * (1.0 - exp(-t));
	double half_listener = (ro - 10.5 * (WEPL + 7.0) * pow(2.0 * t + 1.0, -0.25)) / 2.0;
	double idle = half_listener + sqrt(half_listener * half_listener + 169.0);
	double idd = 0.0;

	if (t > 100.0) {
		double x = log2(t / 100.0);

		idd = 25.0 * (pow(1.0 + pow(x, 6), 1.0 / 6.0) -
			      3.0 * pow(1.0 + pow(x / 3.0, 6), 1.0 / 6.0) + 2.0);
	}
	return idte + idle + idd;
}

double emodel_rating(double delay_ms)
{
	double no = noise();
	double ro = 15.0 - 1.5 * (SLR + no);

	return ro - simultaneous(ro, no, delay_ms) - delayed(ro, no, delay_ms);
}

double emodel_impairment(const struct emodel_codec *codec, double loss_percent)
{
	return codec->ie + (95.0 - codec->ie) * loss_percent / (loss_percent + codec->bpl);
}

double emodel_mos(double r)
{
	if (r <= 0.0)
		return 1.0;
	if (r >= 100.0)
		return 4.5;
	return 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
}

const struct emodel_codec *emodel_codec(uint8_t payload_type, uint32_t clock_hz)
{
	static const struct emodel_codec g711 = {"G.711 with concealment", 0.0, 25.1};
	static const struct emodel_codec gsm = {"GSM-FR", 20.0, 10.0};
	static const struct emodel_codec g723 = {"G.723.1", 15.0, 16.1};
	static const struct emodel_codec g729 = {"G.729A", 11.0, 19.0};

	if (clock_hz == VIDEO_HZ ||
	    (payload_type >= TYPE_VIDEO_FIRST && payload_type <= TYPE_VIDEO_LAST))
		return NULL;
	switch (payload_type) {
	case TYPE_GSM:
		return &gsm;
	case TYPE_G723:
		return &g723;
	case TYPE_G729:
		return &g729;
	default:
		return &g711;
	}
}
