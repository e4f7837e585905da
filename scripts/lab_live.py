# SPDX-License-Identifier: BSD-3-Clause
"""
One personality of the lab, live: its daemon, the calls by sockets, and what became of them.

    ┌─ client ──────────┐      ┌─ box ─────────────────┐      ┌─ provider ────────┐
    │ calls, background c0 ── em-lan  edgemark  em-wan ── p0  counts what arrives │
    │ SIPp              │      │  └ tcpdump: arrivals  │      │ SIPp answers      │
    └───────────────────┘      └───────────────────────┘      └───────────────────┘
"""
import json
import os
import subprocess
import sys
import time

from captures import Capture, read_capture
from namespaces import join_flows, program
from scenario import bulk, calls, configuration
from sipp_calls import CALL_SECONDS, FAR_MEDIA_PORT, SippCalls

CALLER_PORTS = 20   # of an address; all are voice
CALLS_MAX = 2000    # by one thread on one core
SIPP = "10.80.128.1"  # beyond all callers
SIPP_CALLS_MAX = 5  # whose ports are voice
ETHERNET, WIRE = 14, 38  # what an account adds to the IP length: header; and FCS, preamble, gap
COUNTED = {"ip": 0, "l2": ETHERNET, "wire": WIRE}
SATURATE = 1.1  # of the link


class Refused(Exception):
    """What the live lab can't do."""


def check_parameters(p, sipp):
    if p["calls"] > CALLS_MAX:
        raise Refused(f"--calls {p['calls']}: live at most {CALLS_MAX}")
    if p["jitter_ms"] > p["ptime_ms"]:
        raise Refused(f"--jitter-ms {p['jitter_ms']:g}: live at most a packet's time, "
                      f"{p['ptime_ms']:g} ms")
    if p["rtcp_s"]:
        raise Refused(f"--rtcp {p['rtcp_s']:g}: live only 0, as callgen sends no reports")
    background(p)
    if sipp > SIPP_CALLS_MAX:
        raise Refused(f"--sipp {sipp}: at most {SIPP_CALLS_MAX}, as many as it has voice ports for")
    if sipp and p["seconds"] < CALL_SECONDS + 1:
        raise Refused(f"--sipp: a recorded call takes {CALL_SECONDS:g} s, the run only "
                      f"{p['seconds']:g} s")


def background(p):
    """Of each item its rate by IP length, kbit/s, and its IP length: those that are evenly
    spaced, as sockets can be told to be."""
    items = []
    for item in (p["background"] or "none").split(","):
        kind, *numbers = item.split(":")
        if kind == "bulk":
            size = int(numbers[1]) if len(numbers) > 1 else 1500
            items.append((float(numbers[0]) * size / (size + COUNTED[p["account"]]), size))
        elif kind == "saturate":
            size = int(numbers[0]) if numbers else 1500
            items.append((p["link_kbps"] * SATURATE * size / (size + WIRE), size))
        elif kind != "none":
            raise Refused(f"--background {item}: live only bulk, saturate and none")
    return items


def groups(p):
    """callgen's arguments."""
    options = {"bytes": p["packet_ip_bytes"], "swing": p["payload_swing_percent"],
               "ptime": p["ptime_ms"], "type": p["rtp_payload_type"], "clock": p["rtp_clock_hz"],
               "phase": p["phase"], "drift": p["ppm"], "jitter": p["jitter_ms"],
               "ramp": p["ramp_s"]}
    arguments = ["--seconds", str(p["seconds"]), "--seed", str(p["seed"]),
                 *calls(p["calls"], **options)]
    for i, (kbps, size) in enumerate(background(p)):
        arguments += bulk(kbps, bytes=size, ports=40000 + i)
    return arguments


def box(p, exceed):
    return configuration(exceed=exceed, cir_kbps=p["cir_kbps"], burst_bytes=p["burst_bytes"],
                         account=p["account"], wan_kbps=p["link_kbps"])


def prepare(site, p):
    site.add_client_addresses(-(-p["calls"] // CALLER_PORTS))
    site.client.run("ip", "addr", "add", SIPP + "/16", "dev", "c0")


def upstream(document):
    return document["links"][0]["upstream"]


def contract(document):
    return upstream(document)["contracts"][0]


def voice(document):
    return next(c for c in upstream(document)["classes"] if c["name"] == "voice")


class Samples:
    """The contract's account and the rest's, once an interval; and a line on a terminal."""

    def __init__(self, site, p, exceed):
        self.site, self.p, self.exceed = site, p, exceed
        self.begin = time.monotonic()
        self.last = self._read()
        self.series = []

    def _read(self):
        document = self.site.show("links")
        if document is None:
            raise RuntimeError("edgemark no longer answers:\n" + self.site.read_log())
        k = contract(document)
        rest = [c["rx"] for c in upstream(document)["classes"] if c["name"] != "voice"]
        return (time.monotonic() - self.begin, k["admitted"]["bytes"], k["dropped"]["bytes"],
                sum(c["bytes"] - ETHERNET * c["packets"] for c in rest))

    def follow(self, sender):
        interval = self.p["interval_ms"] / 1000
        while sender.poll() is None:
            time.sleep(interval)
            self._add(self._read())
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _add(self, now):
        seconds = now[0] - self.last[0]
        admitted, dropped, rest = ((b - a) * 8 / seconds / 1000
                                   for a, b in zip(self.last[1:], now[1:]))
        self.series.append({"t_s": self.last[0], "offered_kbps": admitted + dropped,
                            "admitted_kbps": admitted, "dropped_kbps": dropped,
                            "background_kbps": rest})
        self.last = now
        if sys.stderr.isatty():
            print(f"\r\033[K  {self.exceed}: {min(now[0], self.p['seconds']):.0f} of "
                  f"{self.p['seconds']:g} s, voice {admitted + dropped:.0f} → {admitted:.0f} "
                  "kbit/s", end="", file=sys.stderr, flush=True)


class LiveRun:
    """offer() as often as it is disturbed, then collect()."""

    def __init__(self, site, p, exceed, sipp):
        self.site, self.p, self.exceed, self.sipp = site, p, exceed, sipp
        self.arrivals = self.flows = self.samples = self.sipp_rows = None
        self.late_ms = 0.0

    def offer(self):
        site = self.site
        site.write_config(box(self.p, self.exceed))
        site.start_daemon()
        # What a lane sees is what arrives here, and when.
        arrivals = Capture(site, site.box, "em-lan", "-Q", "in", "--time-stamp-precision", "nano")
        far = None
        if self.sipp:
            far = Capture(site, site.provider, "p0",
                          f"src {SIPP} and udp dst port {FAR_MEDIA_PORT}")
        receiver = site.receive(site.provider, "3478-3481,9000", "received")
        sender = site.send(site.client, "sent", *groups(self.p))
        sipp = self._start_sipp()
        self.samples = Samples(site, self.p, self.exceed)
        self.samples.follow(sender[0])
        sent = site.finish_send(sender)
        if sipp is not None and not sipp.wait():
            raise RuntimeError("SIPp's calls failed")
        time.sleep(0.5)
        self.flows = join_flows(sent, site.finish_receive(receiver))
        self.arrivals = arrivals.stop()
        self.sipp_rows = self._sipp_rows(far.stop()) if far else []
        with open(sender[1], encoding="utf-8") as file:
            self.late_ms = json.load(file)["late_us_max"] / 1000

    def _start_sipp(self):
        if not self.sipp:
            return None
        every = (self.p["seconds"] - CALL_SECONDS) * 1000 / self.sipp
        return SippCalls(self.site, self.sipp, max(1, int(every)), SIPP)

    def _sipp_rows(self, far):
        offered, arrived = read_capture(self.arrivals), read_capture(far)
        rows = []
        for key, flow in sorted(offered.items()):
            if key[0] != SIPP or key[3] != FAR_MEDIA_PORT:
                continue
            seen = arrived.get(key, {"packets": 0, "longest_gap_ms": None})
            rows.append({"source": key[0], "source_port": key[1], "packets": flow["packets"],
                         "dropped": flow["packets"] - seen["packets"],
                         "loss_percent": 100 * (1 - seen["packets"] / flow["packets"]),
                         "longest_gap_ms": seen["longest_gap_ms"]})
        if len(rows) != self.sipp:
            raise RuntimeError(f"{len(rows)} of {self.sipp} SIPp calls had media")
        return rows

    def collect(self):
        """The run's part of live.json. Ends the daemon."""
        if self.site.stop_daemon() != 0:
            raise RuntimeError("edgemark did not end well:\n" + self.site.read_log())
        document = self.site.final_document()
        replayed = replay(self.site.config, self.arrivals)
        entries = {(c["source"], c["source_port"]): c for c in document["calls"]
                   if c["direction"] == "upstream"}
        first_ns = min((c["first_ns"] for c in entries.values()), default=0)
        rows = [call_row(n, f, entries.get(f["key"][:2]), first_ns)
                for n, f in enumerate((f for f in self.flows if f["rtp"]), start=1)]
        k, v = contract(document), voice(document)
        return {
            "exceed": self.exceed, "admitted": k["admitted"], "dropped": k["dropped"],
            "drops": {r: n for r, n in upstream(document)["drops"].items() if n},
            "loss_percent": total_loss(rows), "series": self.samples.series, "calls": rows,
            "loss_percent_quartiles": quartiles(c["loss_percent"] for c in rows),
            "longest_gap_ms_quartiles": quartiles(c["longest_gap_ms"] for c in rows),
            "mos_quartiles": quartiles(c["mos"] for c in rows), "jitter_ms_cdf": None,
            "delay_us": {"median": None, "p99": None, "max": v["queue"]["delay_us_max"]},
            "calls_hurt": sum(c["dropped"] > 0 for c in rows), "document": document,
            "reconciled": self._reconciled(v), "wall_seconds": self.p["seconds"],
            "captures": None, "sipp_calls": self.sipp_rows,
            "worker_waited_percent": 100 * self.site.waited, "sender_late_ms": self.late_ms,
            "replayed": self._replayed(replayed, v, rows),
        }

    def _reconciled(self, counters):
        """The sockets' account, and the captures', against the daemon's own, to the packet."""
        own = [f for f in self.flows if f["rtp"]]
        sent = sum(f["sent"] for f in own) + sum(c["packets"] for c in self.sipp_rows)
        lost = sum(f["lost"] for f in own) + sum(c["dropped"] for c in self.sipp_rows)
        return (counters["rx"]["packets"], counters["dropped"]["packets"]) == (sent, lost)

    @staticmethod
    def _replayed(document, counters, rows):
        """The same calls in a replay of what arrived; None where the capture has gaps."""
        if voice(document)["rx"] != counters["rx"]:
            return None
        lost = {(c["source"], c["source_port"]): c for c in document["calls"]}
        losses = []
        for row in rows:
            call = lost.get((row["source"], row["source_port"]))
            losses.append(100 * call["dropped"] / call["packets"] if call else 0.0)
        sent = sum(row["packets"] for row in rows)
        dropped = sum(row["packets"] * loss for row, loss in zip(rows, losses))
        return {"loss_percent": dropped / sent, "calls_loss_percent": losses,
                "loss_percent_quartiles": quartiles(losses)}


def replay(config, arrivals):
    """The counters document of the same arrivals on the virtual clock, same configuration."""
    counters = arrivals + ".json"
    done = subprocess.run([program("edgemark"), "replay", "-c", config, "--direction", "upstream",
                           "-j", counters, arrivals, "/dev/null"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("replay of the arrivals: " + done.stderr.strip())
    with open(counters, encoding="utf-8") as file:
        document = json.load(file)
    os.remove(arrivals)
    return document


def call_row(number, flow, entry, first_ns):
    """The sockets say what was lost; the call table says the rest."""
    source, source_port, destination, destination_port = flow["key"]
    row = {"number": number, "source": source, "source_port": source_port,
           "destination": destination, "destination_port": destination_port,
           "began_s": None, "ended_s": None, "packets": flow["sent"], "dropped": flow["lost"],
           "loss_percent": 100 * flow["loss"], "longest_gap_ms": flow["gap_ms"]}
    if entry:
        row["began_s"] = (entry["first_ns"] - first_ns) / 1e9
        row["ended_s"] = (entry["last_ns"] - first_ns) / 1e9
    for key in ("longest_drop_run", "jitter_ms_mean", "jitter_ms_max", "r_factor", "mos",
                "over_contract"):
        row[key] = entry.get(key) if entry else None
    row["delay_ms_mean"] = row["delay_ms_max"] = None
    return row


def total_loss(rows):
    return 100 * sum(c["dropped"] for c in rows) / max(1, sum(c["packets"] for c in rows))


def quartiles(values):
    """Minimum, quartiles and maximum, interpolated linearly; None where nothing is known."""
    known = sorted(v for v in values if v is not None)
    if not known:
        return None
    result = []
    for part in range(5):
        at = part * (len(known) - 1) / 4
        low = int(at)
        high = min(low + 1, len(known) - 1)
        result.append(known[low] + (known[high] - known[low]) * (at - low))
    return result
