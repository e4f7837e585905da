#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
A call as telephones make it: SIPp signals over UDP 5060 and plays its recorded G.711 call.

    client: sipp, media from 50000 ── em-lan  edgemark  em-wan ── provider: sipp answers

The call succeeds, signalling arrives as AF21 and every recorded packet as EF.
"""
from expect import Capture, check, check_end, configuration, main
from namespaces import PROVIDER
from sipp_calls import SippCalls, recorded_packets


def test(site):
    site.write_config(configuration())
    site.start_daemon()
    far = Capture(site, site.provider, "p0")
    check(SippCalls(site).wait(), "the call succeeds")

    signalling = far.frames("ip.dsfield.dscp", display_filter=f"sip && ip.dst == {PROVIDER}")
    check(len(signalling) >= 3 and set(signalling) == {("18",)},
          f"signalling arrives as AF21 (saw {set(signalling)}, {len(signalling)} packets)")
    media = far.frames("ip.dsfield.dscp", "ip.checksum.status", "udp.checksum.status",
                       display_filter=f"udp.srcport == 50000 && ip.dst == {PROVIDER}")
    expected = recorded_packets()
    check(len(media) >= expected and set(media) == {("46", "1", "1")},
          f"the recorded {expected} packets arrive as EF, checksums good "
          f"(saw {set(media)}, {len(media)} packets)")
    check_end(site)


if __name__ == "__main__":
    main(test, ("sipp", "tcpdump", "tshark"))
