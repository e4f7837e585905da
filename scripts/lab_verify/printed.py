# SPDX-License-Identifier: BSD-3-Clause
"""Compares what report.html prints with the figures recomputed from the captures."""
import re

from .account import JITTER_MAX_MS, JITTER_MEAN_MS
from .page import agrees

BINNED = 0.005  # quantiles come from bins of 0.4 %


def values(run, key):
    """Of the calls that have it."""
    return [call[key] for call in run.result["calls"] if call[key] is not None]


def distribution(run, fraction):
    delays = run.delays.values
    return delays[min(int(fraction * len(delays)), len(delays) - 1)] / 1e6 if delays else 0.0


# In the order of the table: the row's title, and its figure; binned: within bins.
SIDE_BY_SIDE = (
    ("voice offered, packets", lambda r: r.offered.voice.packets),
    ("admitted, packets", lambda r: r.result["admitted"]["packets"]),
    ("dropped, packets", lambda r: r.result["dropped"]["packets"]),
    ("loss, %", lambda r: r.result["loss_percent"]),
    ("highest admitted rate, kbit/s", lambda r: max(r.rates["admitted_kbps"])),
    ("calls", lambda r: len(r.calls)),
    ("calls that lost nothing", lambda r: sum(v == 0 for v in values(r, "dropped"))),
    ("calls that lost half or more", lambda r: sum(v >= 50 for v in values(r, "loss_percent"))),
    ("loss of a call, %: least", lambda r: r.result["loss_percent_quartiles"][0]),
    ("lower quartile", lambda r: r.result["loss_percent_quartiles"][1]),
    ("median", lambda r: r.result["loss_percent_quartiles"][2]),
    ("upper quartile", lambda r: r.result["loss_percent_quartiles"][3]),
    ("worst", lambda r: r.result["loss_percent_quartiles"][4]),
    ("longest gap of a call, ms: median", lambda r: r.result["longest_gap_ms_quartiles"][2]),
    ("worst", lambda r: r.result["longest_gap_ms_quartiles"][4]),
    ("MOS of a call: lowest", lambda r: r.result["mos_quartiles"][0]),
    ("median", lambda r: r.result["mos_quartiles"][2]),
    ("jitter of a call, ms: highest mean", lambda r: max(values(r, "jitter_ms_mean"), default=None)),
    ("highest", lambda r: max(values(r, "jitter_ms_max"), default=None)),
    ("delay in edgemark, ms: median", lambda r: distribution(r, 0.5)),
    ("99 % below", lambda r: distribution(r, 0.99)),
    ("longest", lambda r: distribution(r, 1)),
    ("calls outside a target", lambda r: r.result["calls_hurt"]),
    ("of these by loss (target 0)", lambda r: sum(v > 0 for v in values(r, "dropped"))),
    ("by mean jitter (over 5 ms)",
     lambda r: sum(v > JITTER_MEAN_MS for v in values(r, "jitter_ms_mean"))),
    ("by highest jitter (over 40 ms)",
     lambda r: sum(v > JITTER_MAX_MS for v in values(r, "jitter_ms_max"))),
)

CALL_COLUMNS = ("began_s", "packets", "dropped", "loss_percent", "longest_drop_run",
                "longest_gap_ms", "jitter_ms_mean", "jitter_ms_max", "delay_ms_mean",
                "delay_ms_max", "r_factor", "mos")


def side_by_side(page, runs, check):
    tables = page.of_kind("side-by-side")
    check.equal("report: tables side by side", len(tables), 1)
    if len(tables) != 1:
        return
    head, *rows = tables[0].rows
    check.equal("report: personalities", head[1:], [r.exceed for r in runs])
    check.equal("report: rows of the table side by side", [row[0] for row in rows[:len(SIDE_BY_SIDE)]],
                [title for title, _ in SIDE_BY_SIDE])
    for (title, figure), row in zip(SIDE_BY_SIDE, rows):
        binned = BINNED if title in ("delay in edgemark, ms: median", "99 % below") else 0.0
        for run, cell in zip(runs, row[1:]):
            check.that(f"report: {run.exceed}: {title}", agrees(cell, figure(run), binned),
                       f"prints {cell}, is {figure(run)}")
    reasons = [row for row in rows[len(SIDE_BY_SIDE):] if row[0].startswith("dropped for")]
    for i, run in enumerate(runs):
        total = sum(int(row[i + 1].replace("\u202f", "")) for row in reasons)
        check.equal(f"report: {run.exceed}: drops by reason add up", total,
                    run.result["dropped"]["packets"])


def calls(page, run, check):
    by_number = {str(c["number"]): c for c in run.result["calls"]}
    tables = [t for t in page.tables if t.kind.startswith("calls") and t.exceed == run.exceed]
    listed = max(tables, key=lambda t: len(t.rows), default=None)
    check.equal(f"report: {run.exceed}: calls listed",
                len(listed.rows) - 1 if listed else 0, min(len(by_number), 1000))
    for table in tables:
        losses = []
        for row in table.rows[1:]:
            call = by_number[row[0].replace("\u202f", "")]
            losses.append(call["loss_percent"])
            for key, cell in zip(CALL_COLUMNS, row[2:]):
                check.that(f"report: {run.exceed}: call {row[0]}: {key}", agrees(cell, call[key]),
                           f"prints {cell}, is {call[key]}")
        check.that(f"report: {run.exceed}: the worst calls are first",
                   losses == sorted(losses, reverse=True)
                   and losses[0] == max(values(run, "loss_percent")))


def rates(page, runs, check):
    table = page.of_kind("rates")
    check.equal("report: tables of rates", len(table), 1)
    for at, row in enumerate(table[0].rows[1:] if table else []):
        for i, run in enumerate(runs):
            cell = row[3 + 2 * i]
            values_of = run.rates["admitted_kbps"]
            check.that(f"report: {run.exceed}: rate admitted in interval {at}",
                       agrees(cell, values_of[at] if at < len(values_of) else None),
                       f"prints {cell}")
        cell, voice = row[2], runs[0].rates["offered_kbps"]
        if cell != "–":
            check.that(f"report: rate offered in interval {at}", agrees(cell, voice[at]),
                       f"prints {cell}, is {voice[at]}")


def sentences(page, offered, runs, check):
    exceeded = offered.exceeded()
    said = re.search(r"The (\d+)\w\w call began at ([\d.]+) s", page.lead)
    check.equal("report: whether the contract was exceeded", bool(said), bool(exceeded))
    if said and exceeded:
        check.equal("report: with which call", int(said[1]), exceeded["call"])
        check.that("report: when", agrees(said[2], exceeded["at_s"]), said[2])
    check.equal("report: verdicts", len(page.verdicts), len(runs))
    for text, run in zip(page.verdicts, runs):
        losses = [v for v in values(run, "loss_percent") if v > 0]
        facts = {
            r"(\d+) of \d+ calls lost nothing": len(run.calls) - len(losses),
            r"between ([\d.]+) and": min(losses, default=None),
            r"between [\d.]+ and ([\d.]+)": max(losses, default=None),
            r"MOS ([\d.]+) at worst": min(values(run, "mos")),
            r"longest gap ([\d.]+) ms": run.result["longest_gap_ms_quartiles"][4],
            r"longest gap ([\d.]+) s": run.result["longest_gap_ms_quartiles"][4] / 1000,
        }
        check.that(f"report: verdict on {run.exceed}", text.startswith(run.exceed), text)
        for pattern, value in facts.items():
            found = re.search(pattern, text)
            if found:
                check.that(f"report: verdict on {run.exceed}: {found[0]}",
                           agrees(found[1], value), f"is {value}")


def compare(page, offered, runs, check):
    sentences(page, offered, runs, check)
    side_by_side(page, runs, check)
    rates(page, runs, check)
    for run in runs:
        calls(page, run, check)
