/* SPDX-License-Identifier: BSD-3-Clause */
/* What is allowed but probably not meant. Looks at a finished configuration. */
#ifndef EDGEMARK_CONFIG_WARNINGS_H
#define EDGEMARK_CONFIG_WARNINGS_H

#include "config.h"

void config_warn(const struct config *c, struct config_report *report);

#endif
