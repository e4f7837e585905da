/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_log.h>
#include <rte_mbuf.h>

#include "dataplane/diffserv.h"
#include "dataplane/port.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/mbufs.h"

static struct port_spec spec(const char *device)
{
	return (struct port_spec){
		.device = device,
		.mtu = MTU_DEFAULT,
		.rx_queues = 1,
		.tx_queues = 1,
		.rx_descriptors = 512,
		.tx_descriptors = 512,
		.pool = test_pool(),
	};
}

static uint16_t send_frames(uint16_t port, uint16_t n)
{
	const struct frame_spec s = frame_udp4("10.0.0.1", 50000, "10.1.0.1", 3478);
	uint8_t bytes[FRAME_BYTES_MAX];
	const uint32_t length = frame_build(&s, bytes, sizeof(bytes));
	uint16_t sent = 0;

	while (n-- > 0) {
		struct rte_mbuf *m = mbuf_from(bytes, length);

		sent += rte_eth_tx_burst(port, 0, &m, 1);
	}
	return sent;
}

static void a_device_is_probed_opened_and_carries_frames(void **state)
{
	const struct port_spec s = spec("net_ring_a");
	struct rte_mbuf *frame;
	uint16_t port;

	(void)state;
	assert_int_equal(port_open(&s, &port), 0);
	assert_int_equal(port_start(port), 0);
	assert_int_equal(rte_eth_promiscuous_get(port), 1);
	assert_int_equal(send_frames(port, 1), 1);
	assert_int_equal(rte_eth_rx_burst(port, 0, &frame, 1), 1);
	rte_pktmbuf_free(frame);
	port_close(port);
}

static void arguments_follow_the_name(void **state)
{
	const struct port_spec s = spec("net_null_a,size=128,copy=0");
	struct rte_mbuf *frame;
	uint16_t port;

	(void)state;
	assert_int_equal(port_open(&s, &port), 0);
	assert_int_equal(port_start(port), 0);
	assert_int_equal(rte_eth_rx_burst(port, 0, &frame, 1), 1);
	assert_int_equal(frame->pkt_len, 128);
	rte_pktmbuf_free(frame);
	port_close(port);
}

static void a_port_that_is_there_already_is_taken(void **state)
{
	const struct port_spec first = spec("net_ring_b"), again = spec("net_ring_b");
	uint16_t a, b;

	(void)state;
	assert_int_equal(port_open(&first, &a), 0);
	assert_int_equal(port_open(&again, &b), 0);
	assert_int_equal(a, b);
	port_close(a);
}

static void what_is_not_there_is_said_so(void **state)
{
	const struct port_spec no_driver = spec("net_nosuchdriver0");
	const struct port_spec no_pci = spec("0000:ff:1f.7");
	const struct port_spec no_file = spec("net_pcap9,rx_pcap=/nonexistent/in.pcap");
	const struct port_spec no_name = spec(",size=64");
	uint16_t port;

	(void)state;
	assert_int_equal(port_open(&no_driver, &port), -ENODEV);
	assert_int_equal(port_open(&no_pci, &port), -ENODEV);
	assert_int_equal(port_open(&no_file, &port), -ENODEV);
	assert_int_equal(port_open(&no_name, &port), -EINVAL);
}

static void more_queues_than_the_port_has_are_refused(void **state)
{
	struct port_spec s = spec("net_ring_c");
	uint16_t port;

	(void)state;
	s.rx_queues = 1000;
	assert_int_equal(port_open(&s, &port), -ENOTSUP);
}

/* The ring driver has no operation for the MTU, and takes frames of any length. */
static void a_jumbo_mtu_passes_where_the_driver_takes_it(void **state)
{
	struct port_spec s = spec("net_ring_d");
	uint16_t port;

	(void)state;
	s.mtu = 9000;
	assert_int_equal(port_open(&s, &port), 0);
	port_close(port);
}

static void what_waits_in_a_ring_goes_back_to_the_pool(void **state)
{
	const struct port_spec s = spec("net_ring_e");
	uint16_t port;

	(void)state;
	assert_int_equal(port_open(&s, &port), 0);
	assert_int_equal(port_start(port), 0);
	assert_int_equal(send_frames(port, 100), 100);
	assert_int_equal(test_pool_in_use(), 100);
	port_close(port);
	assert_int_equal(test_pool_in_use(), 0);
}

static void what_the_port_lost_is_told(void **state)
{
	const struct port_spec s = spec("net_ring_f");
	struct port_losses losses = {.missed = 1, .rx_errors = 1, .no_mbuf = 1, .tx_errors = 1};
	uint16_t port;

	(void)state;
	assert_int_equal(port_open(&s, &port), 0);
	assert_int_equal(port_start(port), 0);
	assert_int_equal(port_losses(port, &losses), 0);
	assert_int_equal(losses.missed + losses.rx_errors + losses.no_mbuf + losses.tx_errors, 0);
	port_close(port);
	assert_true(port_losses(port, &losses) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_probed_opened_and_carries_frames),
		cmocka_unit_test(arguments_follow_the_name),
		cmocka_unit_test(a_port_that_is_there_already_is_taken),
		cmocka_unit_test(what_is_not_there_is_said_so),
		cmocka_unit_test(more_queues_than_the_port_has_are_refused),
		cmocka_unit_test(a_jumbo_mtu_passes_where_the_driver_takes_it),
		cmocka_unit_test(what_waits_in_a_ring_goes_back_to_the_pool),
		cmocka_unit_test(what_the_port_lost_is_told),
	};

	if (test_eal_start() != 0)
		return 1;
	rte_log_set_global_level(RTE_LOG_CRIT); /* refusals are what is tested */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
