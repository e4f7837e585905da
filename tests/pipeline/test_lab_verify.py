# SPDX-License-Identifier: BSD-3-Clause
"""The report of an overrun against its captures: scripts/lab-verify agrees with what the lab
says, in every figure, and finds what was altered in any of its files.

usage: test_lab_verify.py EDGEMARK
"""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile

from replaying import Checks

VERIFY = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../scripts/lab-verify")
OVERRUN = ("--calls", "24", "--contract", "20", "--seconds", "3", "--ramp", "1",
           "--jitter-ms", "3", "--background", "bulk:3000,saturate", "--link-kbps", "10000",
           "--exceed", "police,random,shape,remark", "--rtcp", "1",
           "--interval-ms", "300")


class Result:
    """A report's directory; what is altered in it is put right again."""

    def __init__(self, directory):
        self.directory = directory

    def path(self, name):
        return os.path.join(self.directory, name)

    def verify(self):
        done = subprocess.run([VERIFY, self.directory], capture_output=True, text=True,
                              check=False, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def altered(self, name, alter):
        """What verify says while alter(bytes) stands in the file's place."""
        with open(self.path(name), "rb") as stream:
            sound = stream.read()
        other = alter(sound)
        assert other != sound, f"{name}: nothing altered"
        with open(self.path(name), "wb") as stream:
            stream.write(other)
        try:
            return self.verify()
        finally:
            with open(self.path(name), "wb") as stream:
                stream.write(sound)


def in_json(change):
    def alter(data):
        document = json.loads(data)
        change(document)
        return json.dumps(document).encode()
    return alter


def with_call(key, by):
    def change(document):
        document["runs"][1]["calls"][7][key] += by
    return change


def records(data):
    """(offset, length) of each record of a little-endian pcap."""
    at = 24
    while at < len(data):
        length = 16 + struct.unpack_from("<I", data, at + 8)[0]
        yield at, length
        at += length


def is_rtp(data, at):
    """Voice and RTP: frames here are Ethernet and IPv4 without options or tags."""
    ip = at + 16 + 14
    return data[ip + 12:ip + 14] == b"\x0a\x01" and not 192 <= data[ip + 29] <= 223


def without_a_packet(data):
    rtp = [(at, length) for at, length in records(data) if is_rtp(data, at)]
    at, length = rtp[len(rtp) // 2]
    return data[:at] + data[at + length:]


def with_a_late_packet(data):
    """The last packet of voice leaves 2 µs later."""
    at = [at for at, _ in records(data) if is_rtp(data, at)][-1]
    ns = struct.unpack_from("<I", data, at + 4)[0]
    return data[:at + 4] + struct.pack("<I", ns + 2000) + data[at + 8:]


def big_endian(data):
    out = struct.pack(">IHHiIII", *struct.unpack_from("<IHHiIII", data))
    for at, length in records(data):
        out += struct.pack(">IIII", *struct.unpack_from("<IIII", data, at))
        out += data[at + 16:at + length]
    return out


def cell_altered(title):
    """The last figure of a row of the table side by side has another last digit."""
    def alter(data):
        row = re.search(rf'<th scope="row">{title}</th>.*?</tr>', data.decode(), re.S)
        digit = row.start() + re.search(r"\d(?=</td></tr>)", row[0]).start()
        text = data.decode()
        return (text[:digit] + str((int(text[digit]) + 1) % 10) + text[digit + 1:]).encode()
    return alter


def call_cell_altered(data):
    """Of some call, the MOS."""
    text = data.decode()
    rows = list(re.finditer(r"(\d)</td></tr>", text[text.index('class="calls all"'):]))
    at = text.index('class="calls all"') + rows[5].start()
    return (text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1:]).encode()


def finds(checks, result):
    cases = (
        ("a call's drops in lab.json", "lab.json", in_json(with_call("dropped", 1))),
        ("a call's mean jitter, by 0.01 ms", "lab.json", in_json(with_call("jitter_ms_mean", 0.01))),
        ("a call's gap, by 0.1 ms", "lab.json", in_json(with_call("longest_gap_ms", 0.1))),
        ("a call's delay, by 0.001 ms", "lab.json", in_json(with_call("delay_ms_max", 0.001))),
        ("a rate of an interval, by 1 kbit/s", "lab.json", in_json(
            lambda d: d["runs"][0]["series"][2].update(
                admitted_kbps=d["runs"][0]["series"][2]["admitted_kbps"] + 1))),
        ("a point of the jitter's distribution, by 1 %", "lab.json", in_json(
            lambda d: d["runs"][0]["jitter_ms_cdf"].__setitem__(
                50, [d["runs"][0]["jitter_ms_cdf"][50][0],
                     d["runs"][0]["jitter_ms_cdf"][50][1] + 0.01]))),
        ("a counter of edgemark's", "lab.json", in_json(
            lambda d: d["runs"][0]["document"]["links"][0]["upstream"]["rx"].update(packets=1))),
        ("a lost packet of random.pcap", "random.pcap", without_a_packet),
        ("a lost packet of offered.pcap", "offered.pcap", without_a_packet),
        ("a packet that left 2 µs later", "police.pcap", with_a_late_packet),
        ("the report's loss", "report.html", cell_altered("loss, %")),
        ("the report's longest delay", "report.html", cell_altered("longest")),
        ("the report's MOS of a call", "report.html", call_cell_altered),
        ("the report's first sentence", "report.html",
         lambda data: data.replace(b"The 21st call", b"The 22nd call")),
    )
    for name, file, alter in cases:
        code, said = result.altered(file, alter)
        checks.that(f"finds {name}", code in (1, 2) and "Traceback" not in said
                    and ("DIFFER" in said or "never arrived" in said), (code, said[-1000:]))
    code, said = result.altered("lab.json", in_json(
        lambda d: d["parameters"].update(burst_bytes=1500)))
    checks.that("finds what is over a smaller burst", code == 1
                and re.search(r"DIFFER contract: police", said), (code, said[:1000]))


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="edgemark-lab-verify-") as directory:
        result = Result(os.path.join(directory, "lab"))
        done = subprocess.run([sys.argv[1], "lab", "overrun", *OVERRUN, "--captures", "--report",
                               result.directory], capture_output=True, text=True, check=False,
                              timeout=120)
        checks.that("the overrun runs", done.returncode == 0, done.stderr)
        code, said = result.verify()
        checks.that("all figures are those of the captures", code == 0
                    and re.search(r"\b0 differ$", said), said)
        figures = int((re.findall(r"(\d+) figures checked", said) or [0])[0])
        checks.that("which are many", figures > 2000, figures)
        code, said = result.altered("offered.pcap", big_endian)
        checks.that("captures of either byte order are read", code == 0, said)
        finds(checks, result)
        os.remove(result.path("shape.pcap"))
        code, said = result.verify()
        checks.that("a missing capture: one line, another code",
                    code == 2 and said.count("\n") == 1, (code, said))
    checks.conclude()


main()
