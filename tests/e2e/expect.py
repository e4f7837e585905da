# SPDX-License-Identifier: BSD-3-Clause
"""What the end-to-end tests share: skipping, checks that all get reported, a configuration,
captures judged by tshark, and code run inside a namespace."""
import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "traffic"))
import namespaces  # noqa: E402

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


def undisturbed(site, measure, attempts=3):
    """The result of measure(), which starts the daemon. Where other programs kept the worker
    from its core, which no marker survives, it is measured again on a fresh daemon."""
    for attempt in range(1, attempts + 1):
        begin = time.monotonic()
        result = measure()
        share = site.worker_wait_s() / (time.monotonic() - begin)
        if share < 0.02:
            break
        print(f"note  this machine is busy: the worker waited {share:.0%} of the time for its core",
              flush=True)
        if attempt < attempts:
            site.stop_daemon()
    return result


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


# --- configuration -------------------------------------------------------------------
CONFIGURATION = """
version = 1;
links = (
  { name = "edge";
    lan = { device = "net_af_packet0,iface=em-lan,framecnt=4096"; };
    wan = { device = "net_af_packet1,iface=em-wan,framecnt=4096"; %(wan_rate)s };
    upstream = "to-provider"; downstream = "from-provider"; }
);
classes = (
  { name = "voice";   dscp = "%(voice_dscp)s"; pcp = 5; },
  { name = "video";   dscp = "AF41"; pcp = 4; },
  { name = "sharing"; dscp = "AF21"; pcp = 3; },
  { name = "bulk";    dscp = "AF11"; pcp = 1; },
  { name = "default"; dscp = "CS0";  pcp = 0; }
);
acls = (
  { name = "media"; rules = (
      { seq = 10; protocol = "udp"; source-port = "50000-50019"; class = "voice"; },
      { seq = 20; protocol = "udp"; source-port = "50020-50039"; class = "video"; },
      { seq = 30; source-port = "50040-50059"; class = "sharing"; },
      { seq = 40; protocol = "tcp"; destination-port = "5061"; class = "sharing"; },
      { seq = 45; protocol = "udp"; destination-port = "5060"; class = "sharing"; },
      { seq = 50; protocol = "udp"; destination-port = "9000"; class = "%(bulk_class)s"; } ); },
  { name = "media-return"; rules = (
      { seq = 10; protocol = "udp"; destination-port = "50000-50019"; class = "voice"; },
      { seq = 20; protocol = "udp"; destination-port = "50020-50039"; class = "video"; } ); }
);
policies = (
  { name = "to-provider"; acl = "media"; trust = "none"; default-class = "default";
    contracts = ( { class = "voice"; cir-kbps = %(cir_kbps)s; burst-ms = %(burst_ms)s;
                    account = "ip"; exceed = "%(exceed)s"; } );
    schedule = ( { class = "voice"; priority = "strict"; } ); },
  { name = "from-provider"; acl = "media-return"; trust = "dscp"; default-class = "default";
    pcp-map = ( { class = "voice"; pcp = 6; } ); }
);
control = { socket = "@SOCKET@"; };
dpdk = { workers = "1"; };
"""


def configuration(exceed="random", cir_kbps=6400, burst_ms=20, wan_kbps=None, voice_dscp="EF",
                  bulk_class="default"):
    wan_rate = f"rate-kbps = {wan_kbps};" if wan_kbps else ""
    return CONFIGURATION % {"exceed": exceed, "cir_kbps": cir_kbps, "burst_ms": burst_ms,
                            "wan_rate": wan_rate, "voice_dscp": voice_dscp,
                            "bulk_class": bulk_class}


# --- traffic and captures ------------------------------------------------------------
CALL_KBPS = 80  # 200-byte datagrams, 50 a second


def calls(count, **options):
    """A group of calls from the client, as callgen's --calls takes it."""
    keys = {"n": count, "from": namespaces.CLIENT, "ports": "50000-50019",
            "to": namespaces.PROVIDER, "to-ports": "3478-3481", **options}
    return ["--calls", ",".join(f"{key}={value}" for key, value in keys.items())]


def bulk(kbps, **options):
    keys = {"kbps": kbps, "bytes": 1400, "from": namespaces.CLIENT, "ports": "40000",
            "to": namespaces.PROVIDER, "to-ports": "9000", **options}
    return ["--bulk", ",".join(f"{key}={value}" for key, value in keys.items())]


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


class Capture:
    """tcpdump on an interface of a namespace, from when it listens until frames()."""

    def __init__(self, site, namespace, interface):
        self.path = os.path.join(site.directory, f"{namespace.name}-{interface}.pcap")
        # As root tcpdump would change to a user who may not write there.
        self.process = namespace.start(
            "tcpdump", "-i", interface, "-n", "--immediate-mode", "-U", "-Z", "root", "-B", "16384",
            "-w", self.path, stderr=subprocess.PIPE, text=True)
        site.processes.append(self.process)
        for line in self.process.stderr:
            if "listening on" in line:
                return
        raise RuntimeError("tcpdump did not start")

    def frames(self, *fields, display_filter=""):
        """Per frame a tuple of tshark's fields, as text; absent ones are empty."""
        if self.process is not None:
            time.sleep(0.3)
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=10)
            self.process.stderr.close()
            self.process = None
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
