#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
usage: bench/watch_cost.py EDGEMARK [ROUNDS]

What it costs the traffic to be watched: a worker that always has more to do, alternately alone
and with `edgemark top` and `edgemark show calls`, ten times a second each: frames a second of the
worker's own CPU time, so that what else runs on the machine counts little; medians over the
rounds, and of their ratios.
"""
import json
import os
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

SECONDS = 2.0
FRAMES = 400
CONFIG = """version = 1;
links = ( {{ name = "bench";
    lan = {{ device = "net_pcap0,rx_pcap={d}/in.pcap,infinite_rx=1"; }};
    wan = {{ device = "net_null0,no-rx=1"; }}; upstream = "up"; }} );
classes = ( {{ name = "voice"; dscp = "EF"; pcp = 5; }},
            {{ name = "default"; dscp = "CS0"; pcp = 0; }} );
acls = ( {{ name = "media"; rules = (
    {{ seq = 10; protocol = "udp"; source-port = "50000-50019"; class = "voice"; }} ); }} );
policies = ( {{ name = "up"; acl = "media";
    contracts = ( {{ class = "voice"; cir-kbps = 100000000.0; }} ); }} );
control = {{ socket = "{d}/control.sock"; }};
dpdk = {{ workers = "1"; eal-args = [ "--file-prefix=edgemark-watch-cost", "--no-huge" ]; }};
"""


def frame(number):
    """UDP; every fourth one voice, of forty calls."""
    voice = number % 4 == 0
    port = 50000 + number // 4 % 20 if voice else 40000
    source = bytes([10, 0, 0, 1 + number // 80 % 2])
    udp = struct.pack("!HHHH", port, 3478, 30, 0) + bytes(22)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 50, number, 0, 64, 17, 0, source,
                     bytes([10, 1, 0, 1]))
    return bytes.fromhex("020000000002" "020000000001" "0800") + ip + udp


def write_capture(path):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(FRAMES):
            data = frame(i)
            f.write(struct.pack("<IIII", 0, i, len(data), len(data)) + data)


def worker_cpu_ns(pid):
    """Of the thread that has run longest: a worker polls."""
    times = []
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as f:
            times.append(int(f.read().split()[0]))
    return max(times)


def sent(edgemark, socket, pid):
    done = subprocess.run([edgemark, "show", "links", "-j", "--worst", "1", "--socket", socket],
                          capture_output=True, check=True)
    d = json.loads(done.stdout)["links"][0]["upstream"]
    return d["tx"]["packets"], worker_cpu_ns(pid)


def rate(edgemark, socket, pid):
    packets, at = sent(edgemark, socket, pid)
    time.sleep(SECONDS)
    more, later = sent(edgemark, socket, pid)
    return (more - packets) / (later - at) * 1e9


def watched(edgemark, socket, pid):
    views = [subprocess.Popen([edgemark, *view, "--watch=0.1", "--socket", socket],
                              stdout=subprocess.DEVNULL)
             for view in (["top"], ["show", "calls"])]
    time.sleep(0.3)
    value = rate(edgemark, socket, pid)
    for view in views:
        view.terminate()
        view.wait()
    return value


def main():
    edgemark, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory(prefix="edgemark-bench-") as d:
        write_capture(d + "/in.pcap")
        with open(d + "/edge.conf", "w", encoding="utf-8") as f:
            f.write(CONFIG.format(d=d))
        daemon = subprocess.Popen([edgemark, "run", "-c", d + "/edge.conf"],
                                  stdout=subprocess.PIPE, text=True,
                                  env=dict(os.environ, RUNTIME_DIRECTORY=d))
        try:
            assert "forwarding after" in daemon.stdout.readline()
            os.sched_setaffinity(0, {0})  # the viewers, too, beside the control thread
            socket = d + "/control.sock"
            pairs = [(rate(edgemark, socket, daemon.pid),
                      watched(edgemark, socket, daemon.pid)) for _ in range(rounds)]
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.communicate()
    alone, beside = (statistics.median(values) for values in zip(*pairs))
    ratios = sorted(b / a for a, b in pairs)
    print(f"alone            {alone / 1e6:8.3f} frames a us of CPU")
    print(f"watched at 10 Hz {beside / 1e6:8.3f} frames a us of CPU, by top and show calls")
    print(f"ratio            {statistics.median(ratios):8.4f} (median of {rounds} rounds, "
          f"{ratios[0]:.4f} to {ratios[-1]:.4f})")


if __name__ == "__main__":
    main()
