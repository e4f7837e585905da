/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* memfd_create, environ */
#include "gnuplot.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the child -------------------------------------------------------------------------- */

/* Runs it with its standard streams on these descriptors, and waits. */
static int run(char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t streams;
	int status, err;
	pid_t child;

	err = posix_spawn_file_actions_init(&streams);
	if (err)
		return -err;
	err = posix_spawn_file_actions_adddup2(&streams, in, STDIN_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&streams, out, STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_addopen(&streams, STDERR_FILENO, "/dev/null",
						       O_WRONLY, 0);
	if (!err)
		err = posix_spawnp(&child, argv[0], &streams, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&streams);
	if (err)
		return -err;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int read_all(int fd, char **text)
{
	const off_t end = lseek(fd, 0, SEEK_END);
	size_t have = 0;

	if (end < 0)
		return -errno;
	*text = malloc((size_t)end + 1);
	if (!*text)
		return -ENOMEM;
	while (have < (size_t)end) {
		ssize_t n = pread(fd, *text + have, (size_t)end - have, (off_t)have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	(*text)[have] = '\0';
	return 0;
}

static int run_and_read(char *const argv[], int in, char **text)
{
	const int out = memfd_create("gnuplot-out", MFD_CLOEXEC);
	int err;

	if (out < 0)
		return -errno;
	*text = NULL;
	err = run(argv, in, out);
	if (!err)
		err = read_all(out, text);
	close(out);
	return *text || err ? err : -ENOMEM;
}

int gnuplot_version(char *line, size_t bytes)
{
	static char program[] = "gnuplot", option[] = "--version";
	char *text = NULL;
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC), err;

	if (in < 0)
		return -errno;
	err = run_and_read((char *[]){program, option, NULL}, in, &text);
	close(in);
	if (!err && text)
		snprintf(line, bytes, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	return err;
}

FILE *gnuplot_script(void)
{
	const int fd = memfd_create("gnuplot-script", MFD_CLOEXEC);
	FILE *script = fd < 0 ? NULL : fdopen(fd, "w+");

	if (!script && fd >= 0)
		close(fd);
	return script;
}

int gnuplot_run(FILE *script, char **svg)
{
	/* -d: no settings of the user's */
	static char program[] = "gnuplot", option[] = "-d";
	int err;

	*svg = NULL;
	if (fflush(script) != 0 || lseek(fileno(script), 0, SEEK_SET) < 0)
		return -errno;
	err = run_and_read((char *[]){program, option, NULL}, fileno(script), svg);
	if (!err && (!*svg || !strstr(*svg, "</svg>")))
		err = -EIO;
	if (err) {
		free(*svg);
		*svg = NULL;
	}
	return err;
}

/* --- the picture ------------------------------------------------------------------------ */

static bool begins(const char *at, const char *with)
{
	return strncmp(at, with, strlen(with)) == 0;
}

/* Behind the end of the next `tag`, or at where there is none. */
static const char *behind(const char *at, const char *tag)
{
	const char *found = strstr(at, tag);

	return found ? found + strlen(tag) : at;
}

/* Groups without anything in them are half of what gnuplot writes. */
static const char *skip_empty_group(const char *at)
{
	const char *inside = strchr(at, '>');

	if (!begins(at, "<g ") || !inside)
		return at;
	inside++;
	inside += strspn(inside, " \t\n");
	return begins(inside, "</g>\n") ? inside + strlen("</g>\n") : at;
}

/* One character, or a whole reference to an id, with the prefix. */
static const char *copy_piece(FILE *out, const char *at, const char *prefix)
{
	static const char *const before_id[] = {" id=\"", " id='", "href=\"#", "href='#", "url(#"};

	for (size_t i = 0; i < sizeof(before_id) / sizeof(before_id[0]); i++)
		if (begins(at, before_id[i])) {
			fprintf(out, "%s%s", before_id[i], prefix);
			return at + strlen(before_id[i]);
		}
	fputc(*at, out);
	return at + 1;
}

static void view_box(FILE *out, const char *svg)
{
	const char *box = strstr(svg, "viewBox=\"");

	if (box)
		fprintf(out, " viewBox=\"%.*s\"", (int)strcspn(box + 9, "\"<>"), box + 9);
}

void gnuplot_inline(FILE *out, const char *svg, const char *prefix, const char *label)
{
	const bool defines = strstr(svg, "<use ") && strstr(svg, "transform='translate(");
	const char *at = behind(svg, "</desc>"), *next;

	fputs("<svg xmlns=\"http://www.w3.org/2000/svg\" "
	      "xmlns:xlink=\"http://www.w3.org/1999/xlink\"",
	      out);
	view_box(out, svg);
	fprintf(out, " role=\"img\" aria-label=\"%s\">", label);
	while (*at) {
		if (!defines && begins(at, "<defs>"))
			at = behind(at, "</defs>");
		next = skip_empty_group(at);
		if (next != at)
			at = next;
		else if (*at)
			at = copy_piece(out, at, prefix);
	}
}

void gnuplot_label(char *label, size_t bytes, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < bytes; text++) {
		const bool plain =
			(isascii(*text) && isalnum((unsigned char)*text)) || strchr(" .-_", *text);

		label[n++] = '?';
		if (plain)
			label[n - 1] = *text;
	}
	label[n] = '\0';
}
