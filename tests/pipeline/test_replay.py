# SPDX-License-Identifier: BSD-3-Clause
"""edgemark replay as a command: what it reads and writes, its virtual clock, and how it
refuses what it can't do.

usage: test_replay.py EDGEMARK
"""

import json
import os
import struct
import subprocess
import sys
from collections import Counter

from replaying import (MICRO, Bench, Checks, Frame, read_pcap, teams_config, tshark, udp_frame)

START = 1_700_000_000 * 10**9
CLIENT, SERVER = "192.168.1.6", "52.112.0.1"
SITE = ("--site", "192.168.1.0/24")
MS = 10**6


def voice(size=214):
    return udp_frame(CLIENT, SERVER, 50000, 3478, size)


def voice_back(size=214):
    return udp_frame(SERVER, CLIENT, 3478, 50000, size)


def data(size=1514):
    return udp_frame(CLIENT, SERVER, 2000, 2000, size)


def calls(count, gap_ns, packets):
    """count calls of packets each, evenly offset."""
    return [Frame(START + p * 20 * MS + c * gap_ns, voice())
            for p in range(packets) for c in range(count)]


def pcapng(frames):
    """The same capture as pcapng in microseconds, as tshark writes it."""
    out = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    out += struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)
    for f in frames:
        padded = f.data + bytes(-len(f.data) % 4)
        us = f.ns // 1000
        out += struct.pack("<IIIIIII", 6, 32 + len(padded), 0, us >> 32, us & 0xFFFFFFFF,
                           len(f.data), len(f.data)) + padded + struct.pack("<I", 32 + len(padded))
    return out


def contents(path):
    with open(path, "rb") as stream:
        return stream.read()


def direction(document, name="upstream"):
    return document["links"][0][name]


# --- reading and writing ----------------------------------------------------------------

def formats(checks, bench):
    frames = [Frame(START + i * 1000, voice()) for i in range(50)]
    config = bench.write("plain.conf", teams_config())
    nano = bench.replay(config, *SITE, bench.pcap("nano.pcap", frames))[0]
    expected = [(f.ns, len(f.data)) for f in frames]
    checks.that("unshaped frames leave when they come, to the nanosecond",
                [(f.ns, len(f.data)) for f in read_pcap(nano)] == expected)
    with open(bench.path("in.pcapng"), "wb") as stream:
        stream.write(pcapng(frames))
    for name, source in (("microseconds", bench.pcap("micro.pcap", frames, magic=MICRO)),
                         ("pcapng", bench.path("in.pcapng"))):
        out = bench.replay(config, *SITE, source, name=name)[0]
        checks.that(f"{name}: the same as nanoseconds", contents(out) == contents(nano) and out != nano)
    result = bench.run("-c", config, *SITE, "-", "-", stdin=contents(bench.path("nano.pcap")))
    checks.that("from standard input to standard output", result.stdout == contents(nano),
                result.stderr)
    result = bench.run("-c", config, *SITE, bench.path("nano.pcap"), bench.path("o"), "-j", "-")
    document = json.loads(result.stdout)
    checks.that("-j - gives the document alone", direction(document)["rx"]["packets"] == 50)
    checks.that("and nothing on standard error", not result.stderr, result.stderr)


def directions(checks, bench):
    config = bench.write("plain.conf", teams_config())
    source = bench.pcap("ways.pcap", [Frame(START, voice()), Frame(START, voice_back()),
                                      Frame(START, voice_back())])
    seen = [direction(bench.replay(config, *how, source)[2], way)["rx"]["packets"]
            for how in (SITE, ("--direction", "upstream"), ("--direction", "downstream"))
            for way in ("upstream", "downstream")]
    checks.that("--site and --direction choose the lane", seen == [1, 2, 3, 0, 0, 3], seen)


def summary(checks, bench):
    config = bench.write("thin.conf", teams_config(contracts=CONTRACT % "police"))
    source = bench.pcap("calls.pcap", calls(20, MS, 50))
    result = bench.run("-c", config, *SITE, source, bench.path("out"))
    lines = result.stdout.decode().splitlines()
    voice_line = next((line.split() for line in lines if line.split()[1:2] == ["voice"]), [])
    checks.that("the summary has a line for voice, with the reason",
                voice_line[:3] == ["upstream", "voice", "1000"] and voice_line[6] == "contract",
                lines)
    checks.that("the summary fits 100 columns", max(map(len, lines)) <= 100)


def empty(checks, bench):
    config = bench.write("plain.conf", teams_config())
    out, _, document = bench.replay(config, *SITE, bench.pcap("empty.pcap", []))
    checks.that("an empty capture gives an empty one",
                not read_pcap(out) and direction(document)["rx"]["packets"] == 0)


# --- the clock and the contract ---------------------------------------------------------

CONTRACT = '{ class = "voice"; cir-kbps = 800; burst-bytes = 3036; exceed = "%s"; }'


def overrun(checks, bench):
    """20 calls of 80 kbit/s on a contract of 10."""
    source = bench.pcap("calls.pcap", calls(20, MS, 500))
    for exceed in ("police", "random"):
        config = bench.write(f"{exceed}.conf", teams_config(contracts=CONTRACT % exceed))
        out, drops, document = bench.replay(config, *SITE, source)
        up = direction(document)
        reasons = Counter(row["frame.comment"] for row in tshark(drops, ["frame.comment"]))
        sent = read_pcap(out)
        checks.that(f"{exceed}: in = out + drops",
                    10000 == len(sent) + sum(reasons.values()) == up["rx"]["packets"])
        counted = {reason: n for reason, n in up["drops"].items() if n}
        checks.that(f"{exceed}: comments and counters agree", dict(reasons) == counted and reasons,
                    (reasons, counted))
        contract = up["contracts"][0]
        most = 800_000 * 10 // 8 + 3036
        checks.that(f"{exceed}: admits CIR and burst at most, and 97 % of the CIR at least",
                    most * 0.97 < contract["admitted"]["bytes"] <= most, contract)
        checks.that(f"{exceed}: the CIR holds 10 calls", contract["calls"] == 10, contract)


def seeds(checks, bench):
    config = bench.write("random.conf", teams_config(contracts=CONTRACT % "random"))
    source = bench.pcap("calls.pcap", calls(20, MS, 200))
    runs = {(seed, i): contents(bench.replay(config, *SITE, *seed, source)[0])
            for seed in ((), ("--seed", "1"), ("--seed", "2")) for i in range(2)}
    checks.that("each seed repeats itself",
                all(runs[seed, 0] == runs[seed, 1] for seed, _ in runs))
    checks.that("without --seed it is 1", runs[(), 0] == runs[("--seed", "1"), 0])
    checks.that("another seed drops others", runs[(), 0] != runs[("--seed", "2"), 0])


def patient(config):
    """The configuration with long queues for voice and the rest."""
    schedule = ", ".join(f'{{ class = "{name}"; queue-ms = 10000; queue-packets = 5000; }}'
                         for name in ("voice", "default"))
    for policy in ("to-provider", "from-provider"):
        config = config.replace(f'{{ name = "{policy}";',
                                f'{{ name = "{policy}"; schedule = ( {schedule} );')
    return config


def link_rate(checks, bench):
    """100 full frames at once on 10 Mbit/s: they leave at the link's pace."""
    frames = [Frame(START, data()) for _ in range(100)]
    config = bench.write("link.conf", patient(teams_config(wan="rate-kbps = 10000;")))
    out, _, document = bench.replay(config, *SITE, bench.pcap("burst.pcap", frames))
    sent = read_pcap(out)
    wire_ns = (1514 + 24) * 8 * 100  # at 10 Mbit/s: 100 ns a bit
    gaps = [b.ns - a.ns for a, b in zip(sent, sent[1:])]
    queue = next(c for c in direction(document)["classes"] if c["name"] == "default")["queue"]
    checks.all("departures are one frame time apart", len(gaps[1:]),
               (gap for gap in gaps[1:] if gap != wire_ns))
    checks.that("the first leaves at once", sent[0].ns == START, sent[0].ns)
    longest_us = (sent[-1].ns - START) / 1000
    checks.that("the longest wait is in the document",
                abs(queue["delay_us_max"] - longest_us) < 0.001 and longest_us > 0,
                (queue, longest_us))
    checks.that("and by how much the waits differ",
                abs(queue["jitter_us_max"] - max(gaps) / 1000) < 0.001 and
                abs(queue["jitter_us_mean"] - longest_us / len(gaps)) < 0.001,
                (queue, gaps[:2]))


def time_order(checks, bench):
    """Frames of both directions, some stamped too early."""
    stamps = [0, 5, 3, 5, 9, 2, 20]
    frames = [Frame(START + ns * MS, voice() if i % 2 else voice_back())
              for i, ns in enumerate(stamps)]
    config = bench.write("plain.conf", teams_config())
    source = bench.pcap("stamps.pcap", frames)
    result = bench.run("-c", config, *SITE, source, bench.path("out.pcap"))
    times = [(f.ns - START) // MS for f in read_pcap(bench.path("out.pcap"))]
    checks.that("the clock never steps back", times == [0, 5, 5, 5, 9, 9, 20], times)
    checks.that("clamped frames are counted", b"2 frames were stamped before" in result.stdout,
                result.stdout)


def is_upstream(frame):
    return frame.data[26:30] == bytes([192, 168, 1, 6])


def merged(checks, bench):
    """Both lanes are busy: once all have come, OUT is in the order of time, upstream first."""
    frames = [Frame(START, frame) for _ in range(20) for frame in (voice_back(), data(214))]
    config = bench.write("both.conf", patient(teams_config(link="rate-kbps = 1000;")))
    sent = read_pcap(bench.replay(config, *SITE, bench.pcap("both.pcap", frames))[0])
    times = [f.ns for f in sent]
    ties = [(a, b) for a, b in zip(sent, sent[1:]) if a.ns == b.ns]
    checks.that("departures of both lanes are in order", times == sorted(times)
                and times[-1] > START and len(sent) == 40, times)
    mixed = [(a, b) for a, b in ties if is_upstream(a) != is_upstream(b) and a.ns > START]
    checks.all("upstream is first where they tie", len(mixed),
               (a.ns for a, b in mixed if not is_upstream(a)))


def large_frames(checks, bench):
    """Frames over several buffers come through whole."""
    sizes = (2047, 2048, 2049, 4096, 9014, 65535)
    frames = [Frame(START + i, data(size)[:-4] + struct.pack(">I", i)) for i, size in
              enumerate(sizes)]
    source = bench.pcap("jumbo.pcap", frames)
    config = bench.write("jumbo.conf", teams_config(vlan="untagged = 110;", link="mtu = 9000;"))
    sent = [f.data for f in read_pcap(bench.replay(config, *SITE, source)[0])]
    checks.that("jumbo frames come through whole, and tagged",
                sent == [f.data[:12] + bytes([0x81, 0, 0, 110]) + f.data[12:] for f in frames],
                list(map(len, sent)))


def many_waiting(checks, bench):
    """More frames wait than the first pool of buffers holds: 5,000, and the burst of 17 or so
    that the link takes at once has left before the others come."""
    frames = [Frame(START, data(64)) for _ in range(6000)]
    config = bench.write("slow.conf", patient(teams_config(wan="rate-kbps = 10000;")))
    out, _, document = bench.replay(config, *SITE, bench.pcap("many.pcap", frames))
    dropped = direction(document)["drops"]["queue-full"]
    checks.that("the queue's limit decides, not the buffers",
                982 <= dropped <= 984 and len(read_pcap(out)) + dropped == 6000, dropped)


# --- what it refuses --------------------------------------------------------------------

def refusal(checks, bench, name, code, said, *arguments):
    result = bench.run(*arguments)
    lines = result.stderr.decode().splitlines()
    sound = (result.returncode == code and len(lines) == 1 and lines[0].startswith("edgemark: ")
             and said in lines[0])
    checks.that(f"{name}: exit {code}, one line", sound, (result.returncode, lines))


def wrong_usage(checks, bench):
    config = bench.write("plain.conf", teams_config())
    source = bench.pcap("in.pcap", [Frame(START, voice())])
    out, c = bench.path("x"), ("-c", config)
    before = contents(source)
    for name, said, arguments in (
            ("no direction", "--site or --direction", (*c, source, out)),
            ("two directions", "--site or --direction",
             (*c, *SITE, "--direction", "upstream", source, out)),
            ("unknown direction", "sideways", (*c, "--direction", "sideways", source, out)),
            ("wrong prefix", "192.168.1.0/33", (*c, "--site", "192.168.1.0/33", source, out)),
            ("wrong seed", "many", (*c, *SITE, "--seed", "many", source, out)),
            ("unknown option", "--what", (*c, *SITE, "--what", source, out)),
            ("no OUT", "IN and OUT", (*c, *SITE, source)),
            ("no configuration", "-c FILE", (*SITE, source, out)),
            ("unknown link", "mpls", (*c, *SITE, "--link", "dsl", source, out)),
            ("IN is OUT", "same file", (*c, *SITE, source, source)),
            ("IN is --drops", "same file", (*c, *SITE, source, out, "--drops", source)),
            ("IN is OUT by another name", "same file",
             (*c, *SITE, source, os.path.join(bench.directory, ".", "in.pcap"))),
            ("OUT twice", "different", (*c, *SITE, source, out, "--drops", out)),
            ("two on standard output", "standard output", (*c, *SITE, source, "-", "-j", "-"))):
        refusal(checks, bench, name, 2, said, *arguments)
    checks.that("IN is untouched after all that", contents(source) == before)
    result = bench.run("--help")
    checks.that("--help is on standard output", result.returncode == 0 and not result.stderr
                and b"MAC address" in result.stdout)


def bad_files(checks, bench):
    config = bench.write("plain.conf", teams_config())
    source = bench.pcap("in.pcap", [Frame(START + i, voice()) for i in range(10)])
    out, c = bench.path("x"), ("-c", config, *SITE)
    bench.write("text.pcap", "not a capture\n" * 10)
    bench.pcap("wifi.pcap", [Frame(START, voice())], link_type=105)
    bad = bench.write("bad.conf", "version = 1;\nnonsense = 2;\n")
    for name, code, said, arguments in (
            ("no IN", 1, "No such file", (*c, bench.path("none"), out)),
            ("IN is a directory", 1, "directory", (*c, bench.directory, out)),
            ("IN is text", 1, "not a pcap", (*c, bench.path("text.pcap"), out)),
            ("IN is not Ethernet", 1, "Ethernet", (*c, bench.path("wifi.pcap"), out)),
            ("OUT can't be made", 1, "No such file", (*c, source, "/none/out")),
            ("OUT on a full disk", 1, "No space left", (*c, source, "/dev/full")),
            ("--drops on a full disk", 1, "No space left",
             (*c, source, out, "--drops", "/dev/full")),
            ("-j on a full disk", 1, "No space left", (*c, source, out, "-j", "/dev/full"))):
        refusal(checks, bench, name, code, said, *arguments)
    result = bench.run("-c", bad, *SITE, source, out)
    checks.that("a bad configuration: exit 78, file and line", result.returncode == 78
                and b"bad.conf:2" in result.stderr, result.stderr)
    large = bench.pcap("large.pcap", [Frame(START + i, data()) for i in range(20000)])
    refusal(checks, bench, "a disk that fills up on the way", 1, "No space left", *c, large,
            "/dev/full")


def cut_captures(checks, bench):
    config = bench.write("plain.conf", teams_config())
    source = bench.pcap("whole.pcap", [Frame(START + i, voice()) for i in range(10)])
    with open(bench.path("cut.pcap"), "wb") as stream:
        stream.write(contents(source)[:-7])
    os.chmod(bench.path("cut.pcap"), 0o644)
    refusal(checks, bench, "IN is cut short", 1, "first 9 frames", "-c", config, *SITE,
            bench.path("cut.pcap"), bench.path("out.pcap"))
    checks.that("what was there is treated", len(read_pcap(bench.path("out.pcap"))) == 9)
    short = bench.pcap("snap.pcap", [Frame(START + i, voice()[:96], 214) for i in range(5)])
    result = bench.run("-c", config, *SITE, short, bench.path("out.pcap"))
    checks.that("frames cut by a snap length: one warning, a count, exit 0",
                result.returncode == 0 and result.stderr.count(b"\n") == 1
                and b"5 frames were recorded cut" in result.stdout, result)


def side_by_side(checks, bench):
    """Several at once, as an ordinary user, leaving no run-time files behind."""
    config = bench.write("plain.conf", teams_config())
    source = bench.pcap("in.pcap", [Frame(START + i, voice()) for i in range(100)])
    command = [bench.edgemark, "replay", "-c", config, *SITE, source]
    running = [subprocess.Popen([*command, bench.path(f"out{i}")], stdout=subprocess.DEVNULL)
               for i in range(4)]
    codes = [process.wait(timeout=60) for process in running]
    outs = {contents(bench.path(f"out{i}")) for i in range(4)}
    checks.that("four at once end well, and alike", codes == [0] * 4 and len(outs) == 1, codes)
    left = [f"{directory}/edgemark-{process.pid}" for process in running
            for directory in ("/var/run/dpdk", "/tmp/dpdk")]
    checks.that("and leave nothing behind", not any(map(os.path.exists, left)))


def main():
    checks = Checks()
    with Bench(sys.argv[1]) as bench:
        for test in (formats, directions, summary, empty, overrun, seeds, link_rate, time_order,
                     merged, large_frames, many_waiting, wrong_usage, bad_files, cut_captures,
                     side_by_side):
            print(f"-- {test.__name__.replace('_', ' ')}")
            test(checks, bench)
    checks.conclude()


main()
