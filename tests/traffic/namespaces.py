# SPDX-License-Identifier: BSD-3-Clause
"""
A site, its edge box and its provider, as network namespaces on this machine:

    ┌─ client ─────────┐      ┌─ box ──────────────────┐      ┌─ provider ───────┐
    │ 10.80.0.1 …      │ veth │                        │ veth │ 10.80.255.1      │
    │ 2001:db8:80::1   c0 ── em-lan  edgemark  em-wan ── p0     2001:db8:80::ff  │
    └──────────────────┘      └────────────────────────┘      └──────────────────┘

Both ends are in one subnet, as the box is transparent: even their ARP goes through it.
The box has no address. A namespace is held by a process that dies with this one, so
nothing stays behind whatever ends us, and this machine's own network is not touched.
"""
import ctypes
import ipaddress
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("EDGEMARK_BUILD", os.path.join(ROOT, "build"))
CLIENT, PROVIDER = "10.80.0.1", "10.80.255.1"
CLIENT6, PROVIDER6 = "2001:db8:80::1", "2001:db8:80::ff"
TOOLS = ("ip", "ethtool", "nsenter", "unshare")


def program(name):
    return os.path.join(BUILD, name)


WORKER_CPU = 1  # dpdk.workers = "1" in the configurations used here
PRIORITY = -20  # of the worker, and of who offers and counts
WAIT_SHARE_MAX = 0.02  # of the time that a worker may wait for its core


def die_with_parent():
    """In a child: the kernel kills it when we end, even by SIGKILL (prctl(2))."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def ahead_of_others():
    """In a child: runs before what else this machine does, where we may say so, as a real
    site's worker has a core that nothing else is given. The scheduler weighs sessions before
    it weighs processes (sched(7), autogroup), so it gets a session of its own."""
    die_with_parent()
    os.setsid()
    try:
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
        with open("/proc/self/autogroup", "w", encoding="ascii") as autogroup:
            autogroup.write(str(PRIORITY))
    except OSError:
        pass


def beside_worker():
    """In a child: leaves edgemark's worker its core."""
    ahead_of_others()
    cpus = os.sched_getaffinity(0) - {WORKER_CPU}
    if cpus:
        os.sched_setaffinity(0, cpus)


def missing():
    """Why namespaces can't be had here, or None."""
    path = os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    for tool in TOOLS:
        if shutil.which(tool, path=path) is None:
            return f"{tool} is not installed"
    probe = subprocess.run(
        ["unshare", "--net", "ip", "link", "add", "em-probe", "type", "veth"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return "no network namespace: " + (probe.stderr.strip() or "unshare failed")
    return None


class Namespace:
    def __init__(self, name):
        self.name = name
        # pylint: disable=consider-using-with
        self.holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        self.holder.stdout.readline()  # it is in its namespace now
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *arguments):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *map(str, arguments)]

    def run(self, *arguments, check=True):
        done = subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{self.name}: {' '.join(map(str, arguments))}: "
                               f"{done.stderr.strip() or done.stdout.strip()}")
        return done

    def start(self, *arguments, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("preexec_fn", beside_worker)
        return subprocess.Popen(self.command(*arguments), **options)

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


def quiet(namespace, interface):
    """Up, without a word of its own (no IPv6 autoconfiguration) and without offloads:
    what the kernel would leave to a NIC must be in the frame that the box sees."""
    namespace.run("ip", "link", "set", interface, "addrgenmode", "none", check=False)
    namespace.run("ethtool", "-K", interface, "tx", "off", "rx", "off", "tso", "off",
                  "gso", "off", "gro", "off", "txvlan", "off", "rxvlan", "off")
    namespace.run("ip", "link", "set", interface, "up")


def wire(near, near_interface, far, far_interface):
    near.run("ip", "link", "add", near_interface, "type", "veth", "peer", "name", far_interface,
             "netns", far.holder.pid)
    for namespace, interface in ((near, near_interface), (far, far_interface)):
        quiet(namespace, interface)


class Site:
    """The three namespaces, a temporary directory, and everything started in them."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="edgemark-")
        self.processes = []
        self.namespaces = []
        self.daemon = None
        self.waited = 0.0
        self.socket = os.path.join(self.directory, "control.sock")
        self.config = os.path.join(self.directory, "edge.conf")
        self.final = os.path.join(self.directory, "final.json")
        self.log = os.path.join(self.directory, "edgemark.log")
        try:
            self.client, self.box, self.provider = (
                self._namespace(name) for name in ("client", "box", "provider"))
            wire(self.box, "em-lan", self.client, "c0")
            wire(self.box, "em-wan", self.provider, "p0")
            self.client.run("ip", "addr", "add", CLIENT + "/16", "dev", "c0")
            self.provider.run("ip", "addr", "add", PROVIDER + "/16", "dev", "p0")
            for namespace, address, interface in ((self.client, CLIENT6, "c0"),
                                                  (self.provider, PROVIDER6, "p0")):
                namespace.run("ip", "-6", "addr", "add", address + "/64", "dev", interface,
                              "nodad", check=False)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _namespace(self, name):
        namespace = Namespace(name)
        self.namespaces.append(namespace)
        return namespace

    def add_client_addresses(self, count):
        """Each address has 20 audio ports, so 20 calls."""
        first = ipaddress.ip_address(CLIENT)
        for i in range(1, count):
            self.client.run("ip", "addr", "add", f"{first + i}/16", "dev", "c0")

    def start(self, namespace, *arguments, **options):
        process = namespace.start(*arguments, **options)
        self.processes.append(process)
        return process

    # --- the daemon ------------------------------------------------------------------
    def write_config(self, text):
        """Atomically, as an operator's editor does; ours is the control socket."""
        with open(self.config + ".new", "w", encoding="utf-8") as file:
            file.write(text.replace("@SOCKET@", self.socket))
        os.replace(self.config + ".new", self.config)

    def environment(self):
        # DPDK keeps its run-time files below this directory, so that neither another
        # DPDK program nor an earlier run of ours is in the way, and all goes with it.
        return {**os.environ, "RUNTIME_DIRECTORY": self.directory}

    def start_daemon(self, *eal_arguments, seconds=20):
        with open(self.log, "a", encoding="utf-8") as log:
            self.daemon = self.start(
                self.box, program("edgemark"), "run", "-c", self.config, "--final", self.final,
                *(["--", *eal_arguments] if eal_arguments else []),
                stdout=log, stderr=subprocess.STDOUT, env=self.environment(),
                preexec_fn=ahead_of_others)
        deadline = time.monotonic() + seconds
        while self.show("links") is None:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("edgemark did not start:\n" + self.read_log())
            time.sleep(0.05)

    def stop_daemon(self, signal_number=signal.SIGTERM, seconds=10):
        self.daemon.send_signal(signal_number)
        code = self.daemon.wait(timeout=seconds)
        self.processes.remove(self.daemon)
        self.daemon = None
        return code

    def final_document(self):
        """The counters with which the daemon ended, its queues drained."""
        with open(self.final, encoding="utf-8") as file:
            return json.load(file)

    def reload(self):
        """SIGHUP, and wait until a later generation is in force."""
        before = self.show("links")["generation"]
        self.daemon.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            shown = self.show("links")
            if shown is not None and shown["generation"] > before:
                return shown["generation"]
            time.sleep(0.02)
        raise RuntimeError("no reload within 5 s:\n" + self.read_log())

    def show(self, what):
        """The counters document, or None while the daemon is not there."""
        done = subprocess.run([program("edgemark"), "show", what, "--socket", self.socket, "-j"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def worker_wait_s(self):
        """How long edgemark's threads have been kept waiting for their core, in seconds: a
        worker that has to share it keeps no rate. 0 where the kernel does not say."""
        waited = 0
        tasks = f"/proc/{self.daemon.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/comm", encoding="utf-8") as comm:
                if "worker" not in comm.read():
                    continue
            try:
                with open(f"{tasks}/{task}/schedstat", encoding="utf-8") as stat:
                    waited += int(stat.read().split()[1])
            except FileNotFoundError:
                return 0.0
        return waited / 1e9

    def read_log(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    # --- traffic ---------------------------------------------------------------------
    def receive(self, namespace, ports, name):
        """Starts a receiver; finish_receive() ends it and returns its flows."""
        path = os.path.join(self.directory, name + ".json")
        process = self.start(namespace, program("callgen"), "receive", "--ports", ports,
                             "--output", path, stdout=subprocess.PIPE)
        if process.stdout.readline().strip() != b"listening":
            raise RuntimeError("the receiver did not start")
        return process, path

    def finish_receive(self, receiver):
        process, path = receiver
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()
        self.processes.remove(process)
        return read_flows(path)

    def send(self, namespace, name, *groups):
        path = os.path.join(self.directory, name + ".json")
        process = self.start(namespace, program("callgen"), "send", "--output", path, *groups)
        return process, path

    def finish_send(self, sender, seconds=120):
        process, path = sender
        if process.wait(timeout=seconds) != 0:
            raise RuntimeError("the sender failed")
        self.processes.remove(process)
        return read_flows(path)

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()
        for namespace in self.namespaces:
            namespace.close()
        self.namespaces.clear()
        shutil.rmtree(self.directory, ignore_errors=True)


def undisturbed(site, measure, attempts=3, tell=print):
    """The result of measure(), which starts the daemon. Where other programs kept the worker
    from its core, which no marker survives, it is measured again on a fresh daemon; how much
    of the time it waited in the end is in site.waited."""
    for attempt in range(1, attempts + 1):
        begin = time.monotonic()
        result = measure()
        site.waited = site.worker_wait_s() / (time.monotonic() - begin)
        if site.waited < WAIT_SHARE_MAX:
            break
        tell("note  this machine is busy: the worker waited "
             f"{site.waited:.0%} of the time for its core")
        if attempt < attempts:
            site.stop_daemon()
    return result


def read_flows(path):
    """A callgen report, by (source, source port, destination, destination port)."""
    with open(path, encoding="utf-8") as file:
        flows = json.load(file)["flows"]
    return {(f["source"], f["source_port"], f["destination"], f["destination_port"]): f
            for f in flows}


def join_flows(sent, received):
    """Each sent flow with what arrived of it: delivered, lost, loss (0-1), gap, DSCPs."""
    joined = []
    for key, flow in sent.items():
        arrived = received.get(key)
        delivered = arrived["packets"] if arrived else 0
        joined.append({
            "key": key, "rtp": flow["rtp"], "sent": flow["packets"], "bytes_sent": flow["bytes"],
            "delivered": delivered, "bytes": arrived["bytes"] if arrived else 0,
            "lost": flow["packets"] - delivered,
            "loss": (flow["packets"] - delivered) / flow["packets"] if flow["packets"] else 0.0,
            "late": arrived["late"] if arrived else 0,
            "gap_ms": arrived["longest_gap_ms"] if arrived else None,
            "dscp": arrived["dscp"] if arrived else [],
        })
    return joined


def hand_over(*paths):
    """What root wrote becomes that of the person who ran sudo."""
    owner = os.environ.get("EDGEMARK_OWNER")
    for path in paths if owner else ():
        os.chown(path, *map(int, owner.split(":")))


def exit_on_signals():
    """SIGTERM and SIGHUP unwind like Ctrl-C, so that `with Site()` cleans up."""
    def leave(number, _frame):
        sys.exit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
