#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
What the far side sees of each kind of packet, in both directions.

    client ── em-lan  edgemark  em-wan ── provider
    c0                no address          p0              tcpdump at both ends

UDP and TCP, IPv4 and IPv6, tagged and untagged, by real sockets: DSCP and PCP by the rules,
ECN kept, checksums good (tshark judges), ARP, neighbour discovery and ping across the box.
"""
import socket
import time

from expect import (Capture, check, check_end, configuration, inside, mac_of, main,
                    tagged_frame, upstream)
from namespaces import CLIENT, CLIENT6, PROVIDER, PROVIDER6

# source port, destination port, TOS sent → DSCP, PCP expected
UPSTREAM = [
    (50000, 3478, 0x00, 46, 5),
    (50019, 3478, 0x02, 46, 5),  # ECT(0)
    (50010, 3481, 0xb9, 46, 5),  # EF already, ECT(1)
    (50020, 3478, 0x00, 34, 4),
    (50039, 3478, 0x00, 34, 4),
    (50040, 3478, 0x00, 18, 3),
    (50060, 3478, 0x00, 0, 0),
    (49999, 3478, 0xb8, 0, 0),   # an intruder: EF, but no voice
    (40000, 9000, 0x28, 0, 0),
]
# the same towards the client, where what no rule matches keeps its DSCP
DOWNSTREAM = [
    (3478, 50000, 0x00, 46, 6),  # the LAN's own priority for voice
    (3481, 50019, 0x03, 46, 6),
    (3478, 50020, 0x00, 34, 4),
    (3478, 40000, 0x88, 34, 4),
    (3478, 40001, 0x00, 0, 0),
]


def send_all(family, source, destination, table):
    """One datagram per line of the table, from a socket that sets its TOS."""
    level, option = ((socket.IPPROTO_IP, socket.IP_TOS) if family == socket.AF_INET else
                     (socket.IPPROTO_IPV6, socket.IPV6_TCLASS))

    def send():
        for source_port, destination_port, tos, _, _ in table:
            with socket.socket(family, socket.SOCK_DGRAM) as s:
                s.setsockopt(level, option, tos)
                s.bind((source, source_port))
                s.sendto(b"edgemark" * 15, (destination, destination_port))
    return send


def tcp_exchange(site):
    """A whole connection to 5061, so that SYN, data and FIN are marked."""
    server = site.start(
        site.provider, "python3", "-c",
        "import socket\n"
        f"s = socket.create_server(('{PROVIDER}', 5061)); print(flush=True)\n"
        "c, _ = s.accept(); c.sendall(c.recv(100)); c.close()", stdout=-1)
    server.stdout.readline()

    def connect():
        with socket.create_connection((PROVIDER, 5061), timeout=5) as s:
            s.sendall(b"OPTIONS")
            assert s.recv(100) == b"OPTIONS"
    inside(site.client, connect)
    server.wait(timeout=5)
    server.stdout.close()


def send_tagged(interface, macs, addresses, table):
    """The same datagrams in VLAN 110 at PCP 0, by a raw socket: not every kernel has 8021q."""
    def send():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind((interface, 0))
            for source_port, destination_port, tos, _, _ in table:
                s.send(tagged_frame(macs, 110, addresses, (source_port, destination_port), tos))
    return send


def check_pings(site):
    for what, arguments in (("ping, and so ARP", [PROVIDER]),
                            ("a ping of the largest frame", ["-M", "do", "-s", 1472, PROVIDER]),
                            ("ping over IPv6, and so neighbour discovery", ["-6", PROVIDER6])):
        done = site.client.run("ping", "-c", 2, "-i", 0.2, "-W", 2, *arguments, check=False)
        check(done.returncode == 0, what)


def check_table(frames, table, what, ip):
    """Each line of the table is found once on the far side, as expected."""
    for source_port, destination_port, tos, dscp, _ in table:
        seen = [f for f in frames if f[:2] == (str(source_port), str(destination_port))]
        expected = (str(dscp), str(tos & 3), "1" if ip == 4 else "", "1")
        check([f[2:6] for f in seen] == [expected],
              f"{what}: {source_port} > {destination_port}, TOS {tos:#04x}: DSCP {dscp}, ECN "
              f"{tos & 3}, good checksums (saw {[f[2:6] for f in seen]})")


def check_untagged(capture, table, what):
    ports = ("udp.srcport", "udp.dstport")
    frames = capture.frames(*ports, "ip.dsfield.dscp", "ip.dsfield.ecn", "ip.checksum.status",
                            "udp.checksum.status", display_filter="udp && ip && !vlan && !icmp")
    check_table(frames, table, what + ", IPv4", 4)
    frames = capture.frames(*ports, "ipv6.tclass.dscp", "ipv6.tclass.ecn", "ip.checksum.status",
                            "udp.checksum.status", display_filter="udp && ipv6 && !icmpv6")
    check_table(frames, table, what + ", IPv6", 6)


def check_tagged(capture, table, what):
    frames = capture.frames("udp.srcport", "udp.dstport", "vlan.id", "vlan.priority",
                            "ip.dsfield.dscp", "ip.dsfield.ecn", "ip.checksum.status",
                            "udp.checksum.status", display_filter="udp && vlan")
    for source_port, destination_port, tos, dscp, pcp in table:
        seen = [f[2:] for f in frames if f[:2] == (str(source_port), str(destination_port))]
        check(seen == [("110", str(pcp), str(dscp), str(tos & 3), "1", "1")],
              f"{what}, tagged: {source_port} > {destination_port}: VLAN 110, PCP {pcp}, "
              f"DSCP {dscp}, ECN {tos & 3}, good checksums (saw {seen})")


def test(site):
    site.write_config(configuration())
    site.start_daemon()
    check_pings(site)

    far, near = Capture(site, site.provider, "p0"), Capture(site, site.client, "c0")
    for client, provider, family in ((CLIENT, PROVIDER, socket.AF_INET),
                                     (CLIENT6, PROVIDER6, socket.AF_INET6)):
        inside(site.client, send_all(family, client, provider, UPSTREAM))
        inside(site.provider, send_all(family, provider, client, DOWNSTREAM))
    macs = [mac_of(site.client, "c0"), mac_of(site.provider, "p0")]
    inside(site.client, send_tagged("c0", macs, (CLIENT, PROVIDER), UPSTREAM))
    inside(site.provider, send_tagged("p0", macs[::-1], (PROVIDER, CLIENT), DOWNSTREAM))
    tcp_exchange(site)
    time.sleep(0.2)

    check_untagged(far, UPSTREAM, "upstream")
    check_tagged(far, UPSTREAM, "upstream")
    check_untagged(near, DOWNSTREAM, "downstream")
    check_tagged(near, DOWNSTREAM, "downstream")
    segments = far.frames("ip.dsfield.dscp", "ip.checksum.status", "tcp.checksum.status",
                          display_filter="tcp.dstport == 5061")
    check(len(segments) >= 4 and set(segments) == {("18", "1", "1")},
          f"TCP to 5061: DSCP 18, good checksums (saw {set(segments)}, {len(segments)} segments)")

    document = site.show("links")
    check(upstream(document)["intruders"] == 3,
          f"the three intruders are counted (saw {upstream(document)['intruders']})")
    check_end(site)


if __name__ == "__main__":
    main(test, ("tcpdump", "tshark", "ping"))
