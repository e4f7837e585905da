# SPDX-License-Identifier: BSD-3-Clause
"""A Teams call through replay with the shipped profiles, as it is and in tagged variants of
it. tshark judges the frames that left. The call is a recorded one where a capture is named
(client 192.168.1.6), else one that is made here of the same kinds of frames.

usage: test_teams.py EDGEMARK [CAPTURE]
"""

import filecmp
import os
import struct
import sys
from collections import Counter

from replaying import (Bench, Checks, Frame, ipv4_offset, read_pcap, teams_config, tshark,
                       udp_frame, untouched_part, with_ipv4_header)

SITE = "192.168.1."
VID, OUTER_VID = 110, 2000
DSCP = {"voice": 46, "video": 34, "sharing": 18, "bulk": 10, "signalling": 24,
        "control": 48, "default": 0}
PCP = {"voice": 5, "video": 4, "sharing": 2, "bulk": 1, "signalling": 3, "control": 6,
       "default": 0}
BY_DSCP = {dscp: name for name, dscp in DSCP.items()}
FIELDS = ["ip.src", "ip.dsfield.dscp", "ip.dsfield.ecn", "ip.checksum.status", "ip.proto",
          "ip.id", "ip.dst", "ip.len", "udp.srcport", "udp.dstport", "tcp.srcport", "tcp.dstport",
          "tcp.seq_raw", "vlan.id", "vlan.priority", "vlan.dei", "ieee8021ad.id",
          "ieee8021ad.priority", "ieee8021ad.dei", "eth.dst", "frame.len"]


# --- a call of our own ------------------------------------------------------------------

def made_call():
    """Five seconds: audio and video both ways, sharing, DNS, link control and ARP."""
    client, relay = SITE + "6", "52.114.250.123"
    hello = bytes.fromhex("0180c2000000") + b"\x02\0\0\0\0\1" + struct.pack(">H", 39) + b"BB\3"
    arp = b"\xff" * 6 + b"\x02\0\0\0\0\1" + bytes.fromhex("0806000108000604") + bytes(38)
    frames = []
    for i in range(250):
        ns = 1_600_000_000_000_000_000 + i * 20_000_000
        for k, (port, size) in enumerate(((50016, 200), (50036, 900), (50045, 400))):
            tos = i % 64 * 4
            frames.append(Frame(ns + k, udp_frame(client, relay, port, 3478, size, tos)))
            frames.append(Frame(ns + 10 + k, udp_frame(relay, client, 3478, port, size, tos)))
        frames.append(Frame(ns + 20, udp_frame(client, "192.0.2.53", 40000 + i, 53, 80)))
        frames.append(Frame(ns + 21, udp_frame("192.0.2.53", client, 53, 40000 + i, 300, i % 64 * 4)))
        if i % 50 == 0:
            frames += [Frame(ns + 30, hello.ljust(60, b"\0")), Frame(ns + 31, arp)]
    return frames


# --- variants of the call ---------------------------------------------------------------

def tag(tpid, vid, pcp=0, dei=0):
    return struct.pack(">HH", tpid, pcp << 13 | dei << 12 | vid)


def with_tags(frames, tags):
    """tags(i): the bytes between the addresses and the EtherType of frame i."""
    return [Frame(f.ns, f.data[:12] + tags(i) + f.data[12:]) for i, f in enumerate(frames)]


def with_ecn_and_bad_checksums(frames):
    """Every ECN value in turn, and each seventh IPv4 header checksum wrong."""
    out = []
    for i, f in enumerate(frames):
        data = f.data
        at = ipv4_offset(data)
        if at is not None:
            def change(header, ecn=i % 4):
                header[1] = header[1] & 0xFC | ecn

            data = bytearray(with_ipv4_header(data, change))
            if i % 7 == 0:
                data[at + 11] ^= 0x55
        out.append(Frame(f.ns, data))
    return out


VARIANTS = {
    "plain": (lambda frames: frames, ""),
    "ecn": (with_ecn_and_bad_checksums, ""),
    "tagged": (lambda frames: with_tags(frames, lambda i: tag(0x8100, VID, i % 8, i % 2)), ""),
    "priority-tagged": (lambda frames: with_tags(frames, lambda i: tag(0x8100, 0, i % 8, i % 2)), ""),
    "qinq": (lambda frames: with_tags(
        frames, lambda i: tag(0x88A8, OUTER_VID, i % 8, i % 2) + tag(0x8100, VID, 7, 1)), ""),
    "qinq, all tags": (lambda frames: with_tags(
        frames, lambda i: tag(0x88A8, OUTER_VID, i % 8, i % 2) + tag(0x8100, VID, 7, 1)),
        'pcp = "all";'),
    "vlan-insert": (lambda frames: frames, f"untagged = {VID};"),
    "priority-tag-insert": (lambda frames: frames, 'untagged = "priority-tag";'),
}


# --- what is expected -------------------------------------------------------------------

def by_port(port, tcp):
    if 50000 <= port <= 50019 and not tcp:
        return "voice"
    if 50020 <= port <= 50039 and not tcp:
        return "video"
    if 50040 <= port <= 50059:
        return "bulk" if tcp else "sharing"
    return None


def expected_class(row, dscp_in):
    """The teams profiles by the client's port, then trust: none upstream, dscp downstream."""
    upstream = row["ip.src"].startswith(SITE)
    for protocol, tcp in (("udp", False), ("tcp", True)):
        client = row[f"{protocol}.{'srcport' if upstream else 'dstport'}"]
        server = row[f"{protocol}.{'dstport' if upstream else 'srcport'}"]
        if row["ip.proto"] != ("6" if tcp else "17") or not client:
            continue
        name = by_port(int(client), tcp)
        if name:
            return name
        if tcp and server == "5061":
            return "signalling"
    return "default" if upstream else BY_DSCP.get(dscp_in, "default")


def identity(row):
    return tuple(row[f] for f in ("ip.src", "ip.dst", "ip.proto", "ip.id", "ip.len", "udp.srcport",
                                  "udp.dstport", "tcp.seq_raw", "ip.dsfield.ecn"))


def matched(rows_in, rows_out):
    """(in, out) pairs of IPv4 packets; same-looking ones in their order."""
    waiting = {}
    for row in rows_in:
        if row["ip.src"]:
            waiting.setdefault(identity(row), []).append(row)
    pairs, strangers = [], []
    for row in rows_out:
        if not row["ip.src"]:
            continue
        if waiting.get(identity(row)):
            pairs.append((waiting[identity(row)].pop(0), row))
        else:
            strangers.append(row)
    return pairs, strangers + [row for rows in waiting.values() for row in rows]


# --- the judgement ----------------------------------------------------------------------

def judge_marks(checks, name, pairs):
    for way, port in (("upstream", "udp.srcport"), ("downstream", "udp.dstport")):
        for low, high, dscp in ((50000, 50019, "46"), (50020, 50039, "34")):
            seen = [out for _, out in pairs
                    if out["ip.src"].startswith(SITE) == (way == "upstream")
                    and out["ip.proto"] == "17" and low <= int(out[port] or 0) <= high]
            checks.all(f"{name}: {way} {port} {low}-{high} leaves with DSCP {dscp}", len(seen),
                       (out for out in seen if out["ip.dsfield.dscp"] != dscp))
    checks.all(f"{name}: every packet has the DSCP of its class", len(pairs),
               (out for before, out in pairs if int(out["ip.dsfield.dscp"])
                != DSCP[expected_class(out, int(before["ip.dsfield.dscp"]))]))
    checks.all(f"{name}: ECN as it came", len(pairs),
               (out for before, out in pairs if before["ip.dsfield.ecn"] != out["ip.dsfield.ecn"]))
    good = [out for before, out in pairs if before["ip.checksum.status"] == "1"]
    checks.all(f"{name}: good checksums stay good", len(good),
               (out for out in good if out["ip.checksum.status"] != "1"))


def judge_ecn(checks, pairs):
    bad = [out for before, out in pairs if before["ip.checksum.status"] == "0"]
    checks.all("ecn: wrong checksums stay wrong", len(bad),
               (out for out in bad if out["ip.checksum.status"] != "0"))
    values = Counter(out["ip.dsfield.ecn"] for _, out in pairs)
    checks.that("ecn: all four values were there", len(values) == 4, values)


def pcp_of(before, out):
    return str(PCP[expected_class(out, int(before["ip.dsfield.dscp"]))])


def is_set(flag):
    return flag in ("1", "True")


def judge_tagged(checks, name, pairs, vid):
    checks.all(f"{name}: VID kept", len(pairs),
               (out for _, out in pairs if out["vlan.id"] != str(vid)))
    checks.all(f"{name}: PCP of the class", len(pairs),
               (out for before, out in pairs if out["vlan.priority"] != pcp_of(before, out)))
    checks.all(f"{name}: DEI kept", sum(is_set(before["vlan.dei"]) for before, _ in pairs),
               (out for before, out in pairs if before["vlan.dei"] != out["vlan.dei"]))


def judge_qinq(checks, name, pairs, all_tags):
    checks.all(f"{name}: both VIDs kept", len(pairs),
               (out for _, out in pairs
                if (out["ieee8021ad.id"], out["vlan.id"]) != (str(OUTER_VID), str(VID))))
    checks.all(f"{name}: outer PCP of the class", len(pairs),
               (out for before, out in pairs if out["ieee8021ad.priority"] != pcp_of(before, out)))
    checks.all(f"{name}: inner PCP {'of the class' if all_tags else 'kept'}", len(pairs),
               (out for before, out in pairs
                if out["vlan.priority"] != (pcp_of(before, out) if all_tags else "7")))
    checks.all(f"{name}: both DEI kept",
               sum(is_set(before["ieee8021ad.dei"]) for before, _ in pairs),
               (out for before, out in pairs if not is_set(out["vlan.dei"])
                or before["ieee8021ad.dei"] != out["ieee8021ad.dei"]))


def judge_inserted(checks, name, pairs, rows_out, vid):
    checks.all(f"{name}: tag with VID {vid} and the PCP of the class", len(pairs),
               (out for before, out in pairs
                if (out["vlan.id"], out["vlan.priority"]) != (str(vid), pcp_of(before, out))))
    local = [row for row in rows_out if row["eth.dst"].startswith("01:80:c2:00:00:0")]
    checks.all(f"{name}: link control stays untagged", len(local),
               (row for row in local if row["vlan.id"]))
    others = [row for row in rows_out if row not in local and not row["ip.src"]]
    checks.all(f"{name}: other frames are tagged, too", len(others),
               (row for row in others if (row["vlan.id"], row["vlan.priority"]) != (str(vid), "0")))


def judge_totals(checks, name, frames, out, drops, document):
    sent = read_pcap(out)
    dropped = tshark(drops, ["frame.number"])
    checks.all(f"{name}: in = out + drops", len(frames),
               [] if len(frames) == len(sent) + len(dropped) else [(len(sent), len(dropped))])
    checks.that(f"{name}: nothing was dropped", not dropped, len(dropped))
    link = document["links"][0]
    received = sum(link[d]["rx"]["packets"] for d in ("upstream", "downstream"))
    checks.that(f"{name}: the document counts every frame", received == len(frames), received)
    before = Counter(untouched_part(f.data) for f in frames)
    after = Counter(untouched_part(f.data) for f in sent)
    checks.all(f"{name}: all but tags, DSCP and checksum as it came", sum(after.values()),
               (before - after).keys() | (after - before).keys())


def judge(checks, bench, name, frames, vlan):
    config = bench.write("teams.conf", teams_config(vlan))
    source = bench.pcap("in.pcap", frames)
    arguments = ("--site", SITE + "0/24", source)
    out, drops, document = bench.replay(config, *arguments)
    again = bench.replay(config, *arguments, name="again")
    checks.that(f"{name}: two runs are identical, byte by byte",
                os.path.getsize(out) > 24 and filecmp.cmp(out, again[0], shallow=False)
                and filecmp.cmp(drops, again[1], shallow=False) and document == again[2])
    judge_totals(checks, name, frames, out, drops, document)
    rows_out = tshark(out, FIELDS)
    pairs, strangers = matched(tshark(source, FIELDS), rows_out)
    checks.all(f"{name}: every IPv4 packet is found again", len(pairs), strangers)
    judge_marks(checks, name, pairs)
    if not name.endswith("insert"):
        others = Counter(f.data for f in frames if ipv4_offset(f.data) is None)
        left = Counter(f.data for f in read_pcap(out) if ipv4_offset(f.data) is None)
        checks.all(f"{name}: frames that are not IP leave as they came", sum(others.values()),
                   (others - left).keys() | (left - others).keys())
    if name == "ecn":
        judge_ecn(checks, pairs)
    elif name == "tagged":
        judge_tagged(checks, name, pairs, VID)
    elif name == "priority-tagged":
        judge_tagged(checks, name, pairs, 0)
    elif name.startswith("qinq"):
        judge_qinq(checks, name, pairs, name != "qinq")
    elif name.endswith("insert"):
        judge_inserted(checks, name, pairs, rows_out, VID if name == "vlan-insert" else 0)


def main():
    edgemark, *capture = sys.argv[1:]
    frames = read_pcap(capture[0]) if capture else made_call()
    checks = Checks()
    with Bench(edgemark) as bench:
        for name, (change, vlan) in VARIANTS.items():
            judge(checks, bench, name, change(frames), vlan)
    checks.conclude()


main()
