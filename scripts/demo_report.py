# SPDX-License-Identifier: BSD-3-Clause
"""What the demonstration shows: the live table, the closing summary and the report."""
import json
import os
import statistics
import sys

from demo_page import page
from namespaces import WAIT_SHARE_MAX, hand_over

DSCP_NAMES = {0: "CS0", 10: "AF11", 18: "AF21", 24: "CS3", 34: "AF41", 44: "VA", 46: "EF",
              48: "CS6"}


def dscp_names(values):
    return ", ".join(DSCP_NAMES.get(v, str(v)) for v in values) or "-"


class Sample:
    """The upstream counters of one moment."""

    def __init__(self, seconds, document):
        self.seconds = seconds
        self.generation = document["generation"]
        self.upstream = document["links"][0]["upstream"]

    def classes(self):
        return {c["name"]: c for c in self.upstream["classes"]}


def rates(before, after):
    """Per class the kbit/s offered, sent and dropped between two samples, and the queue."""
    seconds = max(after.seconds - before.seconds, 1e-3)
    earlier = before.classes()
    rows = {}
    for name, now in after.classes().items():
        then = earlier.get(name)
        rows[name] = {
            key: (now[key]["bytes"] - (then[key]["bytes"] if then else 0)) * 8 / seconds / 1000
            for key in ("rx", "tx", "dropped")}
        rows[name]["queue"] = now["queue"]["packets"]
        rows[name]["idle"] = now["rx"]["packets"] == 0
    return rows


class LiveTable:
    """Redrawn in place on a terminal; elsewhere one line a second."""

    def __init__(self):
        self.terminal = sys.stdout.isatty()
        self.lines = 0

    def show(self, before, after, event):
        rows = {name: row for name, row in rates(before, after).items() if not row["idle"]}
        head = f"{after.seconds:5.0f} s  generation {after.generation}  {event}"
        if self.terminal:
            self._redraw(head, rows)
        else:
            cells = (f"{name} {row['rx']:.0f}→{row['tx']:.0f}" for name, row in rows.items())
            print(f"{head}\n         kbit/s " + ", ".join(cells), flush=True)

    def _redraw(self, head, rows):
        lines = [head, "", f"  {'class':<12}{'offered':>10}{'sent':>10}{'dropped':>10}  kbit/s"
                 f"{'queued':>8}"]
        for name, row in rows.items():
            lines.append(f"  {name:<12}{row['rx']:10.0f}{row['tx']:10.0f}{row['dropped']:10.0f}"
                         f"        {row['queue']:8d}")
        if self.lines:
            print(f"\033[{self.lines}A", end="")
        print("\n".join("\033[2K" + line for line in lines), flush=True)
        self.lines = len(lines)


class Outcome:
    def __init__(self, scenario, flows, flows_back, document, samples, waited=0.0):
        self.waited = waited
        self.scenario = scenario
        self.calls = [f for f in flows if f["rtp"]]
        self.others = [f for f in flows if not f["rtp"]]
        self.back = flows_back
        self.document = document
        self.samples = samples

    def directions(self):
        link = self.document["links"][0]
        return [(name, link[name]) for name in ("upstream", "downstream")]

    def balanced(self):
        return all(d["rx"]["packets"] == d["tx"]["packets"] + d["dropped"]["packets"] +
                   d["queued"]["packets"] for _, d in self.directions())

    # --- the closing summary ---------------------------------------------------------
    def summary(self):
        lines = []
        for name, direction in self.directions():
            if direction["rx"]["packets"]:
                lines += self._direction_lines(name, direction)
        lines += self._call_lines("calls to the provider", self.calls)
        if self.back:
            lines += self._call_lines("calls from the provider", self.back)
        lines += self._mark_lines()
        drops = {reason: n for reason, n in self.document["links"][0]["upstream"]["drops"].items()
                 if n}
        lines += ["", "  drops by reason: "
                  + (", ".join(f"{k} {v}" for k, v in drops.items()) or "none"),
                  "  received = sent + dropped + queued in both directions: "
                  + ("yes" if self.balanced() else "NO")]
        if self.waited > WAIT_SHARE_MAX:
            lines += ["", "  note: this machine is busy. edgemark's worker waited "
                      f"{self.waited:.0%} of the time for its core,",
                      "  and the link stood idle meanwhile; give it a core of its own"]
        return "\n".join(lines)

    @staticmethod
    def _direction_lines(name, direction):
        lines = ["", f"  {name:<14}{'offered':>10}{'delivered':>11}{'dropped':>9}  packets  "
                 f"{'delay max':>10}"]
        for c in direction["classes"]:
            if c["rx"]["packets"]:
                lines.append(
                    f"  {c['name']:<14}{c['rx']['packets']:10d}{c['tx']['packets']:11d}"
                    f"{c['dropped']['packets']:9d}           "
                    f"{c['queue']['delay_us_max'] / 1000:7.1f} ms")
        return lines

    @staticmethod
    def _call_lines(title, calls):
        losses = sorted(f["loss"] for f in calls)
        hurt = sum(f["lost"] > 0 for f in calls)
        gap = max((f["gap_ms"] or 0 for f in calls), default=0)
        return ["", f"  {title}: {len(calls)}, of which {hurt} lost packets; "
                f"longest gap {gap:.0f} ms",
                f"    loss per call: min {losses[0]:.1%}, median {statistics.median(losses):.1%}, "
                f"max {losses[-1]:.1%}"]

    def _mark_lines(self):
        lines = ["", "  marks on the far side:"]
        for title, flows in (("calls", self.calls), ("bulk", self._bulk()),
                             ("wrong EF", self._wrong_ef()), ("calls back", self.back)):
            if flows:
                seen = sorted({v for f in flows for v in f["dscp"]})
                lines.append(f"    {title:<12}{dscp_names(seen)}")
        lines.append("    intruders (EF that is not voice) counted: "
                     f"{self.document['links'][0]['upstream']['intruders']}")
        return lines

    def _bulk(self):
        return self.others[:1]

    def _wrong_ef(self):
        return self.others[1:]

    # --- the report ------------------------------------------------------------------
    def write(self, directory):
        """report.html and report.json; returns the former's path."""
        os.makedirs(directory, exist_ok=True)
        paths = [os.path.join(directory, name) for name in ("report.html", "report.json")]
        with open(paths[1], "w", encoding="utf-8") as file:
            json.dump({"calls": self.calls, "others": self.others, "calls_back": self.back,
                       "counters": self.document}, file, indent=1)
        with open(paths[0], "w", encoding="utf-8") as file:
            file.write(page(self, [(b.seconds, rates(a, b)) for a, b in
                                   zip(self.samples, self.samples[1:])]))
        hand_over(directory, *paths)
        return paths[0]
