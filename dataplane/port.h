/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An Ethernet port of DPDK's, opened by PCI address or vdev string and set up for a
 * transparent box: promiscuous, all multicast, no offload that would touch a frame.
 * Thread: control.
 */
#ifndef EDGEMARK_PORT_H
#define EDGEMARK_PORT_H

#include <stdint.h>

struct rte_mempool;

struct port_spec {
	const char *device; /* "0000:03:00.0" or "net_pcap0,rx_pcap=…" */
	uint16_t mtu;	    /* of the IP datagram, without tags */
	uint16_t rx_queues, tx_queues;
	uint16_t rx_descriptors, tx_descriptors; /* adjusted to what the port allows */
	struct rte_mempool *pool;
};

struct port_losses {	    /* what the port itself lost; outside the lane's balance */
	uint64_t missed;    /* imissed: the receive ring was full */
	uint64_t rx_errors; /* ierrors */
	uint64_t no_mbuf;   /* rx_nombuf */
	uint64_t tx_errors; /* oerrors */
};

/* Probes the device if it is not there yet, and configures it. Returns its id, or
 * -ENODEV not found, -ENOTSUP a setting that it refuses, else the driver's errno. */
int port_open(const struct port_spec *spec, uint16_t *port_id);
int port_start(uint16_t port_id);
void port_close(uint16_t port_id);
int port_losses(uint16_t port_id, struct port_losses *out);

#endif
