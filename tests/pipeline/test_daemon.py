#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The daemon as a process, without root's rights or hugepages, on capture files:

    in.pcap (LAN, upstream)    ── net_pcap  edgemark  net_pcap ── out.pcap (WAN)
    in.pcap (WAN, downstream)  ──                              ── back.pcap (LAN)

It starts, answers, reloads, refuses what is wrong with one line, and ends with its
counters in balance, nothing left behind.
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

EDGEMARK = sys.argv.pop(1)
FRAMES = 400
EF, AF21 = 46, 18
TIMEOUT_S = 20

CONFIG = """version = 1;
links = ( {{ name = "office";
    lan = {{ device = "net_pcap0,rx_pcap={d}/in.pcap,tx_pcap={d}/back.pcap"; }};
    wan = {{ device = "net_pcap1,rx_pcap={d}/in.pcap,tx_pcap={d}/out.pcap"{wan}; }};
    upstream = "up"; }} );
classes = ( {{ name = "voice"; dscp = "{dscp}"; pcp = 5; }},
            {{ name = "default"; dscp = "CS0"; pcp = 0; }} );
acls = ( {{ name = "media"; rules = (
    {{ seq = 10; protocol = "udp"; source-port = "50000-50019"; class = "voice"; }} ); }} );
policies = ( {{ name = "up"; acl = "media";
    contracts = ( {{ class = "voice"; cir-kbps = 1000000.0; }} );
    schedule = ( {{ class = "default"; queue-ms = 10000; }} ); }} );
control = {{ socket = "{d}/run/control.sock"; }};
dpdk = {{ workers = "{workers}"; eal-args = [ "--file-prefix={prefix}", "--no-huge" ]; }};
"""


def frame(number):
    """UDP over IPv4; every other one is voice."""
    payload = struct.pack("!I", number) + bytes(160)
    source_port = 50000 + number % 20 if number % 2 == 0 else 40000
    udp = struct.pack("!HHHH", source_port, 3478, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0,
                     bytes([10, 0, 0, 1]), bytes([10, 1, 0, 1]))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", ~total & 0xffff) + ip[12:]
    return bytes.fromhex("020000000002" "020000000001" "0800") + ip + udp


def write_capture(path, count):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(count):
            data = frame(i)
            f.write(struct.pack("<IIII", 0, i, len(data), len(data)) + data)


def read_capture(path):
    with open(path, "rb") as f:
        data = f.read()
    at, frames = 24, []
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


class DaemonTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="edgemark-test-")
        self.d = self.folder.name
        self.prefix = "edgemark-test-%d-%d" % (os.getpid(), id(self) % 100000)
        self.config = self.d + "/edge.conf"
        self.socket = self.d + "/run/control.sock"
        self.process = None
        # What DPDK leaves of a daemon that was killed goes with the folder.
        self.environment = dict(os.environ, RUNTIME_DIRECTORY=self.d)
        write_capture(self.d + "/in.pcap", FRAMES)
        self.write_config()

    def tearDown(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.folder.cleanup()

    def text(self, dscp="EF", wan="", workers=None):
        if workers is None:
            workers = max(os.sched_getaffinity(0))
        return CONFIG.format(d=self.d, dscp=dscp, wan=wan, workers=workers, prefix=self.prefix)

    def write_config(self, text=None):
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(self.text() if text is None else text)

    def start(self, *arguments):
        with open(self.d + "/stderr", "wb") as err:
            self.process = subprocess.Popen(
                [EDGEMARK, "run", "-c", self.config, "--final", self.d + "/final.json",
                 *arguments], stdout=subprocess.PIPE, stderr=err, text=True,
                env=self.environment)
        line = self.process.stdout.readline()
        self.assertIn("forwarding after", line, self.stderr())
        return line

    def stderr(self):
        with open(self.d + "/stderr", encoding="utf-8") as f:
            return f.read()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=TIMEOUT_S)
        return out

    def client(self, *arguments):
        return subprocess.run([EDGEMARK, *arguments, "--socket", self.socket], text=True,
                              capture_output=True, timeout=TIMEOUT_S, check=False)

    def document(self):
        done = self.client("show", "links", "-j")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def wait_for(self, condition):
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, "in vain: " + self.stderr())
            time.sleep(0.02)

    def upstream(self):
        return self.document()["links"][0]["upstream"]

    def fails(self, *arguments):
        """A start that must fail: its exit code, and its only line on stderr."""
        done = subprocess.run([EDGEMARK, "run", "-c", self.config, *arguments], text=True,
                              capture_output=True, timeout=TIMEOUT_S, check=False,
                              env=self.environment)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("edgemark: "), lines[0])
        self.assertEqual(done.stdout, "")
        return done.returncode, lines[0]


class Life(DaemonTest):
    def test_from_start_to_end(self):
        self.assertIn("link office", self.start())
        self.wait_for(lambda: self.upstream()["tx"]["packets"] == FRAMES)
        self.assertEqual(self.stop().count("dropped 0, queued 0"), 2)
        self.assertEqual(self.process.returncode, 0, self.stderr())
        self.assertFalse(os.path.exists(self.socket))
        self.assertEqual(os.listdir(self.d + "/dpdk"), [])

        with open(self.d + "/final.json", encoding="utf-8") as f:
            final = json.load(f)
        for direction in final["links"][0]["upstream"], final["links"][0]["downstream"]:
            self.assertEqual(direction["rx"]["packets"], FRAMES)
            self.assertEqual(direction["tx"]["packets"], FRAMES)

        sent = read_capture(self.d + "/out.pcap")
        self.assertEqual(sorted(f[42:46] for f in sent),
                         [struct.pack("!I", i) for i in range(FRAMES)])
        for f in sent:
            voice = struct.unpack_from("!I", f, 42)[0] % 2 == 0
            self.assertEqual(f[15] >> 2, EF if voice else 0)
        # Downstream has no policy: what comes goes, bit by bit.
        self.assertEqual(read_capture(self.d + "/back.pcap"), [frame(i) for i in range(FRAMES)])

    def test_the_queues_are_drained_at_the_end(self):
        self.write_config(self.text(wan="; rate-kbps = 2000.0"))  # 400 frames take 0.36 s
        self.start("--drain", "20")
        self.wait_for(lambda: self.upstream()["rx"]["packets"] == FRAMES)
        self.assertIn(f"office upstream: received {FRAMES}, sent {FRAMES}, dropped 0",
                      self.stop(signal.SIGINT))
        self.assertEqual(self.process.returncode, 0)

    def test_what_the_drain_leaves_is_dropped_by_name(self):
        self.write_config(self.text(wan="; rate-kbps = 64.0"))
        self.start("--drain", "0.1")
        self.wait_for(lambda: self.upstream()["rx"]["packets"] == FRAMES)
        self.assertRegex(self.stop(), rf"office upstream: received {FRAMES}, .*tx \d+\), queued 0")
        self.assertEqual(self.process.returncode, 0)


class Views(DaemonTest):
    def test_every_view_answers(self):
        self.start()
        self.wait_for(lambda: self.upstream()["tx"]["packets"] == FRAMES)
        for view, word in ("links", "office up"), ("classes", "voice"), ("acl", "media"), \
                ("contract", "random"), ("drops", "none"):
            done = self.client("show", view)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(word, done.stdout)
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)
        rules = self.upstream()["rules"]
        self.assertEqual([(r["acl"], r["seq"], r["packets"]) for r in rules],
                         [("media", 10, FRAMES // 2)])
        self.stop()

    def test_without_a_daemon_one_line_says_how(self):
        done = self.client("show", "links")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("edgemark run -c FILE", done.stderr)

    def test_clients_that_misbehave_harm_nobody(self):
        self.start()
        idle = []
        for i in range(100):
            s = socket.socket(socket.AF_UNIX)
            s.connect(self.socket)
            s.send([b"", b"{\"vers", b"\x00\xff\n", b"[" * 4096][i % 4])
            idle.append(s)
        self.assertEqual(self.document()["generation"], 1)
        for s in idle:
            s.close()
        self.assertEqual(self.document()["generation"], 1)
        self.stop()
        self.assertEqual(self.process.returncode, 0)


class Reload(DaemonTest):
    def generation(self):
        return self.document()["generation"]

    def test_a_signal_loads_the_configuration_again(self):
        self.start()
        self.write_config(self.text(dscp="AF21"))
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: self.generation() == 2)
        self.assertEqual(self.upstream()["classes"][0]["dscp"], AF21)
        self.assertIn("generation 2: 1 rules, built in", self.stop())

    def test_the_command_waits_for_the_new_policy(self):
        self.start()
        for generation in range(2, 12):
            self.write_config(self.text(dscp="AF21" if generation % 2 else "EF"))
            done = self.client("reload")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"generation {generation}:", done.stdout)
            self.assertEqual(self.generation(), generation)
        self.stop()
        self.assertEqual(self.process.returncode, 0)

    def test_an_error_leaves_the_running_policy(self):
        self.start()
        self.write_config(self.text().replace("seq = 10", "sqe = 10"))
        line = next(i for i, text in enumerate(self.text().splitlines(), 1) if "seq = 10" in text)
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: f"{self.config}:{line}: " in self.stderr())
        done = self.client("reload")
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"{self.config}:{line}: ", done.stderr)
        self.assertEqual(self.generation(), 1)
        os.unlink(self.config)
        self.assertEqual(self.client("reload").returncode, 78)
        self.write_config()
        self.assertEqual(self.client("reload").returncode, 0)
        self.assertEqual(self.generation(), 2)
        self.stop()
        self.assertEqual(self.process.returncode, 0)

    def test_what_a_running_process_cannot_change_is_refused(self):
        self.start()
        self.write_config(self.text().replace("net_pcap1,", "net_pcap7,"))
        done = self.client("reload")
        self.assertEqual(done.returncode, 78)
        self.assertIn("wan.device", done.stderr)
        self.assertEqual(self.generation(), 1)
        self.stop()

    def test_many_requests_are_merged(self):
        self.start()
        clients = [subprocess.Popen([EDGEMARK, "reload", "--socket", self.socket],
                                    stdout=subprocess.DEVNULL) for _ in range(30)]
        for _ in range(30):
            self.process.send_signal(signal.SIGHUP)
        for client in clients:
            self.assertEqual(client.wait(TIMEOUT_S), 0)
        self.assertLessEqual(self.generation(), 61)
        self.stop()
        self.assertEqual(self.process.returncode, 0)


class Refusals(DaemonTest):
    def test_a_bad_configuration(self):
        self.write_config(self.text().replace("version = 1", "version = 7"))
        code, line = self.fails()
        self.assertEqual(code, 78)
        self.assertIn(self.config + ":1: ", line)

    def test_a_missing_configuration(self):
        os.unlink(self.config)
        self.assertEqual(self.fails()[0], 78)

    def test_a_missing_port(self):
        self.write_config(self.text().replace(self.d + "/in.pcap,tx_pcap=" + self.d + "/out",
                                              self.d + "/none.pcap,tx_pcap=" + self.d + "/out"))
        code, line = self.fails()
        self.assertEqual(code, 1)
        self.assertIn("link 'office': wan port", line)
        self.assertIn("none.pcap: No such file", line)

    def test_wrong_eal_arguments(self):
        code, line = self.fails("--", "--no-such-thing")
        self.assertEqual(code, 1)
        self.assertIn("EAL arguments", line)

    def test_a_cpu_that_is_not_there(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("with one CPU the worker shares it")
        self.write_config(self.text(workers=127))
        code, line = self.fails()
        self.assertEqual(code, 1)
        self.assertIn("dpdk.workers", line)

    def test_a_busy_prefix(self):
        self.start()
        code, line = self.fails()
        self.assertEqual(code, 1)
        self.assertIn(f"file prefix '{self.prefix}' is in use by process {self.process.pid}", line)
        self.stop()

    def test_a_socket_that_another_daemon_has(self):
        self.start()
        code, line = self.fails("--", "--file-prefix=" + self.prefix + "b")
        self.assertEqual(code, 1)
        self.assertIn("another daemon answers", line)
        self.assertEqual(self.document()["generation"], 1)
        self.stop()

    def test_after_a_kill_the_next_one_starts(self):
        self.start()
        self.process.kill()
        self.process.communicate()
        self.assertTrue(os.path.exists(self.socket))
        self.start()
        self.assertEqual(self.document()["generation"], 1)
        self.stop()
        self.assertEqual(self.process.returncode, 0)

    def test_a_final_file_that_cannot_be_written(self):
        self.start("--final", "/nonexistent/final.json")
        self.stop()
        self.assertEqual(self.process.returncode, 1)
        self.assertIn("/nonexistent/final.json", self.stderr())


if __name__ == "__main__":
    unittest.main()
