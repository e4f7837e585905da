/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports as a transparent box needs them. Drivers differ in what they can be told: what a
 * driver has no operation for is passed over where its default already serves (a ring
 * needs no promiscuous mode, a pcap file has no MTU), and refused where it does not.
 */
#include "port.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "diffserv.h"

enum {
	FRAME_OVERHEAD_BYTES = ETHERNET_HEADER_BYTES + 2 * VLAN_TAG_BYTES,
	RING_DRAIN_BURST = 32,
};

static bool started[RTE_MAX_ETHPORTS]; /* control: rw */

/* The device's name is what stands before its arguments. */
static int device_name(const char *device, char *name, size_t size)
{
	const size_t length = strcspn(device, ",");

	if (length == 0 || length >= size)
		return -EINVAL;
	memcpy(name, device, length);
	name[length] = '\0';
	return 0;
}

/* A PCI address may be written without its domain; the port's name has it. */
static int port_by_name(const char *name, uint16_t *port_id)
{
	char full[RTE_ETH_NAME_MAX_LEN];

	if (rte_eth_dev_get_port_by_name(name, port_id) == 0)
		return 0;
	if (snprintf(full, sizeof(full), "0000:%s", name) >= (int)sizeof(full))
		return -ENODEV;
	return rte_eth_dev_get_port_by_name(full, port_id) == 0 ? 0 : -ENODEV;
}

static int find_or_probe(const char *device, uint16_t *port_id)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	int ret = device_name(device, name, sizeof(name));

	if (ret < 0)
		return ret;
	if (port_by_name(name, port_id) == 0)
		return 0;
	/* A driver that does not find what its arguments name says -1, a name without a
	 * driver is -EFAULT. */
	ret = rte_dev_probe(device);
	if (ret == -1 || ret == -EFAULT || ret == -ENOENT)
		return -ENODEV;
	return ret < 0 ? ret : port_by_name(name, port_id);
}

static int configure(uint16_t port_id, const struct port_spec *spec,
		     const struct rte_eth_dev_info *info)
{
	const struct rte_eth_conf conf = {
		.rxmode = {.mtu = spec->mtu},
		.txmode = {.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS},
	};
	int ret;

	if (spec->mtu < info->min_mtu || spec->mtu > info->max_mtu)
		return -ENOTSUP;
	if (spec->rx_queues > info->max_rx_queues || spec->tx_queues > info->max_tx_queues)
		return -ENOTSUP;
	ret = rte_eth_dev_configure(port_id, spec->rx_queues, spec->tx_queues, &conf);
	if (ret < 0)
		return ret;

	ret = rte_eth_dev_set_mtu(port_id, spec->mtu);
	if (ret != -ENOTSUP)
		return ret;
	/* Without the operation: what the driver takes anyway must be enough. */
	if (spec->mtu <= MTU_DEFAULT)
		return 0;
	return info->max_rx_pktlen >= (uint32_t)spec->mtu + FRAME_OVERHEAD_BYTES ? 0 : -ENOTSUP;
}

static int set_up_queues(uint16_t port_id, const struct port_spec *spec,
			 const struct rte_eth_dev_info *info)
{
	uint16_t rx_descriptors = spec->rx_descriptors;
	uint16_t tx_descriptors = spec->tx_descriptors;
	const int node = rte_eth_dev_socket_id(port_id);
	const unsigned socket = node < 0 ? (unsigned)SOCKET_ID_ANY : (unsigned)node;
	struct rte_eth_txconf txconf = info->default_txconf;
	int ret = rte_eth_dev_adjust_nb_rx_tx_desc(port_id, &rx_descriptors, &tx_descriptors);

	txconf.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	for (uint16_t q = 0; ret == 0 && q < spec->rx_queues; q++)
		ret = rte_eth_rx_queue_setup(port_id, q, rx_descriptors, socket, NULL, spec->pool);
	for (uint16_t q = 0; ret == 0 && q < spec->tx_queues; q++)
		ret = rte_eth_tx_queue_setup(port_id, q, tx_descriptors, socket, &txconf);
	return ret;
}

int port_open(const struct port_spec *spec, uint16_t *port_id)
{
	struct rte_eth_dev_info info;
	int ret = find_or_probe(spec->device, port_id);

	if (ret < 0)
		return ret;
	ret = rte_eth_dev_info_get(*port_id, &info);
	if (ret == 0)
		ret = configure(*port_id, spec, &info);
	if (ret == 0)
		ret = set_up_queues(*port_id, spec, &info);
	if (ret < 0)
		rte_eth_dev_close(*port_id);
	return ret;
}

int port_start(uint16_t port_id)
{
	int ret = rte_eth_dev_start(port_id);

	if (ret < 0)
		return ret;
	started[port_id] = true;
	ret = rte_eth_promiscuous_enable(port_id);
	if (ret == 0 || ret == -ENOTSUP)
		ret = rte_eth_allmulticast_enable(port_id);
	return ret == -ENOTSUP ? 0 : ret;
}

/* A ring port's ring outlives the port, and with it the frames that wait there. */
static void drain_ring(uint16_t port_id)
{
	struct rte_mbuf *frames[RING_DRAIN_BURST];
	struct rte_eth_dev_info info;
	uint16_t n;

	if (rte_eth_dev_info_get(port_id, &info) != 0 || !info.driver_name ||
	    strcmp(info.driver_name, "net_ring") != 0)
		return;
	for (uint16_t q = 0; q < info.nb_rx_queues; q++)
		while ((n = rte_eth_rx_burst(port_id, q, frames, RING_DRAIN_BURST)) > 0)
			rte_pktmbuf_free_bulk(frames, n);
}

void port_close(uint16_t port_id)
{
	if (started[port_id]) {
		drain_ring(port_id);
		rte_eth_dev_stop(port_id);
		started[port_id] = false;
	}
	rte_eth_dev_close(port_id);
}

int port_losses(uint16_t port_id, struct port_losses *out)
{
	struct rte_eth_stats stats;
	const int ret = rte_eth_stats_get(port_id, &stats);

	if (ret < 0)
		return ret;
	out->missed = stats.imissed;
	out->rx_errors = stats.ierrors;
	out->no_mbuf = stats.rx_nombuf;
	out->tx_errors = stats.oerrors;
	return 0;
}
