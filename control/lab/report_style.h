/* SPDX-License-Identifier: BSD-3-Clause */
/* The report's style sheet. */
#ifndef EDGEMARK_LAB_REPORT_STYLE_H
#define EDGEMARK_LAB_REPORT_STYLE_H

extern const char report_style[];

#endif
