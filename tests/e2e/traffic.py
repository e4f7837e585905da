#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The instrument itself, without edgemark: what callgen sends over a plain wire arrives whole,
at its rate, with its marks; and what a lossy wire takes is what callgen says is missing.

    client d0 ── veth ── d1 provider
"""
import time

from expect import CALL_KBPS, bulk, calls, check, main
from namespaces import CLIENT, PROVIDER, join_flows, wire

SECONDS = 3


def exchange(site, *groups):
    receiver = site.receive(site.provider, "3478-3481,9000", "received")
    sent = site.finish_send(site.send(site.client, "sent", "--seconds", str(SECONDS), *groups))
    time.sleep(0.2)
    return join_flows(sent, site.finish_receive(receiver))


def use_plain_wire(site):
    """Around the box."""
    wire(site.client, "d0", site.provider, "d1")
    for namespace, old, new, address in ((site.client, "c0", "d0", CLIENT),
                                         (site.provider, "p0", "d1", PROVIDER)):
        namespace.run("ip", "link", "set", old, "down")
        namespace.run("ip", "addr", "del", address + "/16", "dev", old)
        namespace.run("ip", "addr", "add", address + "/16", "dev", new)
    for i in range(1, 6):
        site.client.run("ip", "addr", "add", f"10.80.0.{1 + i}/16", "dev", "d0")


def test(site):
    use_plain_wire(site)
    flows = exchange(site, *calls(120, dscp=46), *bulk(20000, dscp=10))
    voice, rest = ([f for f in flows if f["rtp"] == rtp] for rtp in (True, False))
    check(len(voice) == 120 and all(f["lost"] == 0 for f in flows), "nothing is lost on the way")
    check(all(f["sent"] == SECONDS * 50 for f in voice), "each call offers 50 packets a second")
    rate = sum(f["bytes"] for f in voice) * 8 / SECONDS / 1000
    check(abs(rate / (120 * CALL_KBPS) - 1) < 0.01, f"calls offer {rate:.0f} kbit/s")
    rate = rest[0]["bytes"] * 8 / SECONDS / 1000
    check(abs(rate / 20000 - 1) < 0.01, f"bulk offers {rate:.0f} kbit/s")
    check(all(f["dscp"] == ([46] if f["rtp"] else [10]) for f in flows), "marks arrive as set")

    site.provider.run("ip", "link", "set", "d1", "down")
    flows = exchange(site, *calls(4))
    check(all(f["delivered"] == 0 and f["lost"] == SECONDS * 50 for f in flows),
          "over a dead wire all is missing")


if __name__ == "__main__":
    main(test)
