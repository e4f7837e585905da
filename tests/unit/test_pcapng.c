/* SPDX-License-Identifier: BSD-3-Clause */
/* What the writer wrote, block by block, and what libpcap makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>
#include <rte_mbuf.h>

#include "pcapng.h"

static uint8_t data[64];

static struct rte_mbuf segment(uint16_t at, uint16_t bytes)
{
	return (struct rte_mbuf){
		.buf_addr = data,
		.data_off = at,
		.data_len = bytes,
		.pkt_len = bytes,
		.nb_segs = 1,
	};
}

static void fill(void)
{
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i + 1);
}

/* Two packets: 61 bytes in two segments with a comment, 14 bytes without. */
static FILE *write_sample(void)
{
	struct rte_mbuf tail = segment(20, 41), head = segment(0, 20), small = segment(0, 14);
	FILE *stream = tmpfile();
	struct pcapng w;
	FILE *copy = fdopen(dup(fileno(stream)), "w+b");

	head.next = &tail;
	head.nb_segs = 2;
	head.pkt_len = 61;
	assert_int_equal(pcapng_open(&w, stream), 0);
	assert_int_equal(pcapng_interface(&w, "mpls upstream"), 0);
	assert_int_equal(pcapng_interface(&w, "mpls downstream"), 0);
	assert_int_equal(pcapng_packet(&w, &(struct pcapng_packet){.interface = 0,
								   .ns = 1587041672419153001,
								   .frame = &head,
								   .comment = "queue-full"}),
			 0);
	assert_int_equal(
		pcapng_packet(&w,
			      &(struct pcapng_packet){.interface = 1, .ns = 5, .frame = &small}),
		0);
	assert_int_equal(pcapng_close(&w), 0);
	rewind(copy);
	return copy;
}

static void libpcap_reads_times_and_bytes(void **state)
{
	char reason[PCAP_ERRBUF_SIZE];
	FILE *stream = write_sample();
	pcap_t *p = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO,
							     reason);
	struct pcap_pkthdr *header;
	const u_char *bytes;

	(void)state;
	assert_non_null(p);
	assert_int_equal(pcap_datalink(p), DLT_EN10MB);
	assert_int_equal(pcap_next_ex(p, &header, &bytes), 1);
	assert_int_equal(header->ts.tv_sec, 1587041672);
	assert_int_equal(header->ts.tv_usec, 419153001);
	assert_int_equal(header->len, 61);
	assert_int_equal(header->caplen, 61);
	assert_memory_equal(bytes, data, 61);
	assert_int_equal(pcap_next_ex(p, &header, &bytes), 1);
	assert_int_equal(header->ts.tv_sec, 0);
	assert_int_equal(header->ts.tv_usec, 5);
	assert_int_equal(header->len, 14);
	assert_memory_equal(bytes, data, 14);
	assert_int_equal(pcap_next_ex(p, &header, &bytes), PCAP_ERROR_BREAK);
	pcap_close(p);
}

/* Reads one block; its length must stand at both ends. */
static uint32_t read_block(FILE *stream, uint32_t *body)
{
	uint32_t head[2], trailer;

	if (fread(head, sizeof(head), 1, stream) != 1)
		return 0;
	assert_int_equal(head[1] % 4, 0);
	assert_in_range(head[1], 12, 512);
	assert_int_equal(fread(body, head[1] - 12, 1, stream), 1);
	assert_int_equal(fread(&trailer, sizeof(trailer), 1, stream), 1);
	assert_int_equal(trailer, head[1]);
	return head[0];
}

static void blocks_are_whole_and_carry_the_comment(void **state)
{
	static const uint32_t order[] = {0x0a0d0d0a, 1, 1, 6, 6, 0};
	FILE *stream = write_sample();
	uint32_t body[128] = {0};
	uint16_t option[2];

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		assert_int_equal(read_block(stream, body), order[i]);
		if (i == 2) { /* name, then time resolution, in order */
			memcpy(option, &body[2], sizeof(option));
			assert_int_equal(option[0], 2);
			assert_int_equal(option[1], strlen("mpls downstream"));
			assert_memory_equal(&body[3], "mpls downstream", option[1]);
		}
		if (i == 3) { /* 20 bytes of header, 61 + 3 of data */
			memcpy(option, &body[21], sizeof(option));
			assert_int_equal(option[0], 1);
			assert_int_equal(option[1], strlen("queue-full"));
			assert_memory_equal(&body[22], "queue-full", option[1]);
			assert_int_equal(body[25], 0); /* end of options */
		}
	}
	fclose(stream);
}

static void full_disk_is_told(void **state)
{
	struct rte_mbuf m = segment(0, 60);
	FILE *stream = fopen("/dev/full", "wb");
	struct pcapng w;

	(void)state;
	assert_non_null(stream);
	(void)pcapng_open(&w, stream);
	(void)pcapng_interface(&w, "x");
	for (int i = 0; i < 1000; i++)
		(void)pcapng_packet(&w, &(struct pcapng_packet){.frame = &m});
	assert_int_equal(pcapng_close(&w), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libpcap_reads_times_and_bytes),
		cmocka_unit_test(blocks_are_whole_and_carry_the_comment),
		cmocka_unit_test(full_disk_is_told),
	};

	fill();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
