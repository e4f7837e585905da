/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `edgemark lab overrun`: the same arrivals through one run after the other, then the result
 * as a table, as JSON, and into the report's directory. What can't be written is found before
 * the first run.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>

#include "control/commands.h"
#include "control/document.h"

#include "lab.h"
#include "overrun_result.h"
#include "overrun_table.h"
#include "report.h"
#include "virtual_site.h"

struct experiment {
	struct overrun_arguments arguments;
	struct overrun_plan plan;
	json_t *result;
	uint64_t digest; /* of the first run's arrivals */
	FILE *json;
};

static int unwritable(const char *path, int err)
{
	fprintf(stderr, "edgemark: %s: can't be written: %s\n", path, strerror(err));
	return EXIT_RUNTIME;
}

static int prepare_output(struct experiment *x)
{
	const char *directory = x->arguments.report, *json = x->arguments.json;
	struct stat status;

	if (directory) {
		if (mkdir(directory, 0777) != 0 && errno != EEXIST)
			return unwritable(directory, errno);
		if (stat(directory, &status) == 0 && !S_ISDIR(status.st_mode))
			return unwritable(directory, ENOTDIR);
		if (access(directory, W_OK | X_OK) != 0)
			return unwritable(directory, errno);
	}
	if (json) {
		x->json = strcmp(json, "-") == 0 ? stdout : fopen(json, "w");
		if (!x->json)
			return unwritable(json, errno);
	}
	return EXIT_OK;
}

static int start_eal(const struct experiment *x)
{
	struct config *c = overrun_plan_config(&x->plan, x->plan.exceed[0], false);
	int err;

	if (!c)
		return EXIT_CONFIG;
	err = virtual_site_start_eal(c, 0);
	config_free(c);
	return err < 0 ? EXIT_RUNTIME : EXIT_OK;
}

static int keep_result(struct experiment *x, const struct overrun_run *run)
{
	if (!x->result) {
		x->digest = run->account.digest;
		x->result = overrun_result_begin(&x->plan, &run->account);
	}
	if (run->account.digest != x->digest) {
		fprintf(stderr,
			"edgemark: lab overrun: %s saw other arrivals than the run before. "
			"This is a defect of edgemark\n",
			config_exceed_name(run->exceed));
		return EXIT_RUNTIME;
	}
	if (x->result && overrun_result_add(x->result, &x->plan, run) == 0)
		return EXIT_OK;
	fprintf(stderr, "edgemark: lab overrun: out of memory\n");
	return EXIT_RUNTIME;
}

static int run_all(struct experiment *x)
{
	struct overrun_run *run = malloc(sizeof(*run));
	int code = run ? start_eal(x) : EXIT_RUNTIME;

	for (size_t i = 0; i < x->plan.runs && code == EXIT_OK; i++) {
		code = overrun_run(&x->plan, x->plan.exceed[i], i == 0, run);
		if (code == EXIT_OK)
			code = keep_result(x, run);
		overrun_run_clear(run);
	}
	free(run);
	return code;
}

/* --- output ------------------------------------------------------------------------------- */

static int write_json(FILE *out, const char *path, const json_t *result)
{
	bool sound = json_dumpf(result, out, DOCUMENT_FORMAT) == 0 && fputc('\n', out) != EOF;

	sound = fflush(out) == 0 && sound;
	if (!sound)
		fprintf(stderr, "edgemark: %s: can't be written whole: %s\n", path,
			strerror(errno));
	return sound ? EXIT_OK : EXIT_RUNTIME;
}

static int write_report(const struct experiment *x)
{
	char path[4096];
	FILE *out;
	int code;

	snprintf(path, sizeof(path), "%s/lab.json", x->arguments.report);
	out = fopen(path, "w");
	if (!out)
		return unwritable(path, errno);
	code = write_json(out, path, x->result);
	if (fclose(out) != 0 && code == EXIT_OK)
		code = unwritable(path, errno);
	if (code == EXIT_OK && lab_report_write(x->result, x->arguments.report) < 0)
		code = EXIT_RUNTIME;
	return code;
}

static int conclude(const struct experiment *x)
{
	int code = EXIT_OK;

	if (x->json != stdout)
		overrun_table_print(stdout, x->result);
	if (x->json)
		code = write_json(x->json, x->arguments.json, x->result);
	if (x->arguments.report && write_report(x) != EXIT_OK)
		code = EXIT_RUNTIME;
	return code;
}

int lab_overrun(int argc, char **argv)
{
	struct experiment x = {0};
	bool eal = false;
	int code = overrun_arguments_parse(argc, argv, &x.arguments);

	if (code == EXIT_OK)
		code = overrun_plan_make(&x.arguments, &x.plan);
	if (code == EXIT_OK)
		code = prepare_output(&x);
	if (code == EXIT_OK) {
		eal = true;
		code = run_all(&x);
	}
	if (code == EXIT_OK)
		code = conclude(&x);
	if (x.json && x.json != stdout)
		fclose(x.json);
	if (eal)
		rte_eal_cleanup();
	json_decref(x.result);
	overrun_arguments_clear(&x.arguments);
	return code < 0 ? EXIT_OK : code;
}
