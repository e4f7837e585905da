# SPDX-License-Identifier: BSD-3-Clause
"""The figures of an overrun, from its captures alone: what arrived (offered.pcap), what left
under a personality, and by their difference what was dropped. Packets are told apart by
flow, RTP sequence number and timestamp."""
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict

from . import emodel
from .pcap import CaptureError, packets

SECOND = 1_000_000_000
WIRE_OVERHEAD = 24  # FCS, preamble, start delimiter and gap
ETHERNET_HEADER = 14
EF = 46
# As the assumptions state it: G.711's values for all codecs of the lab, and 100 ms one way
# beside the delay that is measured.
DELAY_MS, IE, BPL = 100, 0, 25.1
JITTER_MEAN_MS, JITTER_MAX_MS = 5, 40


def quantile(values, fraction):
    """By linear interpolation; values are sorted."""
    at = fraction * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def quartiles(values):
    known = sorted(v for v in values if v is not None)
    return [quantile(known, q / 4) for q in range(5)] if known else [None] * 5


class Distribution:
    def __init__(self, values):
        self.values = sorted(values)

    def at_most(self, value):
        return bisect_right(self.values, value) / len(self.values)

    def below(self, value):
        return bisect_left(self.values, value) / len(self.values)

    def most(self):
        return self.values[-1] if self.values else None


class Flow:
    """One call's RTP as it arrived; packets are known by their place in it."""

    def __init__(self):
        self.arrivals, self.place = [], {}
        self.timestamps, self.counted = [], []
        self.reports = {}  # RTCP, by what is in it: when it arrived, and its length

    def add(self, packet, counted):
        if not packet.rtp:
            self.reports[packet.payload] = (packet.ns, counted)
            return
        key = packet.rtp[1:]
        if key in self.place:
            raise CaptureError(f"offered.pcap: two packets of {packet.flow} with "
                               f"sequence number and timestamp {key}")
        self.place[key] = len(self.arrivals)
        self.arrivals.append(packet.ns)
        self.timestamps.append(packet.rtp[2])
        self.counted.append(counted)


class Traffic:
    """Amounts and bytes per interval, counted as the contract counts."""

    def __init__(self):
        self.packets = self.bytes = 0
        self.by_interval = defaultdict(int)

    def add(self, interval, counted):
        self.packets += 1
        self.bytes += counted
        self.by_interval[interval] += counted


class Counting:
    """How long a packet is in the contract's account, when it leaves."""

    def __init__(self, parameters, tags):
        self.account = parameters["account"]
        self.tags = tags

    def __call__(self, packet):
        if self.account == "ip":
            return packet.ip
        frame = packet.ip + ETHERNET_HEADER + self.tags
        return frame + (WIRE_OVERHEAD if self.account == "wire" else 0)


class Offered:
    def __init__(self, path, document, counting):
        self.parameters = document["parameters"]
        self.counting = counting
        self.numbers = {(c["source"], c["source_port"], c["destination"],
                         c["destination_port"]): c["number"]
                        for c in document["runs"][0]["calls"]}
        self.sources = {flow[0] for flow in self.numbers}
        self.flows = {n: Flow() for n in self.numbers.values()}
        self.voice, self.background = Traffic(), Traffic()
        self.interval_ns = int(self.parameters["interval_ms"] * 1_000_000)
        self.start_ns = None
        self.frames = self.frame_bytes = 0
        for packet in packets(path):
            if self.start_ns is None:  # a run starts at a full second
                self.start_ns = packet.ns // SECOND * SECOND
            self._add(packet)
        if not self.frames:
            raise CaptureError(f"{path}: holds no packet")

    def is_voice(self, packet):
        return packet.flow is not None and packet.flow[0] in self.sources

    def seconds_of(self, interval):
        """The run may end within its last interval."""
        left = self.parameters["seconds"] - interval * self.interval_ns / SECOND
        whole = self.interval_ns / SECOND
        return min(whole, left) if left > 1e-12 else whole

    def kbps(self, traffic, intervals):
        return [traffic.by_interval[i] * 8 / self.seconds_of(i) / 1000 for i in range(intervals)]

    def interval(self, ns):
        return (ns - self.start_ns) // self.interval_ns

    def _add(self, packet):
        self.frames += 1
        self.frame_bytes += packet.frame
        traffic = self.voice if self.is_voice(packet) else self.background
        counted = self.counting(packet)
        traffic.add(self.interval(packet.ns), counted)
        if packet.flow in self.numbers:
            self.flows[self.numbers[packet.flow]].add(packet, counted)

    def clock_hz(self):
        """Of RTP: what most timestamps advance by in a packet's time."""
        steps = Counter((b - a) & 0xFFFFFFFF for flow in self.flows.values()
                        for a, b in zip(flow.timestamps, flow.timestamps[1:]))
        return steps.most_common(1)[0][0] * 1000 / self.parameters["ptime_ms"]

    def begins_s(self, number):
        return (self.flows[number].arrivals[0] - self.start_ns) / SECOND

    def exceeded(self):
        """The first call with which all calls' rates are above the contract."""
        call_bps = self.parameters["call_kbps"] * 1000
        cir_bps = self.parameters["cir_kbps"] * 1000
        for number in sorted(self.flows):
            if number * call_bps > cir_bps + 1e-6:
                return {"call": number, "at_s": self.begins_s(number)}
        return None


class Bound:
    """Exactly, in bits times nanoseconds: what would overflow a bucket of the contract's
    rate and the burst that the provider grants, at the times of departure."""

    def __init__(self, cir_bps, burst_bytes):
        self.cir_bps = cir_bps
        self.full = self.tokens = burst_bytes * 8 * SECOND
        self.least, self.over, self.last_ns = self.full, 0, None

    def leaves(self, ns, counted):
        if self.last_ns is not None:
            self.tokens = min(self.full, self.tokens + (ns - self.last_ns) * self.cir_bps)
        self.last_ns = ns
        cost = counted * 8 * SECOND
        if cost > self.tokens:
            self.over += 1
            return
        self.tokens -= cost
        self.least = min(self.least, self.tokens)

    def least_bytes(self):
        return self.least / 8 / SECOND


class CallOutcome:
    def __init__(self, flow):
        self.flow = flow
        self.departures = {}  # by place
        self.reports = set()

    def leaves(self, packet, path):
        if not packet.rtp:
            if packet.payload not in self.flow.reports or packet.payload in self.reports:
                raise CaptureError(f"{path}: {packet.flow}: a report that never arrived, "
                                   "or left twice")
            self.reports.add(packet.payload)
            return
        place = self.flow.place.get(packet.rtp[1:])
        if place is None or place in self.departures:
            raise CaptureError(f"{path}: {packet.flow} {packet.rtp}: "
                               + ("never arrived" if place is None else "left twice"))
        self.departures[place] = packet.ns

    def dropped(self):
        """(arrival, length) of what did not leave."""
        flow = self.flow
        for place, ns in enumerate(flow.arrivals):
            if place not in self.departures:
                yield ns, flow.counted[place]
        for payload, report in flow.reports.items():
            if payload not in self.reports:
                yield report

    def longest_run(self):
        longest = run = 0
        for place in range(len(self.flow.arrivals)):
            run = 0 if place in self.departures else run + 1
            longest = max(longest, run)
        return longest

    def longest_gap_ns(self):
        """Between departures with drops between them; before the first from the call's
        beginning, behind the last to its last arrival."""
        longest, last_place, last_ns = 0, -1, self.flow.arrivals[0]
        for place in sorted(self.departures):
            if place > last_place + 1:
                longest = max(longest, self.departures[place] - last_ns)
            last_place, last_ns = place, self.departures[place]
        if last_place < len(self.flow.arrivals) - 1:
            longest = max(longest, self.flow.arrivals[-1] - last_ns)
        return longest

    def deviations_ns(self, clock_hz):
        """|D| of RFC 3550 6.4.1, in the order of departure."""
        order = sorted(self.departures, key=lambda p: (self.departures[p], p))
        for a, b in zip(order, order[1:]):
            ticks = (self.flow.timestamps[b] - self.flow.timestamps[a] + 2**31) % 2**32 - 2**31
            yield abs(self.departures[b] - self.departures[a] - ticks * SECOND / clock_hz)


def jitter_of(deviations):
    """Mean and maximum of J, in ms."""
    j = total = most = 0.0
    for d in deviations:
        j += (d - j) / 16
        total += j
        most = max(most, j)
    return (total / len(deviations) / 1e6, most / 1e6) if deviations else (None, None)


class Run:
    def __init__(self, offered, path, exceed):
        self.offered, self.path, self.exceed = offered, path, exceed
        p = offered.parameters
        self.bound = Bound(round(p["cir_kbps"] * 1000), p["burst_bytes"])
        self.voice, self.background = Traffic(), Traffic()
        self.calls = {n: CallOutcome(f) for n, f in offered.flows.items()}
        self.frames = self.frame_bytes = self.last = 0
        for packet in packets(path):
            self._add(packet)

    def _add(self, packet):
        offered = self.offered
        self.frames += 1
        self.frame_bytes += packet.frame
        self.last = max(self.last, offered.interval(packet.ns))
        counted = offered.counting(packet)
        if not offered.is_voice(packet):
            self.background.add(offered.interval(packet.ns), counted)
            return
        self.voice.add(offered.interval(packet.ns), counted)
        if self.exceed != "remark" or packet.dscp == EF:
            self.bound.leaves(packet.ns, counted)
        if packet.flow in offered.numbers:
            self.calls[offered.numbers[packet.flow]].leaves(packet, self.path)

    def figures(self):
        """As lab.json has them, as far as captures tell."""
        clock = self.offered.clock_hz()
        all_d, all_delays, calls = [], [], []
        for number in sorted(self.calls):
            call = self.calls[number]
            d = list(call.deviations_ns(clock))
            delays = [ns - call.flow.arrivals[p] for p, ns in call.departures.items()]
            all_d += d
            all_delays += delays
            calls.append(self._call(number, call, d, delays))
        dropped = self.offered.voice.packets - self.voice.packets
        self.deviations, self.delays = Distribution(all_d), Distribution(all_delays)
        return {
            "admitted": {"packets": self.voice.packets, "bytes": self.voice.bytes},
            "dropped": {"packets": dropped,
                        "bytes": self.offered.voice.bytes - self.voice.bytes},
            "loss_percent": 100 * dropped / self.offered.voice.packets,
            "calls": calls,
            "loss_percent_quartiles": quartiles(c["loss_percent"] for c in calls),
            "longest_gap_ms_quartiles": quartiles(c["longest_gap_ms"] for c in calls),
            "mos_quartiles": quartiles(c["mos"] for c in calls),
            "calls_hurt": sum(outside(c) for c in calls),
        }

    def _call(self, number, call, d, delays):
        arrived = len(call.flow.arrivals)
        lost = arrived - len(call.departures)
        loss = 100 * lost / arrived
        mean, most = jitter_of(d)
        delay = sum(delays) / len(delays) / 1e6 if delays else 0.0
        r = emodel.r_factor(DELAY_MS + delay, loss, IE, BPL)
        return {
            "number": number, "packets": arrived, "dropped": lost, "loss_percent": loss,
            "rtcp_packets": len(call.flow.reports),
            "rtcp_dropped": len(call.flow.reports) - len(call.reports),
            "began_s": self.offered.begins_s(number),
            "ended_s": (call.flow.arrivals[-1] - self.offered.start_ns) / SECOND,
            "longest_drop_run": call.longest_run(),
            "longest_gap_ms": call.longest_gap_ns() / 1e6,
            "jitter_ms_mean": mean, "jitter_ms_max": most,
            "delay_ms_mean": delay if delays else None,
            "delay_ms_max": max(delays) / 1e6 if delays else None,
            "r_factor": r, "mos": emodel.mos(r),
        }

    def conclude(self, intervals):
        self.result = self.figures()
        offered = self.offered
        self.rates = {
            "offered_kbps": offered.kbps(offered.voice, intervals),
            "admitted_kbps": offered.kbps(self.voice, intervals),
            "background_kbps": offered.kbps(self.background, intervals),
        }
        self.dropped_kbps = offered.kbps(self._dropped_on_arrival(), intervals)

    def _dropped_on_arrival(self):
        """By the time of arrival of what did not leave."""
        dropped = Traffic()
        for call in self.calls.values():
            for ns, counted in call.dropped():
                dropped.add(self.offered.interval(ns), counted)
        return dropped


def outside(call):
    """Of a target of business-grade voice."""
    return (call["dropped"] > 0 or (call["jitter_ms_mean"] or 0) > JITTER_MEAN_MS
            or (call["jitter_ms_max"] or 0) > JITTER_MAX_MS)
