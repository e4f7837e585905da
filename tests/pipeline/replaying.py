# SPDX-License-Identifier: BSD-3-Clause
"""What the replay tests share: captures read and written byte by byte, edgemark replay run
as an ordinary user, tshark as the judge, and checks that count what they judged."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

SKIP = 77
MICRO, NANO = 0xA1B2C3D4, 0xA1B23C4D
ETHERNET = 1
NOBODY = 65534


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


class Frame:
    def __init__(self, ns, data, length=None):
        self.ns, self.data = ns, bytes(data)
        self.length = len(self.data) if length is None else length


def read_pcap(path):
    with open(path, "rb") as stream:
        data = stream.read()
    magic = struct.unpack_from("<I", data)[0]
    unit = {MICRO: 1000, NANO: 1}[magic]
    frames, at = [], 24
    while at < len(data):
        seconds, fraction, captured, length = struct.unpack_from("<IIII", data, at)
        at += 16
        frames.append(Frame(seconds * 10**9 + fraction * unit, data[at : at + captured], length))
        at += captured
    return frames


def write_pcap(path, frames, magic=NANO, link_type=ETHERNET):
    unit = 1 if magic == NANO else 1000
    with open(path, "wb") as stream:
        stream.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262144, link_type))
        for f in frames:
            stream.write(struct.pack("<IIII", f.ns // 10**9, f.ns % 10**9 // unit,
                                     len(f.data), f.length))
            stream.write(f.data)


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4_offset(data):
    """Where the IPv4 header starts behind up to two tags, or None."""
    at = 12
    while data[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    return at + 2 if data[at : at + 2] == b"\x08\x00" else None


def with_ipv4_header(data, change):
    """The frame with change(header) done and a right checksum."""
    at = ipv4_offset(data)
    end = at + (data[at] & 15) * 4
    header = bytearray(data[at:end])
    change(header)
    header[10:12] = b"\0\0"
    header[10:12] = struct.pack(">H", checksum(bytes(header)))
    return data[:at] + bytes(header) + data[end:]


def udp_frame(source, destination, source_port, destination_port, size, tos=0):
    """An Ethernet frame of size bytes, without FCS."""
    def address(text):
        return bytes(int(part) for part in text.split("."))

    header = struct.pack(">BBHHHBBH", 0x45, tos, size - 14, 0, 0, 64, 17, 0)
    header += address(source) + address(destination)
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    udp = struct.pack(">HHHH", source_port, destination_port, size - 34, 0)
    return bytes(5) + b"\2" + bytes(5) + b"\1" + b"\x08\x00" + header + udp + bytes(size - 42)


def untouched_part(data):
    """What no marker may change: all but tags, DSCP and the header checksum."""
    at = 12
    while data[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    rest = bytearray(data[at:])
    if rest[:2] == b"\x08\x00":
        rest[3] &= 3
        rest[12:14] = b"\0\0"
    return data[:12] + bytes(rest)


def tshark(path, fields, only=None):
    """A row of texts per frame; of a field that occurs twice, the first."""
    command = ["tshark", "-n", "-r", path, "-o", "ip.check_checksum:TRUE", "-T", "fields",
               "-E", "occurrence=f", "-E", "separator=/t"]
    if only:
        command += ["-Y", only]
    for field in fields:
        command += ["-e", field]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"tshark failed: {result.stderr}")
    return [dict(zip(fields, line.split("\t"))) for line in result.stdout.splitlines()]


class Checks:
    """Counts what was judged: a check that judged nothing has failed."""

    def __init__(self):
        self.failed = 0

    def all(self, name, judged, wrong):
        wrong = list(wrong)
        sound = judged > 0 and not wrong
        self.failed += not sound
        print(f"{'ok  ' if sound else 'FAIL'} {name}: {judged} judged, {len(wrong)} wrong"
              + "".join(f"\n       {w}" for w in wrong[:5]))

    def that(self, name, sound, seen=""):
        self.failed += not sound
        print(f"{'ok  ' if sound else 'FAIL'} {name}" + (f": {seen}" if not sound else ""))

    def conclude(self):
        print(f"{self.failed} checks failed")
        sys.exit(1 if self.failed else 0)


class Bench:
    """A directory of its own, and edgemark in it, run by nobody in particular."""

    def __init__(self, edgemark):
        if not shutil.which("tshark"):
            skip("tshark is not installed: apt-get install tshark")
        self.directory = tempfile.mkdtemp(prefix="edgemark-replay-")
        self.edgemark = self.path("edgemark")
        shutil.copy(edgemark, self.edgemark)
        os.chmod(self.edgemark, 0o755)
        os.chmod(self.directory, 0o777)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        shutil.rmtree(self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(self.path(name), 0o644)
        return self.path(name)

    def pcap(self, name, frames, **how):
        write_pcap(self.path(name), frames, **how)
        os.chmod(self.path(name), 0o644)
        return self.path(name)

    def run(self, *arguments, stdin=None):
        """The finished process; output as bytes."""
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        return subprocess.run([self.edgemark, "replay", *arguments], input=stdin, check=False,
                              capture_output=True, cwd=self.directory, timeout=60, **user)

    def replay(self, config, *arguments, name="out"):
        """Runs and returns OUT's path, the drops' path and the document."""
        out, drops, counters = (self.path(name + end) for end in (".pcap", ".pcapng", ".json"))
        result = self.run("-c", config, *arguments, out, "--drops", drops, "-j", counters)
        if result.returncode != 0:
            raise SystemExit(f"replay failed: {result.stderr.decode()}")
        with open(counters, encoding="utf-8") as stream:
            return out, drops, json.load(stream)


CLASSES = """
classes = (
  { name = "control";    dscp = "CS6";  pcp = 6; },
  { name = "voice";      dscp = "EF";   pcp = 5; },
  { name = "video";      dscp = "AF41"; pcp = 4; },
  { name = "signalling"; dscp = "CS3";  pcp = 3; },
  { name = "sharing";    dscp = "AF21"; pcp = 2; },
  { name = "bulk";       dscp = "AF11"; pcp = 1; },
  { name = "default";    dscp = "CS0";  pcp = 0; }
);
"""


def teams_config(vlan="", contracts="", wan="", link=""):
    """The shipped Teams profiles, both ways."""
    vlan = f"vlan = {{ {vlan} }};" if vlan else ""
    contracts = f"contracts = ( {contracts} );" if contracts else ""
    return f"""version = 1;
links = ( {{ name = "mpls"; lan = {{ device = "net_null0"; {link} }};
            wan = {{ device = "net_null1"; {wan} {link} }};
            upstream = "to-provider"; downstream = "from-provider"; }} );
{CLASSES}
acls = ( {{ name = "media"; profiles = [ "teams" ]; }},
         {{ name = "media-return"; profiles = [ "teams-return" ]; }} );
policies = ( {{ name = "to-provider"; acl = "media"; {vlan} {contracts} }},
             {{ name = "from-provider"; acl = "media-return"; trust = "dscp"; {vlan} }} );
"""
