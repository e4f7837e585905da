#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Best effort at twice the link's rate beside calls within their contract:

    client: 70 calls + 40 Mbit/s of bulk ── em-lan  edgemark  em-wan ── 20 Mbit/s ── provider

No call loses a packet, and bulk gets all that the calls leave.
"""
import time

from expect import bulk, calls, check, check_end, configuration, main, undisturbed
from namespaces import join_flows

SECONDS, CALLS, LINK_KBPS = 12, 70, 20000
WIRE_EXTRA = 14 + 24  # Ethernet header; FCS, preamble and gap


def wire_kbps(flows, seconds):
    return sum(f["bytes"] + f["delivered"] * WIRE_EXTRA for f in flows) * 8 / seconds / 1000


def offer(site):
    site.write_config(configuration(wan_kbps=LINK_KBPS, burst_ms=100))
    site.start_daemon()
    receiver = site.receive(site.provider, "3478-3481,9000", "received")
    sent = site.finish_send(site.send(site.client, "sent", "--seconds", str(SECONDS),
                                      *calls(CALLS), *bulk(2 * LINK_KBPS)))
    time.sleep(0.5)
    return join_flows(sent, site.finish_receive(receiver))


def test(site):
    site.add_client_addresses(4)
    flows = undisturbed(site, lambda: offer(site))
    voice = [f for f in flows if f["rtp"]]
    rest = [f for f in flows if not f["rtp"]]

    hurt = [f for f in voice if f["lost"]]
    check(not hurt, f"none of {len(voice)} calls lost a packet "
          f"(lost: {[(f['key'][:2], f['lost']) for f in hurt][:5]})")
    check(sum(f["late"] for f in voice) == 0, "no call's packets were reordered")
    gap = max(f["gap_ms"] or 0 for f in voice)
    print(f"      longest gap in a call {gap:.1f} ms")
    # The queue is empty when it begins and full when the senders stop: it drains after.
    total = wire_kbps(voice, SECONDS) + wire_kbps(rest, SECONDS)
    check(abs(total / LINK_KBPS - 1) < 0.03,
          f"the link is full: {total:.0f} of {LINK_KBPS} kbit/s on the wire, "
          f"calls {wire_kbps(voice, SECONDS):.0f}, bulk {wire_kbps(rest, SECONDS):.0f}")
    check_end(site)


if __name__ == "__main__":
    main(test)
