# SPDX-License-Identifier: BSD-3-Clause
"""Captures of a namespace's interface: taken by tcpdump, judged by tshark, or counted here."""
import os
import signal
import socket
import struct
import subprocess
import time


class Capture:
    """tcpdump on an interface of a namespace, from when it listens until stop()."""

    def __init__(self, site, namespace, interface, *arguments):
        self.path = os.path.join(site.directory, f"{namespace.name}-{interface}.pcap")
        # As root tcpdump would change to a user who may not write there.
        self.process = namespace.start(
            "tcpdump", "-i", interface, "-n", "--immediate-mode", "-U", "-Z", "root", "-B", "16384",
            "-w", self.path, *arguments, stderr=subprocess.PIPE, text=True)
        self.site = site
        site.processes.append(self.process)
        for line in self.process.stderr:
            if "listening on" in line:
                return
        raise RuntimeError("tcpdump did not start")

    def stop(self):
        """The capture's path."""
        if self.process is not None:
            time.sleep(0.3)
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=10)
            self.process.stderr.close()
            self.site.processes.remove(self.process)
            self.process = None
        return self.path

    def frames(self, *fields, display_filter=""):
        """Per frame a tuple of tshark's fields, as text; absent ones are empty."""
        self.stop()
        arguments = ["tshark", "-n", "-r", self.path, "-T", "fields", "-E", "separator=|"]
        for protocol in ("ip", "udp", "tcp"):
            arguments += ["-o", f"{protocol}.check_checksum:TRUE"]
        for field in fields:
            arguments += ["-e", field]
        if display_filter:
            arguments += ["-Y", display_filter]
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=True)
        return [tuple(line.split("|")) for line in done.stdout.splitlines()]


def read_capture(path):
    """The UDP flows of a nanosecond pcap of Ethernet frames, as callgen's receiver has them."""
    with open(path, "rb") as file:
        data = file.read()
    order = ">" if data[:4] in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d") else "<"
    unit = 1e-9 if b"\x3c" in data[:4] else 1e-6
    flows, at = {}, 24
    while at + 16 <= len(data):
        seconds, fraction, length, _ = struct.unpack_from(order + "IIII", data, at)
        frame, at = data[at + 16:at + 16 + length], at + 16 + length
        offset = 14
        while frame[offset - 2:offset] in (b"\x81\x00", b"\x88\xa8"):
            offset += 4
        if frame[offset - 2:offset] != b"\x08\x00" or frame[offset + 9] != 17:
            continue
        source, destination = (socket.inet_ntoa(frame[offset + i:offset + i + 4])
                               for i in (12, 16))
        ports = struct.unpack_from(">HH", frame, offset + 20)
        count_frame(flows.setdefault((source, ports[0], destination, ports[1]), {
            "packets": 0, "bytes": 0, "longest_gap_ms": 0.0, "late": 0, "dscp": []}),
            seconds + fraction * unit, frame[offset + 1] >> 2, len(frame) - offset)
    return flows


def count_frame(flow, now, dscp, length):
    if flow["packets"]:
        flow["longest_gap_ms"] = max(flow["longest_gap_ms"], (now - flow["last"]) * 1000)
    flow["last"] = now
    flow["packets"] += 1
    flow["bytes"] += length
    if dscp not in flow["dscp"]:
        flow["dscp"].append(dscp)
