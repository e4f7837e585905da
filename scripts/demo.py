#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The demonstration behind scripts/run: calls that fit their contract, then half as many again,
beside bulk at twice what the link has left and a source that marks EF without being voice.

    ┌─ client ──────────┐      ┌─ box ─────────────────┐      ┌─ provider ────────┐
    │ 80 → 120 calls    c0 ── em-lan  edgemark  em-wan ── p0  counts what arrives │
    │ bulk, wrong EF    │      │                       │      │ 40 calls back     │
    └───────────────────┘      └───────────────────────┘      └───────────────────┘

Without namespaces the same upstream traffic goes through `edgemark replay` as a capture.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "traffic"))
# pylint: disable=wrong-import-position
import captures  # noqa: E402
import demo_report as report  # noqa: E402
import namespaces  # noqa: E402
from namespaces import CLIENT, PROVIDER, program  # noqa: E402

SECONDS = 20.0
BULK_AT, RAMP_AT, RAMP_SECONDS, RELOAD_AT = 3.0, 5.0, 4.0, 12.0
CALL_KBPS, CALL_WIRE_KBPS = 80.0, 95.2  # G.711: 200 bytes of IP, 238 on the wire, 50 a second
CALLS_BACK = 40
BULK_PORT, WRONG_EF_PORT = 40000, 41000  # source ports
SINK_PORT, WRONG_EF_SINK = 9000, 9001
CONFIG = os.path.join(ROOT, "config", "demo.conf")
OUTPUT = os.path.join(namespaces.BUILD, "demo")


class Scenario:
    """What to offer, from what the configuration sells."""

    def __init__(self, text):
        contract = float(re.search(r"cir-kbps\s*=\s*([\d.]+)", text).group(1))
        link = re.search(r"wan\s*=\s*{[^}]*rate-kbps\s*=\s*([\d.]+)", text)
        self.cir_kbps = contract
        self.link_kbps = float(link.group(1))
        self.fit = int(contract / CALL_KBPS)
        self.extra = self.fit // 2
        rest = self.link_kbps - self.fit * CALL_WIRE_KBPS
        self.bulk_kbps = 2 * rest
        self.addresses = -(-self.fit // 10) + -(-self.extra // 10)

    def groups(self):
        """callgen's arguments. Ten audio ports an address: the other ten are for the calls
        that come back, which are placed by another program."""
        first_extra = -(-self.fit // 10)
        octet = int(CLIENT.rsplit(".", 1)[1]) + first_extra
        extra_from = CLIENT.rsplit(".", 1)[0] + f".{octet}"
        to = f"ports=50000-50009,to={PROVIDER},to-ports=3480-3481"
        return ["--seconds", str(SECONDS),
                "--calls", f"n={self.fit},from={CLIENT},{to}",
                "--calls", f"n={self.extra},from={extra_from},{to},start={RAMP_AT},"
                f"ramp={RAMP_SECONDS}",
                "--bulk", f"kbps={self.bulk_kbps:.0f},bytes=1400,from={CLIENT},"
                f"ports={BULK_PORT},to={PROVIDER},to-ports={SINK_PORT},start={BULK_AT}",
                "--bulk", f"kbps=300,bytes=200,from={CLIENT},ports={WRONG_EF_PORT},"
                f"to={PROVIDER},to-ports={WRONG_EF_SINK},dscp=46,start={BULK_AT}"]

    def describe(self):
        return (f"contract {self.cir_kbps:g} kbit/s = {self.fit} G.711 calls, link "
                f"{self.link_kbps:g} kbit/s\n"
                f"  {self.fit} calls at once; {self.extra} more from {RAMP_AT:g} s to "
                f"{RAMP_AT + RAMP_SECONDS:g} s, {100 * (self.fit + self.extra) // self.fit} % of "
                f"the contract\n"
                f"  from {BULK_AT:g} s on: bulk of {self.bulk_kbps:.0f} kbit/s, twice what the link "
                f"has left,\n  and a source that marks EF without being voice")


def with_reload(text):
    """The ACL with one more rule, ahead of all others: bulk gets a class of its own."""
    rule = (f'{{ seq = 1; protocol = "udp"; destination-port = "{SINK_PORT}"; '
            'class = "bulk"; }, ')
    changed, count = re.subn(r"(rules\s*=\s*\()", r"\1 " + rule, text, count=1)
    if count != 1:
        raise RuntimeError("the demo's configuration has no ACL to edit")
    return changed


# --- on namespaces -------------------------------------------------------------------
def follow(site, scenario, text):
    """The live table, once a second, and the reload on its way; returns the samples."""
    table = report.LiveTable()
    samples = [report.Sample(0.0, site.show("links"))]
    begin = time.monotonic()
    reloaded = False
    for second in range(1, int(SECONDS) + 1):
        time.sleep(max(0.0, begin + second - time.monotonic()))
        samples.append(report.Sample(time.monotonic() - begin, site.show("links")))
        table.show(samples[-2], samples[-1], event_at(second, scenario, reloaded))
        if not reloaded and second >= RELOAD_AT:
            site.write_config(with_reload(text))
            site.reload()
            reloaded = True
    return samples


def event_at(second, scenario, reloaded):
    if reloaded:
        return "the ACL was reloaded: bulk is now AF11"
    if second > RAMP_AT + RAMP_SECONDS:
        return f"{scenario.fit + scenario.extra} calls on a contract of {scenario.fit}"
    if second > RAMP_AT:
        return "more calls begin"
    if second > BULK_AT:
        return "bulk and wrong EF have begun"
    return f"{scenario.fit} calls, which fit"


def run_on_namespaces():
    with open(CONFIG, encoding="utf-8") as file:
        text = file.read()
    scenario = Scenario(text)
    text = re.sub(r'(socket\s*=\s*)"[^"]*"', r'\1"@SOCKET@"', text)
    print(__doc__.split("\n\n")[1] + "\n\n  " + scenario.describe() + "\n", flush=True)
    with namespaces.Site() as site:
        site.add_client_addresses(scenario.addresses)
        site.write_config(text)
        site.start_daemon()
        passes = site.client.run("ping", "-c", 1, "-W", 2, PROVIDER, check=False)
        print("  edgemark runs; a ping and its ARP "
              f"{'pass' if passes.returncode == 0 else 'DO NOT pass'} through it\n", flush=True)
        far = site.receive(site.provider, f"3480-3481,{SINK_PORT}-{WRONG_EF_SINK}", "far")
        near = site.receive(site.client, "50010-50019", "near")
        upstream = site.send(site.client, "up", *scenario.groups())
        downstream = site.send(
            site.provider, "down", "--seconds", str(SECONDS), "--calls",
            f"n={CALLS_BACK},from={PROVIDER},ports=3478-3479,to={CLIENT},to-ports=50010-50019")
        samples = follow(site, scenario, text)
        sent, sent_back = site.finish_send(upstream), site.finish_send(downstream)
        time.sleep(0.5)
        flows = namespaces.join_flows(sent, site.finish_receive(far))
        flows_back = namespaces.join_flows(sent_back, site.finish_receive(near))
        waited = site.worker_wait_s() / SECONDS
        if site.stop_daemon() != 0:
            raise RuntimeError("edgemark did not end well:\n" + site.read_log())
        document = site.final_document()
    return report.Outcome(scenario, flows, flows_back, document, samples, waited)


# --- on the virtual clock ------------------------------------------------------------
def call(*arguments):
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments[:2])}: {done.stderr.strip()}")


def run_on_virtual_clock(reason):
    print(f"  {reason}: the same upstream traffic on the virtual clock instead, without the\n"
          "  calls that come back and the reload\n")
    with open(CONFIG, encoding="utf-8") as file:
        scenario = Scenario(file.read())
    print("  " + scenario.describe() + "\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="edgemark-") as directory:
        offered, left, sent, counters = (os.path.join(directory, name) for name in (
            "offered.pcap", "left.pcap", "sent.json", "counters.json"))
        call(program("callgen"), "pcap", offered, *scenario.groups(), "--output", sent)
        call(program("edgemark"), "replay", "-c", CONFIG, "--direction", "upstream", "-j",
             counters, offered, left)
        flows = namespaces.join_flows(namespaces.read_flows(sent), captures.read_capture(left))
        with open(counters, encoding="utf-8") as file:
            document = json.load(file)
    return report.Outcome(scenario, flows, [], document, [])


def main():
    namespaces.exit_on_signals()
    reason = "as asked" if "--virtual" in sys.argv[1:] else namespaces.missing()
    try:
        outcome = run_on_virtual_clock(reason) if reason else run_on_namespaces()
    except KeyboardInterrupt:
        print("\nedgemark: stopped; nothing is left behind", file=sys.stderr)
        sys.exit(130)
    except RuntimeError as error:
        print(f"edgemark: {error}", file=sys.stderr)
        sys.exit(1)
    print(outcome.summary())
    print(f"\n  report: {outcome.write(OUTPUT)}")
    sys.exit(0 if outcome.balanced() else 1)


if __name__ == "__main__":
    main()
