/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Family by family, as the format wants it; for each one a walk over its scope. Labels go
 * from the outside in: link, direction, class or contract, and the family's own.
 */
#include "metrics.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric_families.h"

enum { LABELS_MAX = 4 };

struct labels {
	const char *name[LABELS_MAX], *value[LABELS_MAX];
	size_t count;
};

static const char *const directions[] = {"upstream", "downstream"};

/* --- one sample ------------------------------------------------------------------------ */

static struct labels with(struct labels l, const char *name, const char *value)
{
	if (!name || l.count == LABELS_MAX)
		return l;
	l.name[l.count] = name;
	l.value[l.count++] = value ? value : "";
	return l;
}

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
}

static void put_labels(FILE *out, const struct labels *l)
{
	for (size_t i = 0; i < l->count; i++) {
		fprintf(out, "%s%s=\"", i ? "," : "{", l->name[i]);
		put_escaped(out, l->value[i]);
		fputc('"', out);
	}
	if (l->count)
		fputc('}', out);
}

static void put_value(FILE *out, const json_t *value, double scale)
{
	if (json_is_integer(value) && scale == 0)
		fprintf(out, " %" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	else if (json_is_boolean(value))
		fprintf(out, " %d\n", json_is_true(value));
	else
		fprintf(out, " %.15g\n", json_number_value(value) * (scale != 0 ? scale : 1));
}

static const json_t *at(const json_t *object, const char *path)
{
	char key[64];

	while (object && *path) {
		const size_t length = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)length, path);
		object = json_object_get(object, key);
		path += length + (path[length] == '.');
	}
	return object;
}

/* --- histograms ------------------------------------------------------------------------- */

static void put_bucket(FILE *out, const char *name, struct labels l, const char *le,
		       json_int_t count)
{
	l = with(l, "le", le);
	fprintf(out, "%s_bucket", name);
	put_labels(out, &l);
	fprintf(out, " %" JSON_INTEGER_FORMAT "\n", count);
}

static void put_histogram(FILE *out, const char *name, const struct labels *l, const json_t *h)
{
	const json_int_t count = json_integer_value(json_object_get(h, "count"));
	const json_t *bucket;
	size_t i;

	json_array_foreach(json_object_get(h, "buckets"), i, bucket)
	{
		char le[32];

		snprintf(le, sizeof(le), "%.15g", json_number_value(json_array_get(bucket, 0)));
		put_bucket(out, name, *l, le, json_integer_value(json_array_get(bucket, 1)));
	}
	put_bucket(out, name, *l, "+Inf", count);
	fprintf(out, "%s_sum", name);
	put_labels(out, l);
	fprintf(out, " %.15g\n", json_number_value(json_object_get(h, "sum")));
	fprintf(out, "%s_count", name);
	put_labels(out, l);
	fprintf(out, " %" JSON_INTEGER_FORMAT "\n", count);
}

/* --- a family over its scope --------------------------------------------------------------- */

static void put_samples(FILE *out, const struct metric_family *f, const struct labels *l,
			const json_t *object)
{
	for (size_t i = 0; i < SAMPLES_MAX && f->samples[i].path; i++) {
		const json_t *value = at(object, f->samples[i].path);
		const struct labels own = with(*l, f->label, f->samples[i].value);

		if (json_is_object(value)) {
			put_histogram(out, f->name, l, value);
		} else if (json_is_number(value) || json_is_boolean(value)) {
			fputs(f->name, out);
			put_labels(out, &own);
			put_value(out, value, f->scale);
		}
	}
}

static void put_names(FILE *out, const struct metric_family *f, const struct labels *l,
		      const json_t *direction)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)at(direction, f->samples[0].path), name, value)
	{
		const struct labels own = with(*l, f->label, name);

		fputs(f->name, out);
		put_labels(out, &own);
		put_value(out, value, f->scale);
	}
}

/* Each of an array, named by the value of one of its keys. */
static void put_each(FILE *out, const struct metric_family *f, const struct labels *l,
		     const json_t *array, const char *label, const char *key)
{
	const json_t *object;
	size_t i;

	json_array_foreach(array, i, object)
	{
		const struct labels own =
			with(*l, label, json_string_value(json_object_get(object, key)));

		put_samples(out, f, &own, object);
	}
}

static void put_direction(FILE *out, const struct metric_family *f, const struct labels *l,
			  const json_t *direction)
{
	if (f->scope == SCOPE_NAMES)
		put_names(out, f, l, direction);
	else if (f->scope == SCOPE_CLASS)
		put_each(out, f, l, json_object_get(direction, "classes"), "class", "name");
	else if (f->scope == SCOPE_CONTRACT)
		put_each(out, f, l, json_object_get(direction, "contracts"), "contract", "class");
	else
		put_samples(out, f, l, direction);
}

static void put_links(FILE *out, const struct metric_family *f, const json_t *figures)
{
	const json_t *link;
	size_t i;

	json_array_foreach(at(figures, "document.links"), i, link)
	{
		const char *name = json_string_value(json_object_get(link, "name"));

		for (size_t d = 0; d < 2; d++) {
			struct labels l = with((struct labels){0}, "link", name);

			l = with(l, "direction", directions[d]);
			put_direction(out, f, &l, json_object_get(link, directions[d]));
		}
	}
}

static void put_workers(FILE *out, const struct metric_family *f, const json_t *figures)
{
	const json_t *worker;
	size_t i;

	json_array_foreach(json_object_get(figures, "heartbeat"), i, worker)
	{
		char lcore[16];
		struct labels l;

		snprintf(lcore, sizeof(lcore), "%d",
			 (int)json_integer_value(json_object_get(worker, "lcore")));
		l = with((struct labels){0}, "lcore", lcore);
		put_samples(out, f, &l, worker);
	}
}

static void put_calls(FILE *out, const struct metric_family *f, const json_t *figures)
{
	static const char *const names[] = {"link", "direction", "class"};
	const json_t *group;
	size_t i;

	json_array_foreach(json_object_get(figures, "call_groups"), i, group)
	{
		struct labels l = {0};

		for (size_t k = 0; k < 3; k++)
			l = with(l, names[k], json_string_value(json_object_get(group, names[k])));
		put_samples(out, f, &l, group);
	}
}

static void put_family(FILE *out, const struct metric_family *f, const json_t *figures)
{
	const struct labels none = {0};

	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, f->type);
	switch (f->scope) {
	case SCOPE_PROCESS:
		put_samples(out, f, &none, figures);
		break;
	case SCOPE_WORKER:
		put_workers(out, f, figures);
		break;
	case SCOPE_CALLS:
		put_calls(out, f, figures);
		break;
	default:
		put_links(out, f, figures);
	}
}

static void put_build(FILE *out, const json_t *figures)
{
	struct labels l = {0};

	l = with(l, "version", json_string_value(json_object_get(figures, "version")));
	l = with(l, "dpdk", json_string_value(json_object_get(figures, "dpdk")));
	fputs("# HELP edgemark_build_info What runs; always 1.\n"
	      "# TYPE edgemark_build_info gauge\nedgemark_build_info",
	      out);
	put_labels(out, &l);
	fputs(" 1\n", out);
}

char *metrics_text(const json_t *figures, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);
	bool whole;

	if (!out)
		return NULL;
	put_build(out, figures);
	for (size_t i = 0; i < metric_family_count; i++)
		put_family(out, &metric_families[i], figures);
	whole = ferror(out) == 0;
	if (fclose(out) == 0 && whole)
		return text;
	free(text);
	return NULL;
}
