# SPDX-License-Identifier: BSD-3-Clause
"""edgemark lab overrun as a command: what calls suffer under each exceed, held against the
issue's bounds and recomputed from the captures; its repeatability; how it refuses.

usage: test_lab_overrun.py EDGEMARK
"""

import json
import os
import struct
import subprocess
import sys
from collections import defaultdict

from replaying import NOBODY, Bench, Checks, read_pcap

ALL = ["police", "random", "spread", "protect", "shape", "remark", "count"]


def lab(bench, *arguments, **how):
    """The finished process, run by nobody in particular."""
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    return subprocess.run([bench.edgemark, "lab", "overrun", *map(str, arguments)], check=False,
                          capture_output=True, cwd=bench.directory, timeout=240, **user, **how)


def result(bench, *arguments):
    """The JSON, and its runs by exceed."""
    done = lab(bench, *arguments, "-j", "-")
    if done.returncode != 0:
        raise SystemExit(f"lab overrun {arguments}: {done.stderr.decode()}")
    document = json.loads(done.stdout)
    return document, {run["exceed"]: run for run in document["runs"]}


def losses(run):
    return [call["loss_percent"] for call in run["calls"]]


# --- what calls suffer ------------------------------------------------------------------

CASES = {
    "100 on 80": [],
    "100 on 80, clocks 50 ppm apart": ["--ppm", 50],
    "100 on 80, 10 ms of jitter": ["--jitter-ms", 10],
    "100 on 80, a full link": ["--background", "saturate"],
}


def hundred_on_eighty(checks, bench):
    for name, more in CASES.items():
        _, runs = result(bench, "--calls", 100, "--contract", 80, "--exceed", "all", *more)
        checks.that(f"{name}: every exceed ran, and is reconciled",
                    list(runs) == ALL and all(r["reconciled"] for r in runs.values()))
        random, spread, police = (runs[e] for e in ("random", "spread", "police"))
        checks.all(f"{name}: random takes 15-25 % of each call", 100,
                   (x for x in losses(random) if not 15 <= x <= 25))
        checks.all(f"{name}: random leaves no gap over 0.4 s", 100,
                   (c for c in random["calls"] if not 0 < c["longest_gap_ms"] <= 400))
        mean = sum(losses(spread)) / 100
        checks.all(f"{name}: spread is within 2 points of equal", 100,
                   (x for x in losses(spread) if abs(x - mean) > 2))
        # but for what the bucket itself refused before thinning began
        checks.all(f"{name}: spread takes no two in a row", 100,
                   (c for c in spread["calls"]
                    if c["longest_drop_run"] > 1 + spread["drops"].get("contract", 0)))
        totals = [100 * runs[e]["dropped"]["bytes"]
                  / (runs[e]["dropped"]["bytes"] + runs[e]["admitted"]["bytes"])
                  for e in ("police", "random", "spread")]
        checks.that(f"{name}: all three lose alike in all", max(totals) - min(totals) < 0.5,
                    totals)
        for exceed in ("remark", "count"):
            checks.that(f"{name}: {exceed} drops nothing under its contract",
                        not any("contract" in reason for reason in runs[exceed]["drops"]),
                        runs[exceed]["drops"])
        if not more:
            checks.that(f"{name}: police is unequal", min(losses(police)) < 1
                        and max(losses(police)) > 60, police["loss_percent_quartiles"])
            checks.that(f"{name}: shape delays, up to its limit and a packet's time",
                        50_000 < runs["shape"]["delay_us"]["max"] < 105_000,
                        runs["shape"]["delay_us"])


def one_too_many(checks, bench):
    document, runs = result(bench, "--calls", 81, "--contract", 80, "--rtcp", 0,
                            "--exceed", "police,random,spread")
    checks.all("81 on 80: random takes 5 % of a call at most", 81,
               (x for x in losses(runs["random"]) if x > 5))
    checks.all("81 on 80: spread is within 2 points of equal", 81,
               (x for x in losses(runs["spread"])
                if abs(x - runs["spread"]["loss_percent"]) > 2))
    checks.that("81 on 80: police cuts some call by half", max(losses(runs["police"])) > 50,
                max(losses(runs["police"])))
    checks.that("the 81st call is named, with the time it began",
                document["contract_exceeded"] ==
                {"call": 81, "at_s": document["runs"][0]["calls"][80]["began_s"]},
                document["contract_exceeded"])
    document, runs = result(bench, "--calls", 80, "--contract", 80, "--rtcp", 0)
    checks.that("80 on 80: nothing is exceeded", document["contract_exceeded"] is None)


def all_at_once(checks, bench):
    _, runs = result(bench, "--calls", 100, "--contract", 80, "--phase", "sync",
                     "--burst-ms", 40, "--exceed", "random")
    checks.all("at one instant: random takes 8-32 % of each call", 100,
               (x for x in losses(runs["random"]) if not 8 <= x <= 32))


def first_come(checks, bench):
    """One call's rate of headroom, and a burst that covers 80 calls' allowances."""
    _, runs = result(bench, "--calls", 100, "--contract", 81, "--burst-ms", 25,
                     "--exceed", "protect", "--ramp", 10)
    calls = runs["protect"]["calls"]
    checks.all("protect: the first 80 lose nothing", 80,
               (c for c in calls[:80] if c["dropped"] or c["over_contract"]))
    checks.all("protect: those after them are named", 20,
               (c for c in calls[80:] if not c["over_contract"]))
    checks.that("protect: and it is they who lose", sum(c["dropped"] for c in calls[80:])
                == sum(c["dropped"] for c in calls) > 10000)
    checks.that("calls begin one after the other",
                all(0.09 * i <= c["began_s"] <= 0.1 * (i + 1) for i, c in enumerate(calls)))


# --- the same figures from the captures -------------------------------------------------

class Call:
    """A call as a capture shows it."""

    def __init__(self):
        self.arrived, self.left = {}, {}  # index → ns
        self.jitter, self.jitters, self.last, self.departures = 0, [], None, []

    def leave(self, ns, index, timestamp, stamp_ns):
        assert self.arrived[index] == stamp_ns
        self.left[index] = ns
        if self.last:
            d = abs((ns - self.last[0]) - (timestamp - self.last[1]) * 1e9 / 8000)
            self.jitter += (d - self.jitter) / 16
            self.jitters.append(self.jitter)
        self.last = (ns, timestamp)

    def dropped(self):
        return sorted(set(self.arrived) - set(self.left))

    def longest_run(self):
        longest, run, before = 0, 0, None
        for index in self.dropped():
            run = run + 1 if before == index - 1 else 1
            longest, before = max(longest, run), index
        return longest


def packets(path):
    """(ns, source, index, timestamp, stamp) of each RTP packet of a call."""
    for frame in read_pcap(path):
        data = frame.data
        if data[26:28] != b"\x0a\x01" or 200 <= data[43] <= 204:
            continue
        timestamp, = struct.unpack_from(">I", data, 46)
        stamp, index = struct.unpack_from(">QI", data, 54)
        yield frame.ns, ".".join(map(str, data[26:30])), index, timestamp, stamp


def recompute(directory, exceed):
    calls = defaultdict(Call)
    for ns, source, index, _, _ in packets(os.path.join(directory, "offered.pcap")):
        calls[source].arrived[index] = ns
    for ns, source, *rest in packets(os.path.join(directory, f"{exceed}.pcap")):
        calls[source].leave(ns, *rest)
    return calls


def close(a, b):
    return abs(a - b) <= 1e-6 * max(1, abs(a), abs(b))


def agrees(said, seen):
    delays = [seen.left[i] - seen.arrived[i] for i in seen.left]
    jitters = seen.jitters or [0]
    return (said["packets"] == len(seen.arrived)
            and said["dropped"] == len(seen.dropped())
            and said["longest_drop_run"] == seen.longest_run()
            and close(said["jitter_ms_mean"], sum(jitters) / len(jitters) / 1e6)
            and close(said["jitter_ms_max"], max(jitters) / 1e6)
            and close(said["delay_ms_mean"], sum(delays) / max(1, len(delays)) / 1e6)
            and close(said["delay_ms_max"], max(delays, default=0) / 1e6))


def captures(checks, bench):
    directory = bench.path("report")
    _, runs = result(bench, "--calls", 12, "--contract", 9, "--seconds", 20, "--exceed", "all",
                     "--jitter-ms", 30, "--ppm", 50, "--link-kbps", 3000, "--background",
                     "saturate", "--report", directory, "--captures")
    for exceed, run in runs.items():
        calls = recompute(directory, exceed)
        checks.all(f"{exceed}: each call's figures are those of the captures", len(run["calls"]),
                   (c for c in run["calls"] if not agrees(c, calls[c["source"]])))
        voice = sum(c["packets"] + c["rtcp_packets"] - c["dropped"] - c["rtcp_dropped"]
                    for c in run["calls"])
        checks.that(f"{exceed}: its sums are those of its calls",
                    run["admitted"]["packets"] == voice
                    and run["dropped"]["packets"] == sum(run["drops"].values()))
        curve = sum(point["admitted_kbps"] for point in run["series"]) * 1000 / 8
        checks.that(f"{exceed}: its curve holds every byte",
                    close(curve, run["admitted"]["bytes"]), (curve, run["admitted"]))
    with open(os.path.join(directory, "lab.json"), encoding="utf-8") as stream:
        written = json.load(stream)
    checks.that("the report's directory has the same result",
                [r["calls"] for r in written["runs"]] == [r["calls"] for r in runs.values()])


# --- the same again ---------------------------------------------------------------------

def without_wall(document):
    for run in document["runs"]:
        del run["wall_seconds"]
    return document


def again(checks, bench):
    arguments = ["--calls", 30, "--contract", 24, "--seconds", 10, "--codec", "opus", "--ppm", 20,
                 "--background", "poisson:5000,video:900", "--exceed", "random,protect"]
    runs = [without_wall(result(bench, *arguments, "--seed", seed)[0]) for seed in (1, 1, 2)]
    checks.that("the same seed gives the same result", runs[0] == runs[1])
    checks.that("another seed another one",
                runs[0]["offered"]["digest"] != runs[2]["offered"]["digest"]
                and runs[0]["runs"][0]["calls"] != runs[2]["runs"][0]["calls"])
    alone = without_wall(result(bench, *arguments[:-1], "protect")[0])
    checks.that("a run does not depend on the one before it", alone["runs"][0] == runs[0]["runs"][1])
    command = runs[0]["command"].split()[3:]
    repeated = without_wall(result(bench, *command[:-2])[0])
    checks.that("the command in the result repeats it", repeated == runs[0])


# --- a person, and a file ---------------------------------------------------------------

CONFIG = """version = 1;
links = ( {{ name = "mpls"; upstream = "up"; lan = {{ device = "net_null0"; }};
            wan = {{ device = "net_null1"; rate-kbps = 20000; }}; }} );
classes = ( {{ name = "voice"; dscp = "EF"; pcp = 5; }}, {{ name = "default"; dscp = 0; }} );
acls = ( {{ name = "media"; rules = ( {first}
           {{ seq = 10; protocol = "udp"; source-port = "50020-50039"; class = "voice"; }} ); }} );
policies = ( {{ name = "up"; acl = "media"; vlan = {{ untagged = 110; }}; contracts = (
           {{ class = "voice"; cir-kbps = 3872; account = "wire"; exceed = "spread"; }} ); }} );
"""
HIDDEN = '{ seq = 5; source = "10.1.0.0/16"; class = "default"; },'


def own_file(checks, bench):
    """A tagged link counted on the wire: 40 calls of 96.8 kbit/s."""
    path = bench.write("own.conf", CONFIG.format(first=""))
    document, runs = result(bench, "--calls", 50, "-c", path)
    checks.that("a file's contract holds 40 tagged calls",
                document["contract_exceeded"]["call"] == 41
                and close(document["parameters"]["call_kbps"], 96.8), document["parameters"])
    checks.that("and is run as it stands", list(runs) == ["spread"]
                and 19 < runs["spread"]["loss_percent"] < 21, runs["spread"]["loss_percent"])
    _, runs = result(bench, "--calls", 50, "-c", path, "--exceed", "police,remark")
    checks.that("or compared", list(runs) == ["police", "remark"]
                and runs["remark"]["remarked"]["packets"] > 20000)
    hidden = bench.write("hidden.conf", CONFIG.format(first=HIDDEN))
    done = lab(bench, "--calls", 50, "-c", hidden, "--seconds", 1)
    checks.that("calls that the file does not find: exit 78", done.returncode == 78
                and b"not of class 'voice'" in done.stderr, done.stderr)


def for_people(checks, bench):
    done = lab(bench, "--calls", 100, "--contract", 80, "--exceed", "all", "--seconds", 5)
    lines = done.stdout.decode().splitlines()
    checks.all("the table is within 100 columns", len(lines), (x for x in lines if len(x) > 100))
    checks.that("it names each exceed, and the 81st call", done.returncode == 0
                and all(any(line.startswith(e + " ") for line in lines) for e in ALL)
                and any("call number 81 began" in line for line in lines), lines)
    checks.that("nothing else is said where there is no terminal", done.stderr == b"", done.stderr)


def refused(checks, bench):
    ok = ("--calls", 10, "--contract", 8, "--seconds", 1)
    bench.write("file", "")
    for name, code, said, arguments in (
            ("two contracts", 2, "--cir-kbps", (*ok, "--cir-kbps", 640)),
            ("no contract", 2, "no contract", ("--calls", 10)),
            ("too many calls", 2, "--calls", ("--calls", 10001, "--contract", 8)),
            ("unknown background", 2, "'noise'", (*ok, "--background", "noise")),
            ("DIR below a file", 1, "Not a directory", (*ok, "--report", "file/x")),
            ("DIR is a file", 1, "Not a directory", (*ok, "--report", "file")),
            ("DIR can't be made", 1, "No such file", (*ok, "--report", "none/x")),
            ("-j can't be made", 1, "No such file", (*ok, "-j", "none/x")),
            ("-j on a full disk", 1, "No space left", (*ok, "-j", "/dev/full")),
            ("no configuration", 78, "No such file", ("--calls", 10, "-c", "none"))):
        done = lab(bench, *arguments)
        lines = done.stderr.decode().splitlines()
        checks.that(f"{name}: exit {code}, one line", done.returncode == code
                    and len(lines) == 1 and lines[0].startswith("edgemark: ")
                    and said in lines[0], (done.returncode, lines))


def main():
    checks = Checks()
    with Bench(sys.argv[1]) as bench:
        for part in (hundred_on_eighty, one_too_many, all_at_once, first_come, captures, again,
                     own_file, for_people, refused):
            part(checks, bench)
    checks.conclude()


if __name__ == "__main__":
    main()
