/* SPDX-License-Identifier: BSD-3-Clause */
/* report_page RESULT.json DIRECTORY: the report of a result, for test_report.py. */
#include <stdio.h>

#include "report.h"

int main(int argc, char **argv)
{
	json_error_t error;
	json_t *result = argc == 3 ? json_load_file(argv[1], 0, &error) : NULL;
	int err;

	if (!result) {
		fputs("usage: report_page RESULT.json DIRECTORY\n", stderr);
		return 2;
	}
	err = lab_report_write(result, argv[2]);
	json_decref(result);
	return err ? 1 : 0;
}
