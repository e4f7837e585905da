/* SPDX-License-Identifier: BSD-3-Clause */
/* The experiments of `edgemark lab`. Each gets argv from its own name on, and returns an
 * exit code. */
#ifndef EDGEMARK_LAB_H
#define EDGEMARK_LAB_H

/* X(function, name, what it does) */
#define LAB_LIST(X)                                                                                \
	X(lab_overrun, "overrun", "calls above their contract, and what each exceed makes of it")  \
	X(lab_rfc7640, "rfc7640", "policers, queues and shapers benchmarked as RFC 7640 asks")

#define X(function, name, help) int function(int argc, char **argv);
LAB_LIST(X)
#undef X

#endif
