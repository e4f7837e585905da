#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
What the running daemon publishes, read by those for whom it is meant: promtool and a
Prometheus server at its HTTP endpoint, dpdk-telemetry.py at DPDK's socket. And by clients
that are slow, many or wrong, which harm nobody.
"""
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import unittest
import urllib.parse

import test_daemon
from test_daemon import FRAMES, TIMEOUT_S

CONNECTIONS_MAX = 64
VOICE = FRAMES // 2


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def samples(text):
    """{name: {labels: value}} of the text format; labels as they are written, sorted."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
            key = tuple(sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")))
            assert key not in found.setdefault(name, {}), "twice: " + line
            found[name][key] = float(value)
    return found


class MetricsTest(test_daemon.DaemonTest):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.write_config()

    def text(self, *arguments, **named):
        control = 'control.sock"; prometheus = "127.0.0.1:%d"; }' % getattr(self, "port", 1)
        return super().text(*arguments, **named).replace('control.sock"; }', control)

    def get(self, path="/metrics", method="GET", timeout=TIMEOUT_S):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            c.request(method, path)
            answer = c.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        finally:
            c.close()

    def metric(self, name, **labels):
        return self.get_samples().get(name, {}).get(tuple(sorted(labels.items())))

    def get_samples(self):
        status, text, _ = self.get()
        self.assertEqual(status, 200)
        return samples(text)

    def start_and_forward(self):
        self.start()
        self.wait_for(lambda: self.metric("edgemark_link_packets_total", link="office",
                                          direction="upstream", result="sent") == FRAMES)


class Endpoint(MetricsTest):
    def test_what_prometheus_checks(self):
        self.start_and_forward()
        status, text, headers = self.get()
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              capture_output=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        self.stop()

    def test_the_figures_are_the_documents(self):
        self.start_and_forward()
        m = self.get_samples()
        up = {"link": "office", "direction": "upstream"}

        def value(name, **labels):
            return m[name][tuple(sorted({**up, **labels}.items()))]

        self.assertEqual(value("edgemark_class_packets_total", **{"class": "voice"},
                               result="received"), VOICE)
        self.assertEqual(value("edgemark_class_packets_total", **{"class": "default"},
                               result="sent"), FRAMES - VOICE)
        self.assertEqual(value("edgemark_contract_packets_total", contract="voice",
                               result="admitted"), VOICE)
        self.assertEqual(value("edgemark_contract_committed_bytes_per_second",
                               contract="voice"), 1000000 * 125)
        self.assertEqual(sum(m["edgemark_drops_total"].values()), 0)
        self.assertEqual(value("edgemark_link_packets_total", result="received"), FRAMES)
        self.assertEqual(m["edgemark_policy_generation"][()], 1)
        for key, when in m["edgemark_worker_last_turn_timestamp_seconds"].items():
            self.assertAlmostEqual(when, m["edgemark_snapshot_timestamp_seconds"][()], delta=1,
                                   msg=key)
        self.stop()

    def test_reloads_are_counted(self):
        self.start_and_forward()
        self.assertEqual(self.client("reload").returncode, 0)
        self.write_config("version = 7;")
        self.assertEqual(self.client("reload").returncode, 78)
        self.wait_for(lambda: self.metric("edgemark_reload_requests_total", result="failed") == 1)
        self.assertEqual(self.metric("edgemark_reload_requests_total", result="succeeded"), 1)
        self.assertEqual(self.metric("edgemark_reload_last_successful"), 0)
        self.assertEqual(self.metric("edgemark_policy_generation"), 2)
        self.stop()

    def test_wrong_requests(self):
        self.start()
        self.assertEqual(self.get("/nothing")[0], 404)
        self.assertEqual(self.get("/../../etc/passwd")[0], 404)
        for method in "POST", "PUT", "DELETE", "BREW":
            status, _, headers = self.get(method=method)
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        self.assertEqual(self.get(method="HEAD")[:2], (200, ""))
        for noise in b"\0\xff\r\n\r\n", b"GET /" + b"a" * 100000, b"GET /metrics\r\n\r\n", \
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nx":
            with socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S) as s:
                try:
                    s.sendall(noise)
                except ConnectionError:
                    pass
        self.assertEqual(self.get("/healthz")[:2], (200, "ok\n"))
        self.stop()
        self.assertEqual(self.process.returncode, 0)

    def test_slow_clients_are_let_go(self):
        self.start_and_forward()
        slow = [socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S)
                for _ in range(CONNECTIONS_MAX)]
        for s in slow:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHo")
        # All connections are taken: the next one waits until the idle ones are let go.
        self.assertEqual(self.get()[0], 200)
        self.assertEqual(self.document()["generation"], 1)
        for s in slow:
            s.close()
        self.stop()
        self.assertEqual(self.process.returncode, 0)

    def test_many_at_once(self):
        self.start_and_forward()
        seen = []
        threads = [threading.Thread(target=lambda: seen.append(self.get()[0]))
                   for _ in range(200)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(TIMEOUT_S)
        self.assertEqual(seen, [200] * 200)
        self.stop()
        self.assertEqual(self.process.returncode, 0)

    def test_a_port_that_is_taken(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", self.port))
            s.listen()
            code, line = self.fails()
        self.assertEqual(code, 1)
        self.assertIn("127.0.0.1:%d: Address already in use: " % self.port, line)
        self.assertIn("control.prometheus", line)


class Prometheus(MetricsTest):
    def query(self, expression):
        c = http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=TIMEOUT_S)
        try:
            c.request("GET", "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
            return json.load(c.getresponse())["data"]["result"]
        except (OSError, ValueError, KeyError):
            return None
        finally:
            c.close()

    def test_a_server_scrapes_it(self):
        self.server_port = free_port()
        with open(self.d + "/prometheus.yml", "w", encoding="utf-8") as f:
            f.write("scrape_configs:\n  - job_name: edgemark\n    scrape_interval: 500ms\n"
                    "    scrape_timeout: 400ms\n    static_configs:\n"
                    f"      - targets: ['127.0.0.1:{self.port}']\n")
        self.start_and_forward()
        with open(self.d + "/prometheus.log", "wb") as log:
            server = subprocess.Popen(
                ["prometheus", f"--config.file={self.d}/prometheus.yml",
                 f"--storage.tsdb.path={self.d}/tsdb",
                 f"--web.listen-address=127.0.0.1:{self.server_port}"],
                stdout=log, stderr=log)
        try:
            expression = 'edgemark_class_packets_total{class="voice",result="sent"}'
            self.wait_for(lambda: self.query(expression))
            found = self.query(expression)
            by_direction = {r["metric"]["direction"]: float(r["value"][1]) for r in found}
            self.assertEqual(by_direction["upstream"], VOICE)
            self.assertEqual([r["value"][1] for r in self.query('up{job="edgemark"}')], ["1"])
        finally:
            server.terminate()
            server.wait(TIMEOUT_S)
        self.stop()


class Telemetry(MetricsTest):
    def ask(self, *commands):
        done = subprocess.run(["dpdk-telemetry.py", "-f", self.prefix],
                              input="\n".join(commands) + "\nquit\n", text=True,
                              capture_output=True, timeout=TIMEOUT_S, check=False,
                              env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = {}
        for line in done.stdout.splitlines():
            if line.startswith('{"/'):
                answers.update(json.loads(line))
        return answers

    def test_dpdks_own_client(self):
        self.start_and_forward()
        named = ["/edgemark/" + what for what in
                 ("links", "classes", "contracts", "drops", "calls", "policy", "workers")]
        listed = self.ask("/")["/"]
        for name in named:
            self.assertIn(name, listed)
        a = self.ask("/edgemark/links", "/edgemark/classes", "/edgemark/policy",
                     "/edgemark/workers", "/edgemark/calls")
        upstream = a["/edgemark/links"]["0"]
        self.assertEqual((upstream["link"], upstream["direction"]), ("office", "upstream"))
        self.assertEqual(upstream["rx_packets"], FRAMES)
        self.assertEqual(upstream["rx_packets"], upstream["tx_packets"] +
                         upstream["dropped_packets"] + upstream["queued_packets"])
        self.assertEqual(a["/edgemark/classes"], ["office,upstream", "office,downstream"])
        self.assertEqual(a["/edgemark/policy"]["generation"], 1)
        self.assertEqual(len(a["/edgemark/workers"]), 1)
        self.assertEqual(len(a["/edgemark/calls"]), min(16, a["/edgemark/policy"]["calls_total"]))
        b = self.ask("/edgemark/classes,office,upstream", "/edgemark/contracts,office,upstream",
                     "/edgemark/drops,office,upstream")
        voice = b["/edgemark/classes"]["0"]
        self.assertEqual((voice["class"], voice["rx_packets"]), ("voice", VOICE))
        self.assertEqual(b["/edgemark/contracts"]["0"]["admitted_packets"], VOICE)
        self.assertEqual(b["/edgemark/drops"]["queue_full"], 0)
        wrong = self.ask("/edgemark/classes,nothing,upstream")
        self.assertFalse(wrong["/edgemark/classes"])
        self.stop()


class Shipped(MetricsTest):
    """What the alert rules and the dashboard ask for is exported."""
    folder_of_config = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../config")

    def test_every_metric_they_name_is_exported(self):
        self.start_and_forward()
        exported = set(re.findall(r"^# TYPE (\w+) ", self.get()[1], re.M))
        exported |= {n + s for n in exported for s in ("_bucket", "_sum", "_count")}
        for name in "edgemark.rules.yml", "grafana-dashboard.json":
            with open(os.path.join(self.folder_of_config, name), encoding="utf-8") as f:
                text = f.read()
            if name.endswith(".json"):
                panels = json.loads(text)["panels"]
                text = "\n".join(t["expr"] for p in panels for t in p.get("targets", []))
            asked = set(re.findall(r"\b((?:edgemark|process)_\w+)\b", text))
            self.assertGreater(len(asked), 5, name)
            self.assertEqual(asked - exported, set(), name)
        self.stop()

    def test_the_rules(self):
        for command in ["check", "rules", "edgemark.rules.yml"], \
                ["test", "rules", "../tests/pipeline/rules_test.yml"]:
            done = subprocess.run(["promtool", *command], cwd=self.folder_of_config, text=True,
                                  capture_output=True, timeout=TIMEOUT_S, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    for needed in "promtool", "prometheus", "dpdk-telemetry.py":
        if not shutil.which(needed):
            print(f"SKIP: there is no {needed}: scripts/install test")
            raise SystemExit(77)
    unittest.main()
