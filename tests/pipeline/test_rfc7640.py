# SPDX-License-Identifier: BSD-3-Clause
"""edgemark lab rfc7640: a short run of the whole suite. Its metrics are computed again from
the captures that it keeps, and its contracts' bounds are judged by exact arithmetic.

usage: test_rfc7640.py EDGEMARK
"""

import json
import math
import os
import struct
import subprocess
import sys
from collections import defaultdict
from fractions import Fraction

from replaying import NOBODY, Bench, Checks, ipv4_offset, read_pcap

SECTIONS = ["6.1.1", "6.1.1", "6.1.1", "6.1.2.1", "6.1.2.3",
            "6.2.1.1", "6.2.1.1", "6.2.1.1", "6.2.2.1.1", "6.2.2.1.2",
            "6.3.1.1", "6.3.1.1", "6.3.2.1", "6.3.2.2", "6.3.2.3", "6.4", "6.4"]
MAGIC = 0x37363430


def lab(bench, *arguments):
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    return subprocess.run([bench.edgemark, "lab", "rfc7640", *arguments], check=False,
                          capture_output=True, text=True, cwd=bench.directory, timeout=200,
                          env=os.environ | {"TMPDIR": bench.path("tmp")}, **user)


class Departure:
    """What a captured frame says of itself."""

    def __init__(self, frame):
        at = ipv4_offset(frame.data)
        magic, self.stream, self.sequence, self.sent = struct.unpack_from(">IHIQ", frame.data,
                                                                          at + 28)
        assert magic == MAGIC
        self.dscp = frame.data[at + 1] >> 2
        self.ip_bytes = struct.unpack_from(">H", frame.data, at + 2)[0]
        self.left = frame.ns
        self.delay = self.left - self.sent


def streams_of(path):
    streams = defaultdict(list)
    for frame in read_pcap(path):
        departure = Departure(frame)
        streams[departure.stream].append(departure)
    return streams


def out_of_sequence(departures):
    expected = late = 0
    for d in departures:
        late += d.sequence < expected
        expected = max(expected, d.sequence + 1)
    return late


def percentile(delays):
    return sorted(delays)[math.ceil(len(delays) * 0.99) - 1] - min(delays)


def seconds(ns):
    return ns / 1e9


def recomputed(departures):
    delays = [d.delay for d in departures]
    return {
        "received_packets": len(departures),
        "oos_packets": out_of_sequence(departures),
        "pd_min_s": seconds(min(delays)),
        "pd_max_s": seconds(max(delays)),
        "pd_mean_s": seconds(sum(delays) / len(delays)),
        "pdv_s": seconds(percentile(delays)),
    }


def trial_rows(test):
    """Each trial with its rows: as many as it has streams, in their order."""
    rows = iter(test["rows"])
    each = len(test["rows"]) // len(test["reconciled"])
    for trial in test["reconciled"]:
        yield trial, [next(rows) for _ in range(each)]


def captures(document):
    """(trial, row, departures) of every stream of every trial."""
    for test in document["tests"]:
        for trial, rows in trial_rows(test):
            streams = streams_of(trial["capture"])
            for i, row in enumerate(rows):
                yield trial, row, streams[i]


def metrics_again(checks, document):
    wrong, judged = [], 0
    for trial, row, departures in captures(document):
        if not departures:
            wrong.append(f"{trial['trial']}: nothing left of {row['class']}")
            continue
        for key, value in recomputed(departures).items():
            judged += 1
            if not math.isclose(row[key], value, rel_tol=1e-9, abs_tol=1e-12):
                wrong.append(f"{trial['trial']} {row['class']}: {key} {row[key]}, not {value}")
        judged += 1
        if row["lp_packets"] != row["sent_packets"] - len(departures):
            wrong.append(f"{trial['trial']} {row['class']}: LP {row['lp_packets']}")
    checks.all("metrics, again from the captures", judged, wrong)


def conforms(departures, rate_bps, burst_bytes):
    """Whether no interval t has more than rate * t + burst, in exact arithmetic."""
    level, last = Fraction(burst_bytes), None
    for d in departures:
        if last is not None:
            level = min(Fraction(burst_bytes), level + Fraction((d.left - last) * rate_bps, 8 * 10**9))
        last = d.left
        level -= d.ip_bytes
        if level < 0:
            return False
    return True


def bounds(checks, document):
    """A policer's, and a class shaper's, hold in every trial; and a smaller burst would not."""
    wrong, judged, tight = [], 0, 0
    for trial, row, departures in captures(document):
        name = trial["trial"]
        if not name.startswith(("policer-police", "policer-random", "policers-", "shaper-class",
                                "shapers-", "concurrent-shapers")):
            continue
        rate, burst = round(row["cir_kbps"] * 1000), row["burst_bytes"]
        judged += 1
        if not conforms(departures, rate, burst):
            wrong.append(f"{name} {row['class']}: more than CIR * t + burst left")
        tight += not conforms(departures, rate, burst - row["frame_bytes"] - 1)
    checks.all("no interval t has more than CIR * t + burst", judged, wrong)
    checks.that("most fill it to the frame", tight > judged / 2, f"{tight} of {judged}")


def results(checks, document):
    figures = [c for t in document["tests"] for r in t["rows"] for c in r["checks"]]
    checks.that("the RFC's sections", [t["section"] for t in document["tests"]] == SECTIONS)
    checks.all("figures as predicted", len(figures), [c for c in figures if not c["ok"]])
    checks.all("differences are measured less predicted", len(figures),
               [c for c in figures
                if not math.isclose(c["difference"], c["measured"] - c["predicted"],
                                    rel_tol=1e-6, abs_tol=1e-6)])
    trials = [r for t in document["tests"] for r in t["reconciled"]]
    checks.all("captures agree with the counters", len(trials),
               [t for t in trials if t["differences"] or not t["figures"] or not t["frames"]])
    checks.that("their sum", document["failed"] == 0 and document["checks"] ==
                len(figures) + sum(t["figures"] for t in trials))
    losses = sum(r["lp_packets"] for t in document["tests"] for r in t["rows"])
    checks.that("something was lost, or nothing was tested", losses > 1000, losses)


def table(checks, text):
    lines = text.splitlines()
    checks.all("lines of at most 100 columns", len(lines), [l for l in lines if len(l) > 100])
    checks.that("no figure is off", " OFF" not in text and lines[-1].endswith(" 0 off"), lines[-1])
    for name in ("BSA", "LP", "OOS", "PD", "PDV", "SR", "SBB", "SBI"):
        checks.that(f"{name} is defined", any(l.startswith(f"  {name}") for l in lines))


def repeatable(checks, bench):
    runs = [lab(bench, "--test", "policer", "--seconds", "0.1", "--seed", seed, "-j", "-")
            for seed in ("7", "7", "8")]
    checks.that("-j - is JSON alone", json.loads(runs[0].stdout)["failed"] == 0)
    checks.that("the same arguments, the same results", runs[0].stdout == runs[1].stdout)
    rows = [json.loads(r.stdout)["tests"][1]["rows"] for r in runs]
    checks.that("another seed, other random drops", rows[0] != rows[2])


def other_rates(checks, bench):
    for rate, port in (("64", "10000"), ("3953.1", "100000"), ("80000", "1000000")):
        result = lab(bench, "--cir-kbps", rate, "--port-kbps", port, "--seconds", "0.1")
        checks.that(f"{rate} kbit/s on ports of {port}", result.returncode == 0,
                    [l for l in result.stdout.splitlines() if " OFF" in l][:5] or result.stderr)


def refusals(checks, bench):
    for arguments in (("--test", "shapers"), ("--cir-kbps", "63"), ("--cir-kbps", "x"),
                      ("--cir-kbps", "300000"), ("--burst-bytes", "100"), ("--seconds", "0"),
                      ("--seconds", "nan"), ("--seed", "-1"), ("--frames", "3"), ("more",),
                      ("-j",)):
        result = lab(bench, *arguments)
        checks.that(f"{' '.join(arguments)} is wrong usage",
                    result.returncode == 2 and len(result.stderr.splitlines()) == 1,
                    result.stderr)
    result = lab(bench, "--captures", "/proc/none", "--seconds", "0.1")
    checks.that("captures that can't be written", result.returncode == 1 and result.stderr)
    result = lab(bench, "--help")
    checks.that("--help", result.returncode == 0 and "6.2.1.2" in result.stdout)
    checks.all("its lines of at most 100 columns", 1,
               [l for l in result.stdout.splitlines() if len(l) > 100])


def main():
    checks = Checks()
    with Bench(sys.argv[1]) as bench:
        os.mkdir(bench.path("tmp"))
        os.chmod(bench.path("tmp"), 0o777)
        result = lab(bench, "--seconds", "0.2", "-j", "out.json", "--captures", "captures")
        checks.that("the suite holds", result.returncode == 0 and not result.stderr, result.stderr)
        with open(bench.path("out.json"), encoding="utf-8") as stream:
            document = json.load(stream)
        os.chdir(bench.directory)
        results(checks, document)
        table(checks, result.stdout)
        metrics_again(checks, document)
        bounds(checks, document)
        repeatable(checks, bench)
        other_rates(checks, bench)
        refusals(checks, bench)
        left = os.listdir(bench.path("tmp"))
        checks.that("no temporary file stays", not left, left)
        os.chdir("/")
    checks.conclude()


main()
