#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Behind scripts/lab: `edgemark lab overrun` says what the options come to and what the virtual
clock makes of them; the same then goes through the daemon, and the two are compared.
"""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "traffic"))
# pylint: disable=wrong-import-position
import lab_compare  # noqa: E402
import lab_live  # noqa: E402
import namespaces  # noqa: E402
from namespaces import program  # noqa: E402

FAILED, USAGE, INTERRUPTED = 1, 2, 130
SIPP_CALLS = 2
# What a live run has no use for, or can't be told.
NOT_LIVE = {"-c": "the daemon's configuration is made from the other options",
            "-j": "live.json and the virtual lab's report are in --report DIR"}


class Arguments:
    """Ours are taken out; all others are the virtual lab's, which checks them."""

    def __init__(self, arguments):
        self.report = os.path.join(namespaces.BUILD, "lab")
        self.sipp, self.compare, self.virtual = 0, True, []
        rest = list(arguments)
        if rest[:1] == ["overrun"]:
            rest.pop(0)
        while rest:
            self._take(rest.pop(0), rest)
        if not any(a.split("=")[0] == "--rtcp" for a in self.virtual):
            self.virtual += ["--rtcp", "0"]  # callgen sends none

    def _take(self, argument, rest):
        name, equals, value = argument.partition("=")
        if name in NOT_LIVE:
            raise lab_live.Refused(f"{name}: {NOT_LIVE[name]}")
        if name == "--report":
            if not equals and not rest:
                raise lab_live.Refused("--report: no directory")
            self.report = value if equals else rest.pop(0)
        elif name == "--sipp":
            if not equals and rest and rest[0].isdigit():
                value = rest.pop(0)
            if value and not value.isdigit():
                raise lab_live.Refused(f"--sipp={value}: expected a number of calls")
            self.sipp = int(value) if value else SIPP_CALLS
        elif argument == "--no-compare":
            self.compare = False
        else:
            self.virtual.append(argument)


def run_virtual(arguments):
    """The virtual lab's result. Its own words on wrong usage are ours."""
    path = os.path.join(arguments.report, "lab.json")
    done = subprocess.run([program("edgemark"), "lab", "overrun", *arguments.virtual,
                           "--report", arguments.report, "-j", path],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def tell(text):
    print("  " + text, flush=True)


def run_live(virtual, sipp):
    p = virtual["parameters"]
    runs = []
    with namespaces.Site() as site:
        lab_live.prepare(site, p)
        for run in virtual["runs"]:
            live = lab_live.LiveRun(site, p, run["exceed"], sipp)
            if not sys.stderr.isatty():
                tell(f"{run['exceed']}: calls for {p['seconds']:g} s")
            namespaces.undisturbed(site, live.offer, tell=tell)
            runs.append(live.collect())
            check_contract(runs[-1], run)
            note_disturbance(site, runs[-1])
    return runs


def check_contract(live, virtual):
    """Both have run the same contract, or nothing can be compared."""
    ours, theirs = (lab_live.contract(run["document"]) for run in (live, virtual))
    for key in ("exceed", "cir_kbps", "burst_bytes"):
        if ours[key] != theirs[key]:
            raise RuntimeError(f"the daemon's contract has {key} {ours[key]}, the virtual lab's "
                               f"{theirs[key]}")


def note_disturbance(site, run):
    if site.waited >= namespaces.WAIT_SHARE_MAX:
        tell(f"note  {run['exceed']}: the worker waited {site.waited:.0%} of the time for its "
             "core in the last attempt, too: its figures say little; run it on a quiet machine")


def describe(p, sipp):
    text = (f"{p['calls']} calls ({p['codec_name']}, {p['ptime_ms']:g} ms) on a contract of "
            f"{p['cir_kbps']:g} kbit/s = {p['contract_calls']} calls, burst {p['burst_bytes']} "
            f"bytes,\n  phases {p['phase']}, {p['seconds']:g} s")
    if sipp:
        text += f", and {sipp} of SIPp's recorded calls"
    return text


def write_reports(arguments, virtual, runs, lines, comparisons):
    text = os.path.join(arguments.report, "live.txt")
    document = os.path.join(arguments.report, "live.json")
    with open(text, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    keep = ("version", "edgemark", "parameters", "assumptions")
    with open(document, "w", encoding="utf-8") as file:
        json.dump({**{key: virtual.get(key) for key in keep}, "live": True, "runs": runs,
                   "command": "scripts/lab " + " ".join(sys.argv[1:]),
                   "comparison": [{"exceed": c.live["exceed"], **c.document()}
                                  for c in comparisons]}, file, indent=1)
    namespaces.hand_over(arguments.report, *(os.path.join(arguments.report, name)
                                             for name in os.listdir(arguments.report)))
    return text, document


def perform(arguments):
    os.makedirs(arguments.report, exist_ok=True)
    virtual = run_virtual(arguments)
    p = virtual["parameters"]
    lab_live.check_parameters(p, arguments.sipp)
    print("  " + describe(p, arguments.sipp), flush=True)
    runs = run_live(virtual, arguments.sipp)
    comparisons = [lab_compare.Comparison(live, run, bool(arguments.sipp))
                   for live, run in zip(runs, virtual["runs"])]
    lines = lab_compare.table(comparisons)
    if arguments.sipp:
        lines += lab_compare.sipp_lines(runs) + [""]
    print("\n" + "\n".join("  " + line if line else "" for line in lines))
    paths = write_reports(arguments, virtual, runs, lines, comparisons)
    print("  " + "\n  ".join(paths))
    agrees = not any(c.failures() for c in comparisons)
    return 0 if agrees or not arguments.compare else FAILED


def main():
    namespaces.exit_on_signals()
    try:
        arguments = Arguments(sys.argv[1:])
        reason = namespaces.missing()
        if reason:
            raise RuntimeError(f"{reason}; without namespaces there is build/edgemark lab overrun")
        sys.exit(perform(arguments))
    except lab_live.Refused as error:
        print(f"edgemark: {error}; see scripts/lab --help", file=sys.stderr)
        sys.exit(USAGE)
    except KeyboardInterrupt:
        print("\nedgemark: stopped; nothing is left behind", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except (OSError, RuntimeError) as error:
        print(f"edgemark: {error}", file=sys.stderr)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
