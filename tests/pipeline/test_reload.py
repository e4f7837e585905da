#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Reloads of the daemon as its operator meets them: confirmed or rolled back, by a watch on the
file, from files that are no configuration or not to be trusted; a thousand in a row.
"""
import json
import os
import re
import select
import signal
import socket
import sys
import time
import unittest

from test_daemon import AF21, EDGEMARK, EF, TIMEOUT_S, DaemonTest

RELOADS = int(os.environ.get("EDGEMARK_RELOADS", "1000"))
RESIDENT_SLACK_KB = 2048  # of the allocators


class ReloadTest(DaemonTest):
    def setUp(self):
        super().setUp()
        self.printed = ""
        self.answers = None

    def ask_reload(self):
        """Over one connection for all, so that it costs no process: the answer's ok."""
        if self.answers is None:
            self.connection = socket.socket(socket.AF_UNIX)
            self.connection.connect(self.socket)
            self.addCleanup(self.connection.close)
            self.answers = self.connection.makefile("r")
            self.addCleanup(self.answers.close)
        self.connection.sendall(b'{"version":1,"command":"reload"}\n')
        return json.loads(self.answers.readline())["ok"]

    def generation(self):
        return self.document()["generation"]

    def dscp(self):
        return self.upstream()["classes"][0]["dscp"]

    def log(self):
        """What the daemon printed until now; it is kept, as the pipe gives it once."""
        fd = self.process.stdout.fileno()
        while select.select([fd], [], [], 0)[0]:
            text = os.read(fd, 65536).decode()
            if not text:
                break
            self.printed += text
        return self.printed

    def reload(self, *arguments):
        done = self.client("reload", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def end(self):
        self.log()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=TIMEOUT_S), 0, self.stderr())
        self.log()
        self.process.stdout.close()


class Log(ReloadTest):
    def test_each_reload_leaves_one_line(self):
        self.start()
        self.reload()
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: self.generation() == 3)
        lines = [line for line in self.log().splitlines() if line.startswith("generation ")]
        pattern = r"generation %d: 1 rules, built in [\d.]+ ms, in force [\d.]+ ms later; " \
                  r"asked by %s$"
        self.assertEqual(len(lines), 2, lines)
        self.assertRegex(lines[0], pattern % (2, rf"pid \d+ of uid {os.getuid()} by the socket"))
        self.assertRegex(lines[1],
                         pattern % (3, rf"SIGHUP from pid {os.getpid()} of uid {os.getuid()}"))
        self.end()


class Confirm(ReloadTest):
    def setUp(self):
        super().setUp()
        self.start()
        self.write_config(self.text(dscp="AF21"))

    def test_confirmed_it_stays(self):
        self.assertIn("generation 1 comes back in 1 s", self.reload("--confirm", "1"))
        self.assertEqual(self.dscp(), AF21)
        pending = self.document()["pending"]
        self.assertEqual((pending["generation"], pending["previous"]), (2, 1))
        self.assertTrue(0 <= pending["seconds_left"] <= 1)
        done = self.client("confirm")
        self.assertEqual((done.returncode, done.stdout), (0, "generation 2 stays\n"))
        self.assertIsNone(self.document()["pending"])
        time.sleep(1.3)
        self.assertEqual((self.generation(), self.dscp()), (2, AF21))
        self.assertIn("generation 2 stays: confirmed by pid", self.log())
        self.end()

    def test_unconfirmed_it_goes_back_to_what_was_in_memory(self):
        self.reload("--confirm", "1")
        self.write_config("this is no configuration")
        self.wait_for(lambda: self.generation() == 3)
        self.assertEqual(self.dscp(), EF)
        self.assertIsNone(self.document()["pending"])
        self.assertRegex(self.log(), r"generation 3: 1 rules, .*asked by the roll-back: nobody "
                                     r"confirmed generation 2, generation 1's policy is back")
        done = self.client("confirm")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing waits", done.stderr)
        self.write_config(self.text(dscp="AF21"))
        self.reload()
        self.assertEqual((self.generation(), self.dscp()), (4, AF21))
        self.end()

    def test_meanwhile_other_reloads_are_refused(self):
        self.reload("--confirm", "2")
        self.write_config(self.text(dscp="AF11"))
        for arguments in ((), ("--confirm", "5")):
            done = self.client("reload", *arguments)
            self.assertEqual(done.returncode, 1)
            self.assertIn("generation 2 waits to be confirmed", done.stderr)
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: self.stderr().count("waits to be confirmed") == 3)
        self.assertEqual((self.generation(), self.dscp()), (2, AF21))
        self.wait_for(lambda: self.generation() == 3)
        self.assertEqual(self.dscp(), EF)
        self.end()

    def test_the_end_says_what_was_not_confirmed(self):
        self.reload("--confirm", "60")
        self.end()
        self.assertIn("generation 2 was not confirmed: the next start loads " + self.config,
                      self.stderr())

    def test_a_bad_file_leaves_nothing_to_confirm(self):
        self.write_config("version = 1")
        self.assertEqual(self.client("reload", "--confirm", "5").returncode, 78)
        self.assertEqual(self.client("confirm").returncode, 1)
        self.assertIsNone(self.document()["pending"])
        self.end()

    def test_wrong_seconds(self):
        for seconds in "0", "-1", "1.5", "86401", "soon", "":
            self.assertEqual(self.client("reload", "--confirm", seconds).returncode, 2)
        self.assertEqual(self.client("confirm", "--confirm", "1").returncode, 2)
        self.assertEqual(self.generation(), 1)
        self.end()


class Files(ReloadTest):
    """What is not a sound configuration of a trusted owner changes nothing."""

    def setUp(self):
        super().setUp()
        self.start()

    def refused(self, said):
        done = self.client("reload")
        self.assertEqual(done.returncode, 78, done.stdout)
        self.assertIn(said, done.stderr)
        self.assertEqual(self.generation(), 1)

    def tearDown(self):
        if self.process.poll() is None:
            self.write_config()
            os.chmod(self.config, 0o644)
            self.reload()
            self.assertEqual(self.generation(), 2)
            self.end()
        super().tearDown()

    def replace(self, make):
        os.unlink(self.config)
        make(self.config)

    def test_truncated_at_every_byte(self):
        body = self.text(dscp="AF21").rstrip().rstrip(";")  # which may be left out
        for cut in range(len(body)):
            self.write_config(body[:cut])
            self.assertFalse(self.ask_reload(), f"cut at {cut} it was taken")
        self.assertEqual((self.generation(), self.dscp()), (1, EF))

    def test_garbage(self):
        for garbage in b"\x00" * 100, os.urandom(5000), b"(" * 10000, b"\xff\xfe" * 50, b"":
            with open(self.config, "wb") as f:
                f.write(garbage)
            self.refused(self.config)

    def test_a_directory(self):
        self.replace(os.mkdir)
        self.refused("is a directory")
        os.rmdir(self.config)

    def test_a_fifo(self):
        self.replace(os.mkfifo)
        self.refused("is not a regular file")
        os.unlink(self.config)

    def test_a_loop_of_links(self):
        self.replace(lambda path: os.symlink(path, path))
        self.refused("Too many levels of symbolic links")
        os.unlink(self.config)

    def test_100_megabytes(self):
        with open(self.config, "a", encoding="utf-8") as f:
            f.truncate(100 << 20)
        self.refused("is too large, expected at most 8 MiB")

    def test_a_file_that_others_may_write(self):
        os.chmod(self.config, 0o646)
        self.refused("others may write it (mode 0646), expected its owner alone: chmod go-w")

    @unittest.skipIf(os.getuid() != 0, "only root can give a file away")
    def test_a_file_of_another_user(self):
        os.chown(self.config, 12345, 0)
        self.refused("belongs to uid 12345, expected root or the daemon's user: chown")
        os.chown(self.config, 0, 0)

    @unittest.skipIf(os.getuid() != 0, "only root can give a file away")
    def test_an_included_file_of_another_user(self):
        part = self.d + "/part.conf"
        with open(part, "w", encoding="utf-8") as f:
            f.write(self.text())
        os.chown(part, 12345, 0)
        self.write_config('@include "part.conf"\n')
        self.refused(part + ": belongs to uid 12345")


class Watch(ReloadTest):
    def text(self, **options):
        return super().text(**options).replace("control = {", "control = { watch = true;")

    def seen(self, dscp):
        self.wait_for(lambda: self.dscp() == dscp)

    def quiet(self, generation):
        time.sleep(1.4)
        self.assertEqual(self.generation(), generation)

    def test_written_in_place_piece_by_piece(self):
        self.start()
        with open(self.config, "w", encoding="utf-8") as f:
            for line in self.text(dscp="AF21").splitlines():
                f.write(line + "\n")
                f.flush()
                time.sleep(0.02)
        self.seen(AF21)
        self.assertEqual(self.stderr().count("not reloaded"), 0)
        self.assertIn("asked by control.watch", self.log())
        self.quiet(2)
        self.end()

    def test_renamed_as_editors_do(self):
        self.start()
        with open(self.d + "/new", "w", encoding="utf-8") as f:
            f.write(self.text(dscp="AF21"))
        os.rename(self.config, self.config + "~")
        os.rename(self.d + "/new", self.config)
        self.seen(AF21)
        self.quiet(2)
        self.end()

    def test_links_swapped_as_kubernetes_does(self):
        os.unlink(self.config)
        for number, dscp in enumerate(("EF", "AF21", "EF")):
            os.mkdir(f"{self.d}/..{number}")
            with open(f"{self.d}/..{number}/edge.conf", "w", encoding="utf-8") as f:
                f.write(self.text(dscp=dscp))
        os.symlink("..0", self.d + "/..data")
        os.symlink("..data/edge.conf", self.config)
        self.start()
        for number, dscp in (1, AF21), (2, EF):
            os.symlink(f"..{number}", self.d + "/..data_tmp")
            os.rename(self.d + "/..data_tmp", self.d + "/..data")
            self.seen(dscp)
        self.quiet(3)
        self.end()

    def test_an_error_is_told_once_and_then_mended(self):
        self.start()
        self.write_config("version = 1; nonsense")
        self.wait_for(lambda: "asked by control.watch" in self.stderr())
        self.quiet(1)
        self.assertEqual(self.stderr().count("not reloaded"), 1)
        self.write_config(self.text(dscp="AF21"))
        self.seen(AF21)
        self.end()

    def test_what_is_loaded_already_is_not_loaded_again(self):
        self.start()
        self.write_config(self.text(dscp="AF21"))
        self.process.send_signal(signal.SIGHUP)
        self.seen(AF21)
        before = self.generation()
        self.quiet(before)
        with open(self.d + "/noise", "w", encoding="utf-8") as f:
            f.write("not ours")
        self.quiet(before)
        self.end()

    def test_with_a_watch_there_is_no_confirmation(self):
        self.start()
        done = self.client("reload", "--confirm", "5")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--confirm needs control.watch = false", done.stderr)
        self.end()

    def test_a_reload_switches_it_off(self):
        self.start()
        self.write_config(super().text(dscp="AF21"))
        self.seen(AF21)
        self.write_config(super().text(dscp="EF"))
        self.quiet(2)
        self.end()


class Many(ReloadTest):
    @staticmethod
    def sanitized():
        with open(EDGEMARK, "rb") as f:
            return b"__asan_init" in f.read()

    def resident_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def test_many_reloads_leave_memory_flat(self):
        texts = [self.text(dscp=dscp).replace('seq = 10', f'seq = {seq}').replace(
            'class = "voice"; } );\n', 'class = "voice"; },\n{ seq = 99; protocol = "tcp"; '
            'source = "10.0.0.0/9"; class = "voice"; } );\n', 1)
            for dscp, seq in (("EF", 10), ("AF21", 20), ("AF11", 30))]
        self.start()
        settled = None
        for i in range(RELOADS):
            self.write_config(texts[i % len(texts)])
            self.assertTrue(self.ask_reload(), self.stderr())
            if i == RELOADS // 5:
                settled = self.resident_kb()
            if i % 100 == 0:
                self.log()
        after = self.resident_kb()
        print(f"{RELOADS} reloads: resident {settled} kB after a fifth of them, {after} kB at the "
              "end", file=sys.stderr)
        self.assertEqual(self.generation(), RELOADS + 1)
        # The address sanitizer keeps what was freed; it looks for leaks itself, at the end.
        if not self.sanitized():
            self.assertLess(after, settled + RESIDENT_SLACK_KB)
        self.end()


if __name__ == "__main__":
    unittest.main()
