# SPDX-License-Identifier: BSD-3-Clause
"""
Live beside virtual, and whether they agree.

The phases of the calls are drawn anew for the live run, and its arrivals bear the jitter of
this machine. For the personalities that judge all calls alike whatever their phase, total loss
and the quartiles of loss per call must be those of the virtual lab. Under a plain bucket
(police), or a queue that is full (shape), which calls lose hangs on their phases, and on every
late packet: there only total loss is judged. What the live run's own arrivals lose when they
are replayed on the virtual clock is shown beside it: undisturbed, that is the same to a few
packets of each call.
"""
TOTAL_POINTS, QUARTILE_POINTS = 1.0, 2.0
BY_PHASE = ("police", "shape")


class Comparison:
    """One personality's live run against the virtual lab's and its own arrivals replayed."""

    def __init__(self, live, virtual, mixed):
        self.live, self.virtual, self.replayed = live, virtual, live["replayed"]
        # With SIPp's calls among them, the virtual lab has not had the same load.
        self.total_by = self.replayed if mixed else virtual
        self.by_phase = live["exceed"] in BY_PHASE
        self.quartiles_by = virtual
        if mixed or (self.by_phase and self.replayed is not None):
            self.quartiles_by = self.replayed

    def total_difference(self):
        return self.live["loss_percent"] - self.total_by["loss_percent"]

    def quartile_differences(self):
        """Of the first quartile, the median and the third."""
        pairs = zip(self.live["loss_percent_quartiles"],
                    self.quartiles_by["loss_percent_quartiles"])
        return [a - b for a, b in list(pairs)[1:4]]

    def farthest_call(self):
        """How far any call is from itself replayed, in points."""
        return max(abs(call["loss_percent"] - loss) for call, loss in
                   zip(self.live["calls"], self.replayed["calls_loss_percent"]))

    def failures(self):
        if self.total_by is None or self.quartiles_by is None:
            return ["the capture of the arrivals has gaps, so they can't be replayed"]
        found = []
        total = self.total_difference()
        if abs(total) > TOTAL_POINTS:
            found.append(f"total loss differs by {total:+.2f} points")
        for name, points in zip(("first quartile", "median", "third quartile"),
                                self.quartile_differences()):
            if not self.by_phase and abs(points) > QUARTILE_POINTS:
                found.append(f"the {name} of loss per call differs by {points:+.2f} points")
        if not self.live["reconciled"]:
            found.append("the sockets saw other figures than the daemon's counters")
        return found

    def _name(self, account):
        return "virtual" if account is self.virtual else "replayed"

    def _notes(self):
        by = [self._name(self.total_by), self._name(self.quartiles_by)]
        if by == ["virtual", "virtual"]:
            return []
        notes = [f"total against {by[0]}, quartiles against {by[1]}; each call within "
                 f"{self.farthest_call():.2f} points of itself"]
        if self.by_phase:
            notes.append("only the total is judged: who loses hangs on the calls' phases")
        return notes

    def lines(self):
        rows = [("live", self.live), ("virtual", self.virtual), ("replayed", self.replayed)]
        lines = [row(self.live["exceed"] if name == "live" else "", name, account)
                 for name, account in rows if account is not None]
        found = self.failures()
        if self.total_by is not None and self.quartiles_by is not None:
            lines.append(f"{'':<10}{'difference':<12}{self.total_difference():+9.2f}{'':9}"
                         + "".join(f"{d:+9.2f}" for d in self.quartile_differences())
                         + f"{'':9}  {'agrees' if not found else 'DIFFERS'}")
            lines += [f"{'':<10}{what}" for what in self._notes()]
        return lines + [f"{'':<10}{what}" for what in found]

    def document(self):
        known = self.total_by is not None and self.quartiles_by is not None
        return {"total_points": self.total_difference() if known else None,
                "total_against": self._name(self.total_by),
                "quartile_points": self.quartile_differences() if known else None,
                "quartiles_against": self._name(self.quartiles_by),
                "quartiles_judged": not self.by_phase,
                "agrees": not self.failures()}


HEAD = [f"{'':<22}{'all calls':>9}  loss per call, %",
        f"{'exceed':<10}{'':<12}{'loss, %':>9}{'least':>9}{'quartile':>9}{'median':>9}"
        f"{'quartile':>9}{'most':>9}"]


def row(exceed, name, account):
    return (f"{exceed:<10}{name:<12}{account['loss_percent']:9.2f}"
            + "".join(f"{q:9.2f}" for q in account["loss_percent_quartiles"]))


def table(comparisons):
    lines = list(HEAD)
    for comparison in comparisons:
        lines += comparison.lines() + [""]
    return lines


def sipp_lines(runs):
    lines = [f"{'exceed':<10}{'SIPp call from':<22}{'packets':>9}{'lost':>9}{'loss, %':>9}"
             f"{'longest gap, ms':>17}"]
    for run in runs:
        for call in run["sipp_calls"]:
            gap = call["longest_gap_ms"]
            lines.append(f"{run['exceed']:<10}{call['source'] + ':' + str(call['source_port']):<22}"
                         f"{call['packets']:9d}{call['dropped']:9d}{call['loss_percent']:9.2f}"
                         + (f"{gap:17.0f}" if gap is not None else f"{'-':>17}"))
    return lines
