# SPDX-License-Identifier: BSD-3-Clause
"""Compares lab.json with the figures recomputed from the captures."""
from .account import SECOND

BINNED = 0.005  # quantiles come from bins of 0.4 %


def near(a, b):
    if a is None or b is None:
        return a is None and b is None
    return abs(a - b) <= 1e-9 + 1e-6 * max(abs(a), abs(b))


def offer(document, offered, check):
    said = document["offered"]
    for key, traffic in (("", offered.voice), ("background_", offered.background)):
        check.equal(f"lab.json: offered {key}packets", said[key + "packets"], traffic.packets)
        check.equal(f"lab.json: offered {key}bytes", said[key + "bytes"], traffic.bytes)
    exceeded, mine = document["contract_exceeded"], offered.exceeded()
    check.equal("lab.json: the call that exceeds the contract",
                exceeded and exceeded["call"], mine and mine["call"])
    if exceeded and mine:
        check.near("lab.json: when the contract was exceeded", exceeded["at_s"], mine["at_s"])
    intervals = len(said["series"])
    for key, traffic in (("voice_kbps", offered.voice), ("background_kbps", offered.background)):
        rates = offered.kbps(traffic, intervals)
        for at, (point, rate) in enumerate(zip(said["series"], rates)):
            check.near(f"lab.json: offered {key} of interval {at}", point[key], rate)
    begins = [offered.begins_s(n) for n in offered.flows]
    for at, point in enumerate(said["series"]):
        end = (at + 1) * offered.interval_ns / SECOND
        check.equal(f"lab.json: calls by the end of interval {at}", point["calls"],
                    sum(b < end for b in begins))


def sums(said, run, check):
    name = f"lab.json: {run.exceed}: "
    for key in ("admitted", "dropped"):
        check.equal(name + key, said[key], run.result[key])
    check.equal(name + "drops by reason add up", sum(said["drops"].values()),
                run.result["dropped"]["packets"])
    check.near(name + "loss_percent", said["loss_percent"], run.result["loss_percent"])
    check.equal(name + "calls_hurt", said["calls_hurt"], run.result["calls_hurt"])
    check.that(name + "reconciled", said["reconciled"] is True)
    for key in ("loss_percent_quartiles", "longest_gap_ms_quartiles", "mos_quartiles"):
        check.that(name + key, len(said[key]) == 5
                   and all(map(near, said[key], run.result[key])),
                   f"says {said[key]}, is {run.result[key]}")


def calls(said, run, check):
    check.equal(f"lab.json: {run.exceed}: calls", len(said["calls"]), len(run.result["calls"]))
    for theirs, mine in zip(said["calls"], run.result["calls"]):
        for key, value in mine.items():
            check.near(f"lab.json: {run.exceed}: call {mine['number']}: {key}", theirs[key], value)


def series(said, run, check):
    for key, rates in run.rates.items():
        for at, (point, rate) in enumerate(zip(said["series"], rates)):
            check.near(f"lab.json: {run.exceed}: {key} of interval {at}", point[key], rate)
    seconds = run.offered.interval_ns / SECOND
    dropped = sum(p["dropped_kbps"] * run.offered.seconds_of(at) for at, p in
                  enumerate(said["series"])) * 125
    check.near(f"lab.json: {run.exceed}: dropped_kbps over all intervals of {seconds:g} s",
               dropped, run.result["dropped"]["bytes"])
    if run.exceed != "shape":  # which drops in the queue, later than on arrival
        for at, point in enumerate(said["series"]):
            check.near(f"lab.json: {run.exceed}: dropped_kbps of interval {at}",
                       point["dropped_kbps"], run.dropped_kbps[at])


def distributions(said, run, check):
    name = f"lab.json: {run.exceed}: "
    for value, fraction in said["jitter_ms_cdf"]:
        high, low = value * 1e6 * (1 + BINNED) + 1, value * 1e6 * (1 - BINNED) - 1
        check.that(name + f"jitter of at most {value:.6f} ms",
                   run.deviations.below(low) - 1e-9 <= fraction
                   <= run.deviations.at_most(high) + 1e-9,
                   f"says {fraction}, is {run.deviations.at_most(value * 1e6)}")
    for key, fraction in (("median", 0.5), ("p99", 0.99)):
        value = said["delay_us"][key] * 1000
        check.that(name + f"delay_us.{key}",
                   run.delays.below(value * (1 - BINNED) - 1) <= fraction
                   <= run.delays.at_most(value * (1 + BINNED) + 1), f"says {value} ns")
    check.near(name + "delay_us.max", said["delay_us"]["max"], (run.delays.most() or 0) / 1000)


def counters(said, run, check):
    """edgemark's own counters of the direction to the provider."""
    name = f"counters: {run.exceed}: "
    counted = said["document"]["links"][0]["upstream"]
    offered = run.offered
    check.equal(name + "received", counted["rx"],
                {"packets": offered.frames, "bytes": offered.frame_bytes})
    check.equal(name + "sent packets", counted["tx"]["packets"], run.frames)
    check.equal(name + "dropped packets", counted["dropped"]["packets"],
                offered.frames - run.frames)
    check.equal(name + "drops by reason add up", sum(counted["drops"].values()),
                offered.frames - run.frames)
    check.equal(name + "nothing is left", counted["queued"]["packets"], 0)


def compare(document, offered, runs, check):
    offer(document, offered, check)
    for said, run in zip(document["runs"], runs):
        sums(said, run, check)
        calls(said, run, check)
        series(said, run, check)
        distributions(said, run, check)
        counters(said, run, check)
