#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
`edgemark top` on a pseudo-terminal of a given size, and as text: what it shows, that it
ends cleanly whatever way it is told to, and that it outlives the daemon.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

import test_daemon
import test_views
from test_daemon import EDGEMARK, TIMEOUT_S

ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l"


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


class Terminal:
    def __init__(self, socket, columns, rows, interval=0.2):
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.modes = termios.tcgetattr(self.slave)
        self.output = b""
        self.process = subprocess.Popen(
            [EDGEMARK, "top", "--socket", socket, f"--watch={interval}"], stdin=self.slave,
            stdout=self.slave, stderr=self.slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                self.output += os.read(self.master, 65536)

    def screen(self, seconds=1.0):
        """The last whole frame's lines, as they stand on the screen."""
        self.output = b""
        self.read(seconds)
        frames = self.output.split(b"\x1b[H")
        return plain(frames[-2].decode()).split("\r\n")

    def press(self, keys):
        os.write(self.master, keys)

    def end(self, test):
        self.read(0.3)
        test.assertEqual(self.process.wait(TIMEOUT_S), 0)
        self.read(0.1)
        test.assertTrue(self.output.endswith(LEAVE), self.output[-80:])
        test.assertEqual(termios.tcgetattr(self.slave), self.modes)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Top(test_views.ViewsTest):
    def open(self, columns=100, rows=30):
        terminal = Terminal(self.socket, columns, rows)
        self.addCleanup(terminal.close)
        return terminal

    def test_the_screen_fits_and_shows_rates(self):
        for columns, rows in (100, 30), (80, 24), (80, 6):
            terminal = self.open(columns, rows)
            lines = terminal.screen()
            self.assertLessEqual(len(lines), rows)
            for line in lines:
                self.assertLessEqual(len(line), columns, line)
            terminal.press(b"q")
            terminal.end(self)
            text = "\n".join(lines)
            self.assertRegex(text, r"^edgemark .* generation 1 ")
            self.assertIn("q quits", lines[-1])
            if rows > 20:
                # A busy machine may keep it below the contract; never above, but for a burst.
                rate = re.search(r"office up +voice +([\d.]+) +(\d+) +([\d.]+) ", text)
                fill = re.search(r"office up +voice +random +2000.0 +([\d.]+) +([\d.]+)", text)
                admitted = float(fill.group(1))
                self.assertTrue(0 < admitted <= 2000 + 5000 * 8 / 0.2 / 1000, admitted)
                self.assertAlmostEqual(float(fill.group(2)), admitted / 20, delta=0.1)
                # frames of 206 bytes, whose IP length is 192
                self.assertAlmostEqual(float(rate.group(3)) / admitted, 206 / 192, delta=0.05)
                self.assertRegex(text, r"office up +contract-random +\d+")
                self.assertRegex(text, r"% busy")
            else:
                self.assertRegex(lines[-1], r"^\d+ more lines")

    def test_another_size_is_followed(self):
        terminal = self.open(100, 30)
        self.assertGreater(len(terminal.screen()), 12)
        terminal.resize(80, 10)
        terminal.process.send_signal(signal.SIGWINCH)
        lines = terminal.screen()
        self.assertEqual(len(lines), 10)
        self.assertLessEqual(max(map(len, lines)), 80)
        terminal.press(b"q")
        terminal.end(self)

    def test_every_way_out_restores_the_terminal(self):
        for way in b"q", b"Q", b"xyq", b"\x03", signal.SIGTERM, signal.SIGHUP:
            terminal = self.open()
            terminal.read(0.3)
            self.assertIn(ENTER, terminal.output)
            if isinstance(way, bytes):
                terminal.press(way)
            else:
                terminal.process.send_signal(way)
            terminal.end(self)

    def test_it_outlives_the_daemon(self):
        terminal = self.open()
        terminal.read(0.5)
        self.stop()
        lines = terminal.screen()
        self.assertIn("no daemon answers", lines[-1])
        self.assertRegex("\n".join(lines), "office up")  # the last figures stay
        self.start("--drain", "0")
        self.assertRegex("\n".join(terminal.screen()), r"% busy[\s\S]*q quits$")
        terminal.press(b"q")
        terminal.end(self)

    def test_without_a_terminal_frames_follow_one_another(self):
        done = self.client("top", "--count", "3", "--watch", "0.2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(re.findall("^edgemark ", done.stdout, re.MULTILINE)), 3)
        self.assertNotIn("\x1b", done.stdout)
        self.assertEqual(len(re.findall(r" over 0\.[23] s$", done.stdout, re.MULTILINE)), 3)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)

    def test_without_a_daemon_one_line_says_how(self):
        self.stop()
        done = self.client("top")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^edgemark: no daemon answers .*\n$")
        self.start("--drain", "0")


if __name__ == "__main__":
    unittest.main()
