#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The live lab agrees with the virtual one, sees that a daemon with another personality does not,
and counts what SIPp's recorded calls lose among the others.

    25 calls on a contract of 20, for 12 s: random and police; with two of SIPp's: spread
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from expect import SKIPPED, check, failures
import namespaces  # expect has said where
from namespaces import ROOT

sys.path.insert(0, os.path.join(ROOT, "scripts"))
import lab_compare  # noqa: E402  pylint: disable=wrong-import-position

OVERRUN = ("--calls", "25", "--contract", "20", "--seconds", "12")


def run_lab(report, *options):
    done = subprocess.run([sys.executable, "-B", os.path.join(ROOT, "scripts", "lab.py"), "overrun",
                           *OVERRUN, *options, "--report", report], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    print(done.stdout + done.stderr, flush=True)
    return done.returncode


def read_runs(report, name):
    with open(os.path.join(report, name), encoding="utf-8") as file:
        return {run["exceed"]: run for run in json.load(file)["runs"]}


def test_agreement(report):
    check(run_lab(report, "--exceed", "random,police") == 0, "live and virtual agree")
    live, virtual = read_runs(report, "live.json"), read_runs(report, "lab.json")
    check(set(live) == {"random", "police"} and all(r["reconciled"] for r in live.values()),
          "sockets and counters say the same, to the packet")
    check(all(len(r["calls"]) == 25 and r["series"] for r in live.values()),
          "each call has its row")
    for run, other in (("police", "random"), ("random", "police")):
        disguised = {**live[run], "exceed": "random"}
        found = lab_compare.Comparison(disguised, virtual[other], False).failures()
        check(found, f"a daemon on {run} is told from {other}: {'; '.join(found)}")


def test_sipp(report):
    check(run_lab(report, "--exceed", "spread", "--sipp", "2") == 0,
          "with SIPp's calls it agrees with its own arrivals replayed")
    run = read_runs(report, "live.json")["spread"]
    # Each call, SIPp's too, loses the same share while the contract is exceeded.
    losses = [call["loss_percent"] for call in run["sipp_calls"]]
    check(len(losses) == 2 and all(abs(loss - run["loss_percent"]) < 5 for loss in losses),
          f"each of SIPp's two calls loses about as the others do, {run['loss_percent']:.1f} % "
          f"(saw {', '.join(f'{loss:.1f} %' for loss in losses)})")


def test_usage(report):
    for options, what in ((("--background", "poisson:100"), "--background poisson:100"),
                          (("--sipp", "9"), "--sipp 9"), (("-c", "x.conf"), "-c")):
        done = subprocess.run([sys.executable, "-B", os.path.join(ROOT, "scripts", "lab.py"),
                               *OVERRUN, *options, "--report", report], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        check(done.returncode == 2 and f"edgemark: {what}: " in done.stderr,
              f"{what} is refused: {done.stderr.strip()}")


def main():
    namespaces.exit_on_signals()
    reason = namespaces.missing()
    for tool in ("sipp", "tcpdump"):
        if reason is None and shutil.which(tool) is None:
            reason = f"{tool} is not installed"
    if reason is not None:
        print(f"SKIP: {reason}")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="edgemark-") as report:
        test_usage(report)
        test_agreement(report)
        test_sipp(report)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
