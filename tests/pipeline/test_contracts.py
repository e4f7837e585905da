# SPDX-License-Identifier: BSD-3-Clause
"""Contracts from the configuration to the capture that leaves: what a call costs by each
account, several contracts in one direction, and the colours of an AF class.

usage: test_contracts.py EDGEMARK
"""

import sys
from collections import Counter

from replaying import Bench, Checks, Frame, read_pcap, teams_config, tshark, udp_frame

START = 1_700_000_000 * 10**9
MS = 10**6
CLIENT, SERVER = "192.168.1.6", "52.112.0.1"
UPSTREAM = ("--direction", "upstream")
TAG = b"\x81\x00\x00\x6e"


def call(port, offset_ns, packets, tag=b""):
    """G.711: 160 bytes of voice each 20 ms, 200 by IP."""
    data = udp_frame(CLIENT, SERVER, port, 3478, 214)
    return [Frame(START + offset_ns + i * 20 * MS, data[:12] + tag + data[12:])
            for i in range(packets)]


def flow(port, gap_ns, packets, size):
    data = udp_frame(CLIENT, SERVER, port, 3478, size)
    return [Frame(START + i * gap_ns, data[:-4] + i.to_bytes(4, "big")) for i in range(packets)]


def in_time(*flows):
    return sorted((f for frames in flows for f in frames), key=lambda f: f.ns)


def contracts_of(document):
    return {c["class"]: c for c in document["links"][0]["upstream"]["contracts"]}


# --- accounts ----------------------------------------------------------------------------

# What a G.711 call is in kbit/s, by who counts; frames that come untagged or tagged.
ACCOUNTS = (
    ("by IP", 80, 'account = "ip";', "", b""),
    ("by frame", 85.6, 'account = "l2";', "", b""),
    ("by frame, tagged", 87.2, 'account = "l2";', "", TAG),
    ("on the wire", 95.2, 'account = "wire";', "", b""),
    ("on the wire, tagged", 96.8, 'account = "wire";', "", TAG),
    ("on the wire, tagged by us", 96.8, 'account = "wire";', 'untagged = "priority-tag";', b""),
    ("by IP and 24 bytes", 89.6, 'account = "ip"; overhead-bytes = 24;', "", b""),
    ("on the wire less 4", 93.6, 'account = "wire"; overhead-bytes = -4;', "", b""),
)
PACKETS = 250


def one_call(bench, kbps, account, vlan, tag):
    """Packets that left of a call that a contract of kbps has to hold, and of a second one."""
    burst = round(kbps * 1000 / 8 / 50) # one packet
    contract = (f'{{ class = "voice"; cir-kbps = {kbps:.3f}; burst-bytes = {burst}; '
                f'{account} exceed = "police"; }}')
    config = bench.write("call.conf", teams_config(vlan=vlan, contracts=contract))
    frames = in_time(call(50000, 0, PACKETS, tag), call(50002, 10 * MS, PACKETS, tag))
    out, _, document = bench.replay(config, *UPSTREAM, bench.pcap("calls.pcap", frames))
    ports = Counter(row["udp.srcport"] for row in tshark(out, ["udp.srcport"]))
    return ports["50000"], ports["50002"], contracts_of(document)["voice"]


def accounts(checks, bench):
    for name, kbps, account, vlan, tag in ACCOUNTS:
        first, second, contract = one_call(bench, kbps, account, vlan, tag)
        checks.that(f"a call is {kbps} kbit/s {name}: one passes whole, a second is cut",
                    first == PACKETS and second == 0, (first, second))
        checks.that("  as the counters say it", contract["admitted"]["packets"] == PACKETS and
                    contract["admitted"]["bytes"] * 8 * 50 == PACKETS * round(kbps * 1000),
                    contract)
        first = one_call(bench, kbps - 0.001, account, vlan, tag)[0]
        checks.that("  and a bit a second less does not hold it", first < PACKETS, first)


def burst_in_calls(checks, bench):
    """So many calls may send at the same instant."""
    contract = '{ class = "voice"; cir-kbps = 800; burst-calls = 7; exceed = "police"; %s }'
    for account in ("ip", "wire"):
        config = bench.write("calls.conf",
                             teams_config(contracts=contract % f'account = "{account}";'))
        frames = [f for port in range(10) for f in call(50000 + port, 0, 1)]
        document = bench.replay(config, *UPSTREAM, bench.pcap("burst.pcap", frames))[2]
        admitted = contracts_of(document)["voice"]["admitted"]["packets"]
        checks.that(f"a burst of 7 calls by {account} holds 7 packets", admitted == 7, admitted)


# --- colours, and several contracts ------------------------------------------------------

CONTRACTS = """
  { class = "voice"; cir-kbps = 160; burst-calls = 2; exceed = "police"; },
  { class = "video"; cir-kbps = 1000; burst-bytes = 5000; exceed = "colour";
    meter = "trtcm"; pir-kbps = 2000; peak-burst-bytes = 10000; },
  { class = "sharing"; cir-kbps = 500; burst-ms = 50; exceed = "colour"; red = "pass"; },
  { class = "default"; cir-kbps = 1000; burst-bytes = 3000; exceed = "shape"; max-delay-ms = 50; }
"""
SECONDS = 4
DSCPS = {"video": ("34", "36", "38"), "sharing": ("18", "20", "22")}


def colours_agree(checks, rows, name, contract):
    left = Counter(row["ip.dsfield.dscp"] for row in rows if row["ip.dsfield.dscp"] in DSCPS[name])
    counted = [contract["colours"][c]["packets"] for c in ("green", "yellow", "red")]
    wanted = counted[:2] + [counted[2] - contract["dropped"]["packets"]]
    checks.that(f"{name}: tshark and the counters agree on every colour",
                [left[dscp] for dscp in DSCPS[name]] == wanted and min(counted) > 0,
                (left, contract))


def several(checks, bench):
    """Four contracts in one direction, each overrun: 3 calls, 3 Mbit/s, 1.5 and 2 Mbit/s by IP."""
    config = bench.write("all.conf", teams_config(contracts=CONTRACTS))
    frames = in_time(*(call(50000 + 2 * i, i * MS, 50 * SECONDS) for i in range(3)),
                     flow(50020, 4 * MS, 250 * SECONDS, 1514),
                     flow(50040, 8 * MS, 125 * SECONDS, 1514),
                     flow(2000, 6 * MS, 1000 * SECONDS // 6, 1514))
    out, _, document = bench.replay(config, *UPSTREAM, bench.pcap("all.pcap", frames))
    contracts = contracts_of(document)
    voice, video, sharing, rest = (contracts[name] for name in
                                   ("voice", "video", "sharing", "default"))
    rows = tshark(out, ["ip.dsfield.dscp", "ip.checksum.status", "udp.srcport"])
    checks.that("voice: two of three calls", voice["admitted"]["packets"] == 2 * 50 * SECONDS, voice)
    colours_agree(checks, rows, "video", video)
    colours_agree(checks, rows, "sharing", sharing)
    green, yellow = (video["colours"][c]["bytes"] for c in ("green", "yellow"))
    most_green, most = 1_000_000 * SECONDS // 8 + 5000, 2_000_000 * SECONDS // 8 + 10000
    checks.that("video: green to its CIR, and to its PIR with yellow",
                most_green - 3000 < green <= most_green and most - 3000 < green + yellow <= most,
                video)
    green, yellow = (sharing["colours"][c]["bytes"] for c in ("green", "yellow"))
    most = 500_000 * SECONDS // 8 + 3125
    checks.that("sharing: green to its CIR, the excess burst once, red passes",
                most - 3000 < green <= most and 1500 <= yellow <= 3125 and
                sharing["dropped"]["packets"] == 0, sharing)
    checks.that("what is shaped waits, and then leaves",
                rest["admitted"]["bytes"] <= 1_000_000 * SECONDS // 8 + 3000 + 7500 and
                rest["dropped"]["packets"] > 0, rest)
    checks.all("every IPv4 checksum is good", len(rows),
               [row for row in rows if row["ip.checksum.status"] != "1"])
    order = [f.data[-4:] for f in read_pcap(out) if f.data[34:36] == (50020).to_bytes(2, "big")]
    checks.that("no colour of video overtakes another", order == sorted(order) and len(order) ==
                video["admitted"]["packets"] + video["exceeded"]["packets"])


def main():
    checks = Checks()
    with Bench(sys.argv[1]) as bench:
        for test in (accounts, burst_in_calls, several):
            print(f"-- {test.__name__.replace('_', ' ')}")
            test(checks, bench)
    checks.conclude()


main()
