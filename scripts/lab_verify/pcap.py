# SPDX-License-Identifier: BSD-3-Clause
"""Captures as pcap, in microseconds or nanoseconds and either byte order, and what is in a
frame of Ethernet, tags, IPv4 or IPv6, and UDP. A frame may be cut behind its headers."""
import socket
import struct
from collections import namedtuple

UNITS = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}  # nanoseconds of one count of the time's fraction
ETHERNET = 1
TAGS = (b"\x81\x00", b"\x88\xa8")
UDP = 17

# ns: when; flow: (source, port, destination, port) or None; ip: bytes of the IP datagram;
# frame: bytes of the frame without FCS; tags: of them, in 802.1Q tags; rtp: (type, sequence number,
# timestamp) or None; payload: of UDP, as much as was kept of it
Packet = namedtuple("Packet", "ns flow ip frame tags dscp rtp payload")


class CaptureError(Exception):
    pass


def records(path):
    """(ns, bytes kept, bytes there were) of each record."""
    with open(path, "rb") as stream:
        data = stream.read()
    if len(data) < 24:
        raise CaptureError(f"{path}: shorter than a pcap's header")
    for order in "<>":
        unit = UNITS.get(struct.unpack_from(order + "I", data)[0])
        if unit:
            break
    else:
        raise CaptureError(f"{path}: no pcap")
    if struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF != ETHERNET:
        raise CaptureError(f"{path}: not Ethernet")
    head, at = struct.Struct(order + "IIII"), 24
    while at < len(data):
        if at + 16 > len(data):
            raise CaptureError(f"{path}: ends within a record")
        seconds, fraction, kept, there = head.unpack_from(data, at)
        at += 16
        if at + kept > len(data):
            raise CaptureError(f"{path}: ends within a frame")
        yield seconds * 1_000_000_000 + fraction * unit, data[at:at + kept], there
        at += kept


def ip_of(frame):
    """Where the IP header starts, its version, and where UDP starts (None: no UDP)."""
    at = 12
    while frame[at:at + 2] in TAGS:
        at += 4
    kind = frame[at:at + 2]
    at += 2
    if kind == b"\x08\x00":
        fragment = struct.unpack_from(">H", frame, at + 6)[0] & 0x1FFF
        udp = frame[at + 9] == UDP and not fragment
        return at, 4, at + 4 * (frame[at] & 15) if udp else None
    if kind == b"\x86\xdd":
        return at, 6, at + 40 if frame[at + 6] == UDP else None
    return at, None, None


def rtp_of(frame, at):
    """RTP of version 2 that is neither RTCP (RFC 5761) nor cut."""
    if at + 12 > len(frame) or frame[at] >> 6 != 2 or 192 <= frame[at + 1] <= 223:
        return None
    sequence, timestamp = struct.unpack_from(">HI", frame, at + 2)
    return frame[at + 1] & 0x7F, sequence, timestamp


_names = {}


def name(family, address):
    if address not in _names:
        _names[address] = socket.inet_ntop(family, address)
    return _names[address]


def packets(path):
    """All packets of a capture, in its order."""
    for ns, frame, there in records(path):
        ip, version, udp = ip_of(frame)
        if version is None:
            yield Packet(ns, None, 0, there, 0, None, None, b"")
            continue
        if version == 4:
            length = struct.unpack_from(">H", frame, ip + 2)[0]
            dscp = frame[ip + 1] >> 2
            ends = [name(socket.AF_INET, frame[ip + i:ip + i + 4]) for i in (12, 16)]
        else:
            length = 40 + struct.unpack_from(">H", frame, ip + 4)[0]
            dscp = (struct.unpack_from(">H", frame, ip)[0] >> 6) & 63
            ends = [name(socket.AF_INET6, frame[ip + i:ip + i + 16]) for i in (8, 24)]
        flow = rtp = None
        payload = b""
        if udp is not None:
            ports = struct.unpack_from(">HH", frame, udp)
            flow = (ends[0], ports[0], ends[1], ports[1])
            rtp = rtp_of(frame, udp + 8)
            payload = frame[udp + 8:ip + length]
        yield Packet(ns, flow, length, there, ip - 14, dscp, rtp, payload)
