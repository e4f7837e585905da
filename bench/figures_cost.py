#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
usage: bench/figures_cost.py EDGEMARK [--rounds N] [--seconds S] [--calls N]

What it costs the packets that the daemon's figures are published and read. The daemon
forwards a capture of calls in a loop (net_pcap, infinite_rx) as fast as its worker can.
Windows alternate: control's thread stopped, so that nothing is published; published each
second; published, and each second scraped over HTTP and asked over DPDK's telemetry socket.
A figure is frames sent per second of the worker's CPU time, which what else is busy on the
machine disturbs least. Needs root, or a process that may trace its child.
"""
import argparse
import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
PORT = 19464
MODES = ("stopped", "published", "read")
CONFIG = """version = 1;
links = ( {{ name = "office";
    lan = {{ device = "net_pcap0,rx_pcap={d}/in.pcap,infinite_rx=1"; }};
    wan = {{ device = "net_null0,copy=0,no-rx=1"; rate-kbps = 400000000; }};
    upstream = "up"; }} );
classes = ( {{ name = "voice"; dscp = "EF"; pcp = 5; }},
            {{ name = "default"; dscp = "CS0"; pcp = 0; }} );
acls = ( {{ name = "media"; rules = (
    {{ seq = 10; protocol = "udp"; source-port = "50000-50019"; class = "voice"; }} ); }} );
policies = ( {{ name = "up"; acl = "media";
    contracts = ( {{ class = "voice"; cir-kbps = 400000000; }} ); }} );
control = {{ socket = "{d}/control.sock"; prometheus = "127.0.0.1:{port}"; }};
dpdk = {{ workers = "{worker}"; eal-args = [ "--file-prefix=cost{pid}", "--no-huge" ]; }};
"""
libc = ctypes.CDLL(None, use_errno=True)


def write_capture(path, calls):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(calls):
            udp = struct.pack("!HHHH", 50000 + i % 20, 3478, 180, 0)
            rtp = struct.pack("!BBHII", 0x80, 0, 1, 160, i) + bytes(160)
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 200, 0, 0, 64, 17, 0,
                             struct.pack("!BBH", 10, 0, 1 + i // 20), bytes([10, 1, 0, 1]))
            total = sum(struct.unpack("!10H", ip))
            total = (total & 0xffff) + (total >> 16)
            ip = ip[:10] + struct.pack("!H", ~total & 0xffff) + ip[12:]
            data = bytes(12) + b"\x08\x00" + ip + udp + rtp
            f.write(struct.pack("<IIII", 0, i, len(data), len(data)) + data)


def sent(edgemark, d):
    """Frames sent. A worker that is kept from its CPU leaves old figures: not to be used."""
    before = sent_once(edgemark, d)
    while (now := sent_once(edgemark, d)) <= before:
        pass
    return now


def sent_once(edgemark, d):
    out = subprocess.run([edgemark, "show", "links", "-j", "--socket", d + "/control.sock"],
                         capture_output=True, text=True, check=True, timeout=20).stdout
    return json.loads(out)["links"][0]["upstream"]["tx"]["packets"]


def worker_seconds(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as f:
            if not f.read().startswith("rte-worker"):
                continue
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e9
    raise SystemExit("there is no worker")


def stop_control(pid):
    if libc.ptrace(PTRACE_SEIZE, pid, None, None) or libc.ptrace(PTRACE_INTERRUPT, pid, None, None):
        raise SystemExit("control's thread can't be stopped: " + os.strerror(ctypes.get_errno()))
    os.waitpid(pid, 0x40000000)  # __WALL


def read_each_second(d, end):
    while not end.wait(1):
        c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
        c.request("GET", "/metrics")
        assert c.getresponse().read().startswith(b"# HELP")
        c.close()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(f"{d}/dpdk/cost{os.getpid()}/dpdk_telemetry.v2")
            s.recv(16384)
            s.send(b"/edgemark/classes,office,upstream")
            assert b"voice" in s.recv(16384)


def window(a, d, pid, mode, seconds):
    end = threading.Event()
    reader = threading.Thread(target=read_each_second, args=(d, end))
    frames, cpu = sent(a.edgemark, d), worker_seconds(pid)
    if mode == "stopped":
        stop_control(pid)
    if mode == "read":
        reader.start()
    time.sleep(seconds)
    end.set()
    if mode == "read":
        reader.join()
    if mode == "stopped":
        libc.ptrace(PTRACE_DETACH, pid, None, None)
    frames = sent(a.edgemark, d) - frames
    return frames / (worker_seconds(pid) - cpu) / 1e6


def main():
    p = argparse.ArgumentParser(usage=__doc__.split("\n")[1][7:])
    p.add_argument("edgemark")
    p.add_argument("--rounds", type=int, default=6)
    p.add_argument("--seconds", type=float, default=5)
    p.add_argument("--calls", type=int, default=1000)
    a = p.parse_args()
    d = tempfile.mkdtemp(prefix="edgemark-cost-")
    write_capture(d + "/in.pcap", a.calls)
    with open(d + "/edge.conf", "w", encoding="utf-8") as f:
        f.write(CONFIG.format(d=d, port=PORT, pid=os.getpid(),
                              worker=max(os.sched_getaffinity(0))))
    daemon = subprocess.Popen([a.edgemark, "run", "-c", d + "/edge.conf"], text=True,
                              stdout=subprocess.PIPE, env=dict(os.environ, RUNTIME_DIRECTORY=d))
    rates = {mode: [] for mode in MODES}
    try:
        if "forwarding" not in daemon.stdout.readline():
            raise SystemExit("the daemon does not start")
        time.sleep(2)
        for i in range(a.rounds):
            for mode in MODES[i % 3:] + MODES[:i % 3]:
                rates[mode].append(window(a, d, daemon.pid, mode, a.seconds))
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=20)
        shutil.rmtree(d)
    print(f"{a.calls} calls, {a.rounds} windows of {a.seconds:g} s each; "
          "million frames per second of the worker's CPU\n")
    base = statistics.median(rates["stopped"])
    for mode, what in zip(MODES, ("not published", "published each second",
                                  "and read each second, by HTTP and telemetry")):
        r = rates[mode]
        change = [100 * (x / y - 1) for x, y in zip(r, rates["stopped"])]
        print(f"  {what:44} median {statistics.median(r):7.3f}  least {min(r):7.3f}  "
              f"most {max(r):7.3f}  {100 * (statistics.median(r) / base - 1):+.2f} % "
              f"(pairs: median {statistics.median(change):+.2f} %)")


if __name__ == "__main__":
    main()
