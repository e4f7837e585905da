#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
explain and diff as an operator asks them: of a file, of the running daemon, and of a
capture, which replay counts for comparison.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from replaying import Frame, teams_config, udp_frame, write_pcap
from test_daemon import AF21, EDGEMARK, DaemonTest

VOICE = ["udp", "10.1.2.3:50007", "52.112.0.1:3478"]
CALLS = 40


def run(*arguments):
    return subprocess.run([EDGEMARK, *arguments], text=True, capture_output=True, timeout=60,
                          check=False)


class Offline(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="edgemark-explain-")
        self.before = self.write("before.conf", teams_config())

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def fails(self, code, says, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("edgemark: "), done.stderr)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")


class Explain(Offline):
    def explain(self, *words):
        done = run("explain", "-c", self.before, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_text_names_rule_class_and_marks(self):
        text = self.explain(*VOICE, "dscp", "AF41", "vlan", "10")
        for says in ("udp 10.1.2.3:50007 → 52.112.0.1:3478", "rule teams 10 (profile teams:",
                     "udp source port 50000-50019 → voice", "DSCP AF41 → EF, VLAN 10 PCP 5"):
            self.assertIn(says, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_json_says_the_same(self):
        x = json.loads(self.explain("-j", *VOICE))
        self.assertEqual((x["class"], x["action"], x["decision"]["rule"]["seq"]),
                         ("voice", "forward", 10))
        self.assertEqual((x["leaves"]["dscp"], x["leaves"]["tags"]), ("EF", 0))

    def test_trust_downstream(self):
        x = json.loads(self.explain("-j", "--direction", "downstream", "tcp", "10.0.0.1:443",
                                    "10.0.0.2:1", "dscp", "AF11"))
        self.assertEqual((x["class"], x["decision"]["by"]), ("bulk", "trust"))

    def test_a_later_fragment_has_no_ports(self):
        x = json.loads(self.explain("-j", "udp", "10.0.0.1", "10.0.0.2", "fragment", "later"))
        self.assertEqual((x["class"], x["decision"]["by"]), ("default", "default"))
        self.assertIsNone(x["packet"]["source_port"])
        self.assertIn(["unknown ports"], [miss["failed"] for miss in x["nearly"]])

    def test_what_is_wrong(self):
        self.fails(2, "expected -c FILE", "explain", *VOICE)
        self.fails(2, "no link 'x', expected mpls", "explain", "-c", self.before, "--link", "x",
                   *VOICE)
        self.fails(2, "'52.112' is no destination", "explain", "-c", self.before, "udp",
                   "10.1.2.3:5", "52.112")
        bad = self.write("bad.conf", "version = 1;\nlinks = 7;\n")
        self.assertEqual(run("explain", "-c", bad, *VOICE).returncode, 78)


class Live(DaemonTest):
    def explain(self, *arguments):
        done = self.client("explain", "--live", "-j", *VOICE, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def links(self):
        """All that the daemon has counted; times of day are another's, to the nanosecond."""
        def counted(x):
            if isinstance(x, dict):
                return {k: counted(v) for k, v in x.items()
                        if not (k in ("at_ns", "age_s") or k.startswith("last_"))}
            return [counted(v) for v in x] if isinstance(x, list) else x
        return counted(self.document()["links"])

    def test_the_running_policy_answers_and_counts_nothing(self):
        self.start()
        self.wait_for(lambda: self.upstream()["tx"]["packets"] == 400)
        before = self.links()
        offline = json.loads(run("explain", "-c", self.config, "-j", *VOICE).stdout)
        for _ in range(20):
            self.assertEqual(self.explain(), offline)
        self.assertEqual(self.links(), before)
        self.write_config(self.text(dscp="AF21"))
        self.assertEqual(self.explain()["leaves"]["dscp"], "EF")  # the file is not asked
        self.assertEqual(self.client("reload").returncode, 0)
        x = self.explain()
        self.assertEqual((x["generation"], x["leaves"]["dscp_number"]), (2, AF21))
        self.stop()
        self.assertEqual(self.process.returncode, 0)

    def test_refusals(self):
        self.start()
        done = self.client("explain", "--live", "--link", "nowhere", *VOICE)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no link 'nowhere', expected office", done.stderr)
        self.stop()
        done = self.client("explain", "--live", *VOICE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no daemon answers", done.stderr)


class Diff(Offline):
    def diff(self, after, *arguments):
        done = run("diff", self.before, after, "-j", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def changed(self, old, new):
        text = teams_config().replace(old, new)
        self.assertNotEqual(text, teams_config())
        return self.write("after.conf", text)

    def test_nothing_changes(self):
        done = run("diff", self.before, self.before, "--exit-code")
        self.assertEqual((done.returncode, done.stdout), (0, "nothing changes\n"))

    def test_rules_in_another_order_may_change_nothing(self):
        rules = ('{ seq = 1; protocol = "udp"; source-port = 5; class = "voice"; }',
                 '{ seq = 2; protocol = "tcp"; source-port = 5; class = "bulk"; }')
        swapped = (rules[0].replace("seq = 1", "seq = 3"), rules[1])
        files = [self.write(f"{i}.conf", teams_config().replace(
            'profiles = [ "teams" ];', f"rules = ( {', '.join(r)} );"))
            for i, r in enumerate((rules, swapped))]
        done = run("diff", *files)
        self.assertEqual(done.stdout, "nothing changes\n", done.stderr)

    def test_an_added_rule_is_told_by_its_effect(self):
        after = self.changed('profiles = [ "teams" ];',
                             'profiles = [ "teams" ]; rules = ( { seq = 7; protocol = "udp"; '
                             'source-port = "50030-50069"; class = "bulk"; } );')
        text = run("diff", self.before, after).stdout
        # Teams' video and sharing end at 50059, and come first.
        self.assertIn("    udp source port 50060-50069\n"
                      "        default → bulk (DSCP CS0 → AF11, PCP 0 → 1)\n", text)
        self.assertNotIn("50030", text)
        self.assertEqual(run("diff", self.before, after, "--exit-code").returncode, 1)

    def test_settings_are_named(self):
        after = self.changed('{ name = "voice";      dscp = "EF";',
                             '{ name = "voice";      dscp = "VA";')
        up = self.diff(after)["links"][0]["upstream"]
        self.assertEqual(up["traffic"], [])
        self.assertIn({"what": "class voice", "key": "dscp", "before": "EF", "after": "VA"},
                      up["settings"])

    def test_a_capture_is_counted_as_replay_counts_it(self):
        after = self.changed('acl = "media";',
                             'acl = "media"; default-class = "bulk"; '
                             'allowed-dscp = [ "EF", "CS0" ];')
        frames = [udp_frame("10.0.0.1", "10.1.0.1", port, 3478, 100 + port % 7)
                  for port in (50000, 50025, 50045, 9000) for _ in range(CALLS)]
        capture = os.path.join(self.folder.name, "in.pcap")
        write_pcap(capture, [Frame(10**9 + i * 10**6, f) for i, f in enumerate(frames)])
        found = self.diff(after, "--pcap", capture)["capture"]
        rows = {(r["before"]["class"], r["before"]["dscp"], r["after"]["class"],
                 r["after"]["dscp"]): (r["packets"], r["bytes"], r["flows"])
                for r in found["rows"]}
        # Voice keeps EF; video and sharing lose their marks; the rest becomes bulk's CS0.
        self.assertEqual(found["frames"], len(frames))
        self.assertEqual(found["packets"], 3 * CALLS)
        self.assertEqual(rows, {
            ("video", "AF41", "video", "CS0"): (CALLS, CALLS * (100 + 50025 % 7), 1),
            ("sharing", "AF21", "sharing", "CS0"): (CALLS, CALLS * (100 + 50045 % 7), 1),
            ("default", "CS0", "bulk", "CS0"): (CALLS, CALLS * (100 + 9000 % 7), 1)})
        for config, expected in ((self.before, "default"), (after, "bulk")):
            counters = os.path.join(self.folder.name, "counters.json")
            done = run("replay", "-c", config, "--direction", "upstream", capture,
                       os.path.join(self.folder.name, "out.pcap"), "-j", counters)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(counters, encoding="utf-8") as f:
                classes = json.load(f)["links"][0]["upstream"]["classes"]
            self.assertEqual(next(c["rx"]["packets"] for c in classes
                                  if c["name"] == expected), CALLS)

    def test_what_is_wrong(self):
        self.fails(2, "expected OLD and NEW", "diff", self.before)
        self.fails(2, "expected --pcap", "diff", self.before, self.before, "--link", "mpls")
        self.fails(2, "upstream or downstream", "diff", self.before, self.before, "--pcap", "x",
                   "--direction", "up")
        self.fails(1, "nowhere.pcap", "diff", self.before, self.before, "--pcap",
                   "nowhere.pcap")
        self.assertEqual(run("diff", self.before, "/nonexistent").returncode, 78)


if __name__ == "__main__":
    unittest.main()
