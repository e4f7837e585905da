# SPDX-License-Identifier: BSD-3-Clause
"""What the end-to-end tests share: skipping, checks that all get reported, frames made by
hand, and code run inside a namespace."""
import ctypes
import json
import os
import shutil
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "traffic"))
import namespaces  # noqa: E402
from captures import Capture  # noqa: E402, F401
from namespaces import undisturbed  # noqa: E402, F401
from scenario import CALL_KBPS, bulk, calls, configuration  # noqa: E402, F401

SKIPPED = 77
failures = []


def check(condition, what):
    print(("ok    " if condition else "FAIL  ") + what, flush=True)
    if not condition:
        failures.append(what)


def main(test, tools=()):
    """Runs test(site) on a fresh site; the process's exit code is the verdict."""
    namespaces.exit_on_signals()
    reason = namespaces.missing()
    for tool in tools:
        if reason is None and shutil.which(tool) is None:
            reason = f"{tool} is not installed"
    if reason is not None:
        print(f"SKIP: {reason}")
        sys.exit(SKIPPED)
    with namespaces.Site() as site:
        try:
            test(site)
        finally:
            if os.path.exists(site.log):
                print("--- edgemark's own words\n" + site.read_log())
    if failures:
        print(f"{len(failures)} failed")
        sys.exit(1)


def check_balance(document):
    """Received = sent + dropped + queued, and each drop has its reason."""
    for link in document["links"]:
        for name in ("upstream", "downstream"):
            d = link[name]
            received, sent, dropped, queued = (
                d[key]["packets"] for key in ("rx", "tx", "dropped", "queued"))
            check(received == sent + dropped + queued,
                  f"{name} balances: {received} = {sent} + {dropped} + {queued}")
            check(dropped == sum(d["drops"].values()), f"{name}: every drop has its reason")


def check_end(site):
    """It ends when told to, with every packet sent or accounted for."""
    check(site.stop_daemon() == 0, "SIGTERM ends it with exit code 0")
    document = site.final_document()
    check_balance(document)
    check(all(link[d]["queued"]["packets"] == 0 for link in document["links"]
              for d in ("upstream", "downstream")), "and its queues are empty")


def upstream(document):
    return document["links"][0]["upstream"]


def class_of(direction, name):
    return next(c for c in direction["classes"] if c["name"] == name)


# --- frames and namespaces -------------------------------------------------------------
def inside(namespace, function):
    """Runs function() in a child process that has joined the namespace."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            clone_newnet = 0x40000000
            with open(f"/proc/{namespace.holder.pid}/ns/net", "rb") as ns:
                if ctypes.CDLL(None, use_errno=True).setns(ns.fileno(), clone_newnet) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            function()
            code = 0
        except Exception as error:  # pylint: disable=broad-except
            print(f"in {namespace.name}: {error!r}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise RuntimeError(f"in {namespace.name}: failed")


def checksum(data):
    """RFC 1071, of an even number of bytes."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def tagged_frame(macs, vlan, addresses, ports, tos):
    """An Ethernet frame with an 802.1Q tag around IPv4 and UDP, all checksums good."""
    payload = b"edgemark" * 15
    source, destination = (socket.inet_aton(a) for a in addresses)
    length = 8 + len(payload)
    udp = struct.pack(">HHHH", *ports, length, 0) + payload
    pseudo = source + destination + struct.pack(">HH", 17, length)
    udp = udp[:6] + struct.pack(">H", checksum(pseudo + udp)) + udp[8:]
    ip = struct.pack(">BBHHHBBH", 0x45, tos, 20 + length, 0, 0x4000, 64, 17, 0) + source + destination
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    source_mac, destination_mac = (bytes.fromhex(m.replace(":", "")) for m in macs)
    return destination_mac + source_mac + struct.pack(">HHH", 0x8100, vlan, 0x0800) + ip + udp


def mac_of(namespace, interface):
    return json.loads(namespace.run("ip", "-j", "link", "show", interface).stdout)[0]["address"]
