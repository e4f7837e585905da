#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
usage: overrun.py random|police

100 calls on a contract of 80, for 20 s, through the running daemon:

    client: 100 calls of 80 kbit/s ── em-lan  edgemark: voice 6400 kbit/s  em-wan ── provider

What is delivered is the contract's rate, whatever becomes of the excess. `random` spreads
the loss over all calls; `police` on periodic calls does not: some die, others lose nothing.
"""
import statistics
import sys
import time

from expect import (CALL_KBPS, calls, check, check_end, class_of, configuration, main,
                    undisturbed, upstream)
from namespaces import join_flows

SECONDS, CALLS, FIT = 20, 100, 80
CIR_KBPS = FIT * CALL_KBPS


def offer(site, exceed):
    site.write_config(configuration(exceed=exceed, cir_kbps=CIR_KBPS))
    site.start_daemon()
    receiver = site.receive(site.provider, "3478-3481", "received")
    sent = site.finish_send(site.send(site.client, "sent", "--seconds", str(SECONDS),
                                      *calls(CALLS)))
    time.sleep(0.3)
    return join_flows(sent, site.finish_receive(receiver))


def test_with(exceed):
    def test(site):
        site.add_client_addresses(CALLS // 20)
        flows = undisturbed(site, lambda: offer(site, exceed))
        delivered = sum(f["bytes"] for f in flows) * 8 / SECONDS / 1000
        check(abs(delivered / CIR_KBPS - 1) < 0.01,
              f"delivered {delivered:.1f} kbit/s, within 1 % of the contract's {CIR_KBPS}")
        loss = sum(f["lost"] for f in flows) / sum(f["sent"] for f in flows)
        check(abs(loss - (1 - FIT / CALLS)) < 0.01, f"lost {loss:.1%} of all, expected 20 %")
        check_spread(exceed, sorted(f["loss"] for f in flows))
        check({dscp for f in flows for dscp in f["dscp"]} == {46}, "all that arrived carries EF")
        check_counters(site.show("links"), flows)
        check_end(site)
    return test


def check_spread(exceed, losses):
    low, median, high = losses[0], statistics.median(losses), losses[-1]
    seen = f"per call {low:.1%} / {median:.1%} / {high:.1%} (min/median/max)"
    if exceed == "random":
        check(low >= 0.10 and high <= 0.30, f"{seen}: none under 10 % or over 30 %")
    else:
        check(high > 0.60 and low < 0.05, f"{seen}: some starve, others lose nothing")


def check_counters(document, flows):
    """edgemark's own account agrees with what the sockets saw."""
    voice = class_of(upstream(document), "voice")
    for key, side in (("rx", "sent"), ("tx", "delivered"), ("dropped", "lost")):
        expected = sum(f[side] for f in flows)
        check(voice[key]["packets"] == expected,
              f"voice {key}: {voice[key]['packets']} packets, the sockets say {expected}")


if __name__ == "__main__":
    main(test_with(sys.argv[1]))
