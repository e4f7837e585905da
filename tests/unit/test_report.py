# SPDX-License-Identifier: BSD-3-Clause
"""The report of an overrun as a file: well-formed as XML and as HTML, complete with and
without gnuplot, nothing from elsewhere, and no text of a result becomes markup.

usage: test_report.py REPORT_PAGE
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from html.parser import HTMLParser

EXCEED = ("police", "random", "spread", "protect", "shape", "remark", "count")
HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror='x'>\"&amp;\u0001`id`$(id)]]>"
VOID = ("meta", "link", "img", "br", "hr", "input")
failed = 0


def check(name, sound, seen=""):
    global failed
    failed += not sound
    print(f"{'ok  ' if sound else 'FAIL'} {name}" + (f": {seen}" if not sound else ""))


def call(number, loss):
    return {"number": number, "source": f"10.1.0.{number}", "source_port": 50000,
            "destination": "192.0.2.1", "destination_port": 3479, "began_s": number / 100,
            "ended_s": 9.99, "packets": 1234, "dropped": int(12.34 * loss), "loss_percent": loss,
            "longest_drop_run": 3, "longest_gap_ms": 12.5 * loss, "jitter_ms_mean": 5.25,
            "jitter_ms_max": 39.0, "delay_ms_mean": 0.125, "delay_ms_max": 2.0,
            "r_factor": 80.0, "mos": 4.0, "over_contract": number > 2}


def run(exceed):
    return {"exceed": exceed, "admitted": {"packets": 3600, "bytes": 1},
            "dropped": {"packets": 102, "bytes": 1}, "drops": {"contract": 102},
            "loss_percent": 2.755, "reconciled": True, "wall_seconds": 0.1, "captures": None,
            "series": [{"t_s": float(i), "offered_kbps": 240.0, "admitted_kbps": 160.0,
                        "dropped_kbps": 80.0, "background_kbps": 0.0} for i in range(10)],
            "calls": [call(1, 0.0), call(2, 25.0), call(3, 75.0)],
            "loss_percent_quartiles": [0, 12.5, 25, 50, 75],
            "longest_gap_ms_quartiles": [0, 1, 2, 3, 4], "mos_quartiles": [1, 2, 3, 4, 4.5],
            "jitter_ms_cdf": [[0.0, 0.5], [1.0, 1.0]],
            "delay_us": {"median": 100.0, "p99": 1000.0, "max": 2000.0}, "calls_hurt": 3,
            "document": {}}


def result(exceed=EXCEED):
    return {"version": 1, "edgemark": "0.1.0", "command": "edgemark lab overrun --calls 3",
            "parameters": {"calls": 3, "contract_calls": 2, "cir_kbps": 160.0,
                           "codec_name": "G.711", "call_kbps": 80.0, "interval_ms": 1000,
                           "seconds": 10},
            "assumptions": ["none"], "contract_exceeded": {"call": 3, "at_s": 0.03},
            "offered": {"packets": 3702, "bytes": 1, "background_packets": 0,
                        "background_bytes": 0,
                        "series": [{"t_s": float(i), "voice_kbps": 240.0, "background_kbps": 0.0,
                                    "calls": 3} for i in range(10)]},
            "runs": [run(e) for e in exceed]}


class Strict(HTMLParser):
    """Elements close as they opened; collects what a page could load or run."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.seen, self.loads, self.ids = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        for key, value in attrs:
            if key.startswith("on") or key in ("src", "action", "data") or (
                    key in ("href", "xlink:href") and not value.startswith("#")):
                self.loads.append((tag, key, value))
            if key == "id":
                self.ids.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


class Page:
    def __init__(self, program, document, environment=None, directory=None):
        with tempfile.TemporaryDirectory(prefix="edgemark-report-") as made:
            with open(os.path.join(made, "lab.json"), "w", encoding="utf-8") as stream:
                json.dump(document, stream)
            target = directory or os.path.join(made, "out")
            if not directory:
                os.mkdir(target)
            done = subprocess.run([program, stream.name, target], capture_output=True, text=True,
                                  env=environment, check=False, timeout=120)
            self.code, self.errors = done.returncode, done.stderr
            self.files = sorted(os.listdir(target)) if os.path.isdir(target) else []
            self.text = ""
            if "report.html" in self.files:
                with open(os.path.join(target, "report.html"), encoding="utf-8") as stream:
                    self.text = stream.read()

    def judge(self, name):
        check(f"{name}: written, alone", self.code == 0 and self.files == ["report.html"],
              (self.code, self.files, self.errors))
        try:
            xml.fromstring(self.text)
            wrong = None
        except xml.ParseError as error:
            wrong = error
        check(f"{name}: well-formed XML", wrong is None, wrong)
        strict = Strict()
        strict.feed(self.text)
        strict.close()
        check(f"{name}: HTML closes what it opens", not strict.open and not strict.wrong,
              (strict.open, strict.wrong))
        check(f"{name}: nothing to load or to run",
              not strict.loads and "script" not in strict.seen and "url(h" not in self.text
              and "@import" not in self.text, strict.loads)
        check(f"{name}: ids are unique", len(strict.ids) == len(set(strict.ids)))
        return strict


def complete(program):
    page = Page(program, result())
    strict = page.judge("all personalities")
    check("a plot a personality of rates and losses, and four of all",
          strict.seen.count("svg") == 2 * len(EXCEED) + 4, strict.seen.count("svg"))
    check("no plot failed", "could not draw" not in page.text)
    check("the verdict names the call", "The 3rd call began at 0.03 s" in page.text)
    check("says that it adds up", "Reconciled in each run" in page.text)
    outside = re.findall(r'class="outside">([^<]*)<', page.text)
    check("a jitter of 5.25 ms and losses are flagged, 39 ms is not",
          "5.25" in outside and "75.00" in outside and "39.00" not in outside, set(outside))


def without_gnuplot(program):
    page = Page(program, result(), environment={"PATH": "/nonexistent"})
    strict = page.judge("without gnuplot")
    check("no plots, all tables, and how to get it, once",
          strict.seen.count("svg") == 0 and strict.seen.count("table") == 3 + len(EXCEED)
          and page.text.count("gnuplot-nox") == 1 and "gnuplot-nox" in page.errors,
          (strict.seen.count("table"), page.errors))


def poison(value):
    """Every string of a document, and a few numbers, are what they should not be."""
    if isinstance(value, dict):
        return {key: poison(item) for key, item in value.items()} | {HOSTILE: 1}
    if isinstance(value, list):
        return [poison(item) for item in value]
    return HOSTILE if isinstance(value, str) else value


def hostile(program):
    page = Page(program, poison(result()))
    strict = page.judge("hostile strings")
    check("hostile strings are shown, as text", "&lt;script&gt;alert(1)" in page.text
          and "img" not in strict.seen)
    check("no plot failed on them", "could not draw" not in page.text)


def sparse(program):
    document = result(("random",))
    for broken in ({}, {"runs": [{}]}, {"runs": [{"exceed": "random", "calls": [{}, None]}]},
                   {"runs": None, "parameters": [], "assumptions": [1]}):
        Page(program, broken).judge(f"little known ({json.dumps(broken)[:40]})")
    document["contract_exceeded"] = None
    for c in document["runs"][0]["calls"]:
        c.update(jitter_ms_mean=None, jitter_ms_max=None, mos=None, r_factor=None)
    page = Page(program, document)
    page.judge("null figures")
    check("not exceeded", "stayed within it" in page.text)
    document["runs"][0]["reconciled"] = False
    check("what does not add up is said", "random does not add up" in Page(program, document).text)
    document = result(("random",))
    document["offered"]["packets"] += 1
    check("a packet too few is said", "random does not add up" in Page(program, document).text)


def unwritable(program):
    page = Page(program, result(("random",)), directory="/nonexistent/place")
    check("where it can't be written: one line, an error",
          page.code == 1 and page.errors.count("\n") == 1 and "can't be written" in page.errors,
          (page.code, page.errors))


def main():
    program = sys.argv[1]
    complete(program)
    without_gnuplot(program)
    hostile(program)
    sparse(program)
    unwritable(program)
    print(f"{failed} checks failed")
    sys.exit(1 if failed else 0)


main()
