/* SPDX-License-Identifier: BSD-3-Clause */
/* What `edgemark lab overrun --help` prints. */
#ifndef EDGEMARK_LAB_OVERRUN_HELP_H
#define EDGEMARK_LAB_OVERRUN_HELP_H

extern const char overrun_help[];

#endif
