/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same mix as a capture (pcap, nanosecond stamps, Ethernet), for the virtual clock:
 * frames at the very times at which the sockets would have sent them.
 */
#include "callgen.h"

#include <errno.h>
#include <string.h>

#include "departures.h"

enum {
	ETHERNET_BYTES = 14,
	IPV4_BYTES = 20,
	UDP_BYTES = 8,
	FRAME_MAX = ETHERNET_BYTES + IPV4_BYTES + UDP_BYTES + MIX_PAYLOAD_MAX,
	EPOCH_S = 1000000000, /* 2001-09-09: a capture that starts in 1970 puzzles its readers */
};

static uint8_t *put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

static uint32_t sum16(const uint8_t *p, size_t bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < bytes; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (bytes & 1)
		sum += (uint32_t)p[bytes - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_ethernet(uint8_t *p)
{
	static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};

	memcpy(p, addresses, sizeof(addresses));
	put16(p + sizeof(addresses), 0x0800);
}

static void put_ipv4(uint8_t *ip, const struct flow *f, uint16_t length)
{
	memset(ip, 0, IPV4_BYTES);
	ip[0] = 0x45;
	ip[1] = (uint8_t)(f->dscp << 2);
	put16(ip + 2, length);
	put16(ip + 6, 0x4000); /* don't fragment */
	ip[8] = 64;
	ip[9] = 17;
	put32(ip + 12, f->source.address);
	put32(ip + 16, f->destination.address);
	put16(ip + 10, fold(sum16(ip, IPV4_BYTES)));
}

static void put_udp(uint8_t *udp, const uint8_t *ip, const struct flow *f, uint16_t length)
{
	uint16_t checksum;

	put16(udp, f->source.port);
	put16(udp + 2, f->destination.port);
	put16(udp + 4, length);
	put16(udp + 6, 0);
	/* RFC 768: over the pseudo header (addresses, protocol, length) too; 0 means none. */
	checksum = fold(sum16(udp, length) + sum16(ip + 12, 8) + 17 + length);
	put16(udp + 6, checksum != 0 ? checksum : 0xffff);
}

static size_t build_frame(uint8_t *frame, const struct flow *f)
{
	uint8_t *ip = frame + ETHERNET_BYTES, *udp = ip + IPV4_BYTES;
	uint16_t udp_bytes = (uint16_t)(UDP_BYTES + flow_payload(f, udp + UDP_BYTES));

	put_ethernet(frame);
	put_ipv4(ip, f, (uint16_t)(IPV4_BYTES + udp_bytes));
	put_udp(udp, ip, f, udp_bytes);
	return (size_t)ETHERNET_BYTES + IPV4_BYTES + udp_bytes;
}

static void write_header(FILE *out)
{
	static const uint8_t linktype_ethernet[4] = {0, 0, 0, 1};
	uint8_t header[24] = {0};

	put32(header, 0xa1b23c4d); /* big-endian, nanoseconds */
	put16(put16(header + 4, 2), 4);
	put32(header + 16, 65535);
	memcpy(header + 20, linktype_ethernet, sizeof(linktype_ethernet));
	fwrite(header, sizeof(header), 1, out);
}

static void write_frame(FILE *out, struct flow *f, uint64_t time_ns)
{
	uint8_t frame[FRAME_MAX], header[16];
	uint32_t bytes = (uint32_t)build_frame(frame, f);

	put32(header, (uint32_t)(EPOCH_S + time_ns / NS_PER_S));
	put32(header + 4, (uint32_t)(time_ns % NS_PER_S));
	put32(header + 8, bytes);
	put32(header + 12, bytes);
	fwrite(header, sizeof(header), 1, out);
	fwrite(frame, bytes, 1, out);
	flow_sent(f, (uint16_t)(bytes - (FRAME_MAX - MIX_PAYLOAD_MAX)));
}

int write_capture(struct mix *m, const char *path, FILE *report)
{
	struct departures d = {0};
	FILE *out = fopen(path, "wb");
	struct flow *f;
	bool good = out != NULL && departures_init(&d, m);

	if (good) {
		write_header(out);
		while ((f = departures_first(&d)) != NULL) {
			write_frame(out, f, flow_due(f));
			departures_update_first(&d);
		}
		good = ferror(out) == 0;
	}
	if (out != NULL)
		good = fclose(out) == 0 && good;
	if (good)
		mix_print(m, 0, report);
	else
		fprintf(stderr, "callgen: %s: %s\n", path, strerror(errno));
	departures_free(&d);
	return good ? 0 : 1;
}
