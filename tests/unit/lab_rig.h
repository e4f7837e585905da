/* SPDX-License-Identifier: BSD-3-Clause */
/* A lab's plan from a command line, for tests of its parts. */
#ifndef EDGEMARK_TESTS_LAB_RIG_H
#define EDGEMARK_TESTS_LAB_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <getopt.h>

#include "overrun_arguments.h"
#include "overrun_plan.h"

/* As the shell would split it. The words stay where they are: options point into them. */
static inline int lab_parse(const char *line, struct overrun_arguments *a)
{
	static char words[1024];
	static char *argv[64];
	int argc = 0;

	assert_true(strlen(line) < sizeof(words));
	strcpy(words, line);
	argv[argc++] = "overrun";
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	optind = 0; /* glibc: from the start again */
	return overrun_arguments_parse(argc, argv, a);
}

struct lab_rig {
	struct overrun_arguments arguments;
	struct overrun_plan plan;
};

static inline void lab_plan(struct lab_rig *r, const char *line)
{
	assert_int_equal(lab_parse(line, &r->arguments), 0);
	assert_int_equal(overrun_plan_make(&r->arguments, &r->plan), 0);
}

static inline void lab_clear(struct lab_rig *r)
{
	overrun_arguments_clear(&r->arguments);
}

#endif
