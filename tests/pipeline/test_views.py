#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
What the running daemon tells: views, the baseline of `clear`, its age and its workers, on a
capture that is read over and over:

    in.pcap (LAN, upstream) ── net_pcap, infinite_rx  edgemark, 10 Mbit/s ── net_null
"""
import json
import struct
import time
import unittest

import test_daemon
from test_daemon import FRAMES, frame

INTRUDER = bytes([10, 0, 0, 99])
DIRECTIONS = "upstream", "downstream"


def capture(path):
    """Voice and default in turn; of the last eight those of the default class wear EF."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(FRAMES):
            data = bytearray(frame(i))
            if i >= FRAMES - 8:
                data[15] = 46 << 2
                data[26:30] = INTRUDER
            f.write(struct.pack("<IIII", 0, i, len(data), len(data)) + data)


def key(call):
    return call["source"], call["source_port"]


class ViewsTest(test_daemon.DaemonTest):
    def text(self, **more):  # pylint: disable=arguments-differ
        return super().text(wan="; rate-kbps = 10000", **more) \
            .replace(f"net_pcap0,rx_pcap={self.d}/in.pcap,tx_pcap={self.d}/back.pcap",
                     f"net_pcap0,rx_pcap={self.d}/in.pcap,infinite_rx=1") \
            .replace(f"net_pcap1,rx_pcap={self.d}/in.pcap,tx_pcap={self.d}/out.pcap",
                     "net_null0,no-rx=1") \
            .replace("cir-kbps = 1000000.0", "cir-kbps = 2000.0")

    def setUp(self):
        super().setUp()
        capture(self.d + "/in.pcap")
        self.start("--drain", "0")
        self.wait_for(lambda: self.upstream()["tx"]["packets"] > FRAMES)

    def tearDown(self):
        if self.process.poll() is None:
            self.stop()
        self.assertEqual(self.process.returncode, 0, self.stderr())
        super().tearDown()

    def show(self, *arguments):
        done = self.client("show", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertNotIn("\033", done.stdout)
        for line in done.stdout.splitlines() if "-j" not in arguments else ():
            if self.d not in line:  # a device's or a file's name is not cut
                self.assertLessEqual(len(line), 100, line)
        return json.loads(done.stdout) if "-j" in arguments else done.stdout

    def assert_balances(self, document):
        for direction in DIRECTIONS:
            d = document["links"][0][direction]
            self.assertEqual(d["rx"]["packets"], sum(d[key]["packets"] for key in
                                                     ("tx", "dropped", "queued")))
            self.assertEqual(d["dropped"]["packets"], sum(d["drops"].values()))
            for c in d["classes"]:
                self.assertEqual(c["rx"]["packets"], c["tx"]["packets"] + c["dropped"]["packets"]
                                 + c["queue"]["packets"], c["name"])


class Views(ViewsTest):
    def test_talkers_are_named(self):
        talkers = self.show("links", "-j")["links"][0]["upstream"]["talkers"]
        intruder, = talkers["intruders"]
        self.assertEqual(intruder["source"], "10.0.0.99")
        self.assertLess(abs(intruder["last_ns"] / 1e9 - time.time()), 5)
        lines = self.show("talkers").splitlines()
        self.assertRegex(lines[1], r"^office up +intruder +10\.0\.0\.99 +\d+ +0 s ago$")
        self.assertRegex(lines[2], r"^office up +mismatch +10\.0\.0\.99 +\d+ +0 s ago$")

    def test_the_policy_in_force(self):
        text = self.show("policy")
        self.assertIn(f"from {self.config}", text)
        # all but ports 50000-50019 match nothing, these match the one rule
        self.assertRegex(text, r"office up +up +1 +65536 +256  nothing\n")
        self.assertIn("voice 2000 kbit/s", text)
        first = self.show("policy", "-j")
        self.assertEqual(first["generation"], 1)
        self.assertEqual(first["links"][0]["upstream"]["contracts"][0]["cir_kbps"], 2000)
        time.sleep(0.2)
        self.assertGreaterEqual(self.show("policy", "-j")["age_seconds"],
                                first["age_seconds"] + 0.2)
        self.assertEqual(self.client("reload").returncode, 0)
        again = self.show("policy", "-j")
        self.assertEqual(again["generation"], 2)
        self.assertLess(again["age_seconds"], first["age_seconds"] + 0.2)

    def test_workers_are_busy_and_turn(self):
        worker, = self.show("workers", "-j")["workers"]
        self.assertEqual(worker["lanes"], [{"link": "office", "direction": d} for d in DIRECTIONS])
        self.assertGreater(worker["busy_ratio"], 0.5)
        self.assertLessEqual(worker["busy_ratio"], 1)
        self.assertEqual(worker["burst_fill"], 32)  # the port always has more
        self.assertLess(worker["heartbeat_age_ms"], 1000)
        self.assertRegex(self.show("workers"), r"\n +0 +\d+ office up, office down +\d")

    def test_a_rule_tells_its_last_hit(self):
        self.assertRegex(self.show("acl"), r"office up +media +10 +\d+ +[01] s ago\n")
        rule, = self.upstream()["rules"]
        self.assertLess(abs(rule["last_hit_ns"] / 1e9 - time.time()), 3)

    def test_watching_ends_by_count(self):
        start = time.monotonic()
        text = self.show("links", "--watch", "0.1", "--count", "4")
        self.assertEqual(text.count("generation 1"), 4)
        self.assertGreaterEqual(time.monotonic() - start, 0.3)

    def test_arguments_are_checked(self):
        for request, why in ({"since": "now"}, "since is"), ({"worst": 0}, "worst is"), \
                ({"calls": 1}, "calls is"), ({"sicne": "clear"}, "unknown argument"):
            answer = self.ask({"version": 1, "command": "show", **request})
            self.assertFalse(answer["ok"])
            self.assertIn(why, answer["error"])

    def ask(self, request):
        with test_daemon.socket.socket(test_daemon.socket.AF_UNIX) as s:
            s.settimeout(test_daemon.TIMEOUT_S)
            s.connect(self.socket)
            s.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(s.makefile().readline())


class Clients(ViewsTest):
    def test_hostile_clients_hold_up_neither_traffic_nor_others(self):
        crowd = []
        for i in range(100):
            s = test_daemon.socket.socket(test_daemon.socket.AF_UNIX)
            s.connect(self.socket)
            # half a request; garbage; a long line; answers that nobody reads
            s.sendall([b'{"version":1,"comm', bytes(range(256)), b"[" * 60000,
                       b'{"version":1,"command":"policy"}\n' * 300][i % 4])
            crowd.append(s)
        for _ in range(5):
            before, start = self.show("links", "-j"), time.monotonic()
            after = self.show("links", "-j")
            self.assertLess(time.monotonic() - start, 2)
            rx = [d["links"][0]["upstream"]["rx"]["packets"] for d in (before, after)]
            self.assertGreater(rx[1], rx[0])
            self.assertLess(after["workers"][0]["heartbeat_age_ms"], 500)
        for s in crowd:
            s.close()
        self.assert_balances(self.show("-j"))

    def test_a_stopped_daemon_is_named(self):
        self.process.send_signal(test_daemon.signal.SIGSTOP)
        done = self.client("show", "links")
        self.process.send_signal(test_daemon.signal.SIGCONT)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"process {self.process.pid}, is stopped .*kill -CONT")
        self.assert_balances(self.show("-j"))


class Clear(ViewsTest):
    def test_figures_count_from_then_and_nothing_is_lost(self):
        time.sleep(1)
        before = self.show("-j")
        self.assertIsNone(before["cleared_ns"])
        self.assertEqual(self.client("clear").returncode, 0)
        since, whole = self.show("-j"), self.show("-j", "--since-start")
        self.assertGreater(since["cleared_ns"], before["time_ns"])
        for document in before, since, whole:
            self.assert_balances(document)
        up = [d["links"][0]["upstream"] for d in (before, since, whole)]
        # a full queue at the time: it counts as received since
        self.assertGreater(up[1]["queued"]["packets"], 1000)
        for key in "rx", "dropped":
            self.assertLess(up[1][key]["packets"], up[0][key]["packets"])
            self.assertGreaterEqual(up[2][key]["packets"],
                                    up[0][key]["packets"] + up[1][key]["packets"]
                                    - up[1]["queued"]["packets"])
        self.assertLess(up[1]["rules"][0]["packets"], up[0]["rules"][0]["packets"])
        self.assertLess(up[1]["contracts"][0]["admitted"]["packets"],
                        up[0]["contracts"][0]["admitted"]["packets"])
        self.assertLess(up[1]["intruders"], up[0]["intruders"])
        talker, = up[1]["talkers"]["intruders"]
        self.assertEqual(talker["error"], 0)
        # its own view of them was taken with the same snapshot
        self.assertEqual(talker["packets"], up[1]["intruders"])
        self.assertLess(since["workers"][0]["turns"], before["workers"][0]["turns"])

    def test_calls_count_from_then(self):
        time.sleep(0.5)
        before = {key(c): c for c in self.show("-j")["calls"]}
        self.assertEqual(self.client("clear").returncode, 0)
        time.sleep(0.2)
        since, whole = self.show("-j"), self.show("-j", "--since-start")
        self.assertEqual(len(since["calls"]), len(before))
        for c in since["calls"]:
            self.assertLess(c["packets"], before[key(c)]["packets"])
            self.assertLess(c["dropped"], before[key(c)]["dropped"])
            self.assertGreater(c["packets"], 0)
            if c["longest_drop_run"] is not None:
                self.assertGreater(c["longest_drop_run"],
                                   before[key(c)]["longest_drop_run"])
        for c in whole["calls"]:
            self.assertGreater(c["packets"], before[key(c)]["packets"])
            self.assertIsNotNone(c["longest_drop_run"])

    def test_the_daemons_last_word_is_of_all(self):
        rx = self.show("-j")["links"][0]["upstream"]["rx"]["packets"]
        self.assertEqual(self.client("clear").returncode, 0)
        self.stop()
        with open(self.d + "/final.json", encoding="utf-8") as f:
            final = json.load(f)
        self.assertGreaterEqual(final["links"][0]["upstream"]["rx"]["packets"], rx)
        self.assert_balances(final)

    def test_a_class_that_comes_later_has_nothing_to_subtract(self):
        self.assertEqual(self.client("clear").returncode, 0)
        self.write_config(self.text().replace('"default"', '"rest"'))
        self.assertEqual(self.client("reload").returncode, 0)
        time.sleep(0.2)
        document = self.show("-j")
        rest = document["links"][0]["upstream"]["classes"][1]
        self.assertEqual(rest["name"], "rest")
        self.assertGreater(rest["rx"]["packets"], 0)
        self.assertLess(rest["rx"]["packets"], 1 << 60)


if __name__ == "__main__":
    unittest.main()
