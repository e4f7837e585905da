/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes seeds for fuzz_parse and fuzz_pipeline: DIRECTORY/parse and DIRECTORY/pipeline,
 * the same frames in the formats that the two read.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "oracle/random_frame.h"
#include "oracle/random_policy.h"

enum { SEEDS = 200, FRAMES_EACH = 12, SEED_BYTES_MAX = 4096, FRAME_MAX = 600 };

static struct random_policy policy;

static int make_directory(const char *path)
{
	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return 0;
	fprintf(stderr, "fuzz_seeds: %s: %s\n", path, strerror(errno));
	return -1;
}

static int write_seed(const char *directory, const char *kind, unsigned number,
		      const uint8_t *bytes, size_t count)
{
	char path[4096];
	FILE *file;
	bool written;

	snprintf(path, sizeof(path), "%s/%s/%03u", directory, kind, number);
	file = fopen(path, "wb");
	if (!file) {
		fprintf(stderr, "fuzz_seeds: %s: %s\n", path, strerror(errno));
		return -1;
	}
	written = fwrite(bytes, 1, count, file) == count;
	return fclose(file) == 0 && written ? 0 : -1;
}

static uint32_t next_frame(struct frame_source *s, uint8_t *out)
{
	uint8_t frame[FRAME_BYTES_MAX];
	uint32_t length = frame_source_next(s, frame, sizeof(frame));

	if (length > FRAME_MAX)
		length = FRAME_MAX;
	memcpy(out, frame, length);
	return length;
}

static int write_seeds(const char *directory, struct frame_source *s, unsigned number)
{
	uint8_t seed[SEED_BYTES_MAX] = {(uint8_t)number};
	size_t used = 1;

	for (unsigned i = 0; i < FRAMES_EACH && used + FRAME_MAX + 8 < sizeof(seed); i++) {
		uint8_t *record = seed + used;
		uint32_t length = next_frame(s, record + 5);

		record[0] = 0; /* a frame */
		record[1] = (uint8_t)(length >> 8);
		record[2] = (uint8_t)length;
		record[3] = (uint8_t)random_u64(&s->random); /* cuts */
		record[4] = (uint8_t)random_u64(&s->random); /* headroom */
		used += 5 + length;
	}
	if (write_seed(directory, "pipeline", number, seed, used) != 0)
		return -1;
	seed[0] = (uint8_t)(number % 4);
	return write_seed(directory, "parse", number, seed, 1 + next_frame(s, seed + 1));
}

int main(int argc, char **argv)
{
	struct random r = random_seeded(1);
	struct random_policy_options options = {.rules = RULES_MIXED, .rule_count = 40};
	struct frame_source source = {
		.policy = &policy.spec, .random = random_seeded(2), .broken_percent = 10};
	char path[4096];

	if (argc != 2) {
		fputs("usage: fuzz_seeds DIRECTORY\n", stderr);
		return 2;
	}
	snprintf(path, sizeof(path), "%s/parse", argv[1]);
	if (make_directory(argv[1]) != 0 || make_directory(path) != 0)
		return 1;
	snprintf(path, sizeof(path), "%s/pipeline", argv[1]);
	if (make_directory(path) != 0)
		return 1;
	random_policy_make(&policy, &r, &options);
	for (unsigned i = 0; i < SEEDS; i++) {
		if (write_seeds(argv[1], &source, i) != 0)
			return 1;
	}
	return 0;
}
