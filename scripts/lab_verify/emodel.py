# SPDX-License-Identifier: BSD-3-Clause
"""ITU-T G.107 (06/2015) with its default values, for R and MOS from delay and loss. Written
from the recommendation, clause by clause."""
from math import exp, log10, log2

SLR, RLR, STMR, LSTR, DS, DR, TELR, WEPL, QDU, NC, NFOR, PS, PR = (
    8, 2, 15, 18, 3, 3, 65, 110, 1, -70, -64, 35, 35)


def level_sum(*levels):
    return 10 * log10(sum(10 ** (level / 10) for level in levels))


def signal_to_noise():
    """Ro, equations 7-2 to 7-7, and No."""
    olr = SLR + RLR
    nos = PS - SLR - DS - 100 + 0.004 * (PS - olr - DS - 14) ** 2
    pre = PR + 10 * log10(1 + 10 ** ((10 - LSTR) / 10))
    nor = RLR - 121 + pre + 0.008 * (pre - 35) ** 2
    no = level_sum(NC, nos, nor, NFOR + RLR)
    return 15 - 1.5 * (SLR + no), no


def simultaneous(ro, no, delay):
    """Is, equations 7-8 to 7-17."""
    xolr = SLR + RLR + 0.2 * (64 + no - RLR)
    iolr = 20 * ((1 + (xolr / 8) ** 8) ** (1 / 8) - xolr / 8)
    stmro = -10 * log10(10 ** (-STMR / 10) + exp(-delay / 4) * 10 ** (-TELR / 10))
    ist = (12 * (1 + ((stmro - 13) / 6) ** 8) ** (1 / 8)
           - 28 * (1 + ((stmro + 1) / 19.4) ** 35) ** (1 / 35)
           - 13 * (1 + ((stmro - 3) / 33) ** 13) ** (1 / 13) + 29)
    q = 37 - 15 * log10(QDU)
    g = 1.07 + 0.258 * q + 0.0602 * q * q
    y = (ro - 100) / 15 + 46 / 8.4 - g / 9
    z = 46 / 30 - g / 40
    return iolr + ist + 15 * log10(1 + 10 ** y + 10 ** z)


def delayed(ro, no, delay):
    """Id, equations 7-18 to 7-28, for Ta = T and Tr = 2 T."""
    terv = TELR - 40 * log10((1 + delay / 10) / (1 + delay / 150)) + 6 * exp(-0.3 * delay ** 2)
    roe = -1.5 * (no - RLR)
    re = 80 + 2.5 * (terv - 14)
    idte = ((roe - re) / 2 + (((roe - re) ** 2) / 4 + 100) ** 0.5 - 1) * (1 - exp(-delay))
    rle = 10.5 * (WEPL + 7) * (2 * delay + 1) ** -0.25
    idle = (ro - rle) / 2 + (((ro - rle) ** 2) / 4 + 169) ** 0.5
    if delay <= 100:
        return idte + idle
    x = log2(delay / 100)
    return idte + idle + 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)


def r_factor(delay_ms, loss_percent, ie, bpl):
    ro, no = signal_to_noise()
    impairment = ie + (95 - ie) * loss_percent / (loss_percent + bpl)  # 7-29, BurstR = 1
    return ro - simultaneous(ro, no, delay_ms) - delayed(ro, no, delay_ms) - impairment


def mos(r):
    """Annex B."""
    if r <= 0:
        return 1.0
    return 4.5 if r >= 100 else 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6
