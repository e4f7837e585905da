#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Every command has its --help, on standard output, within 100 columns, and begins it with its
usage; a wrong option is told with exit code 2 and one line. The completion offers all that
--help names, and the manual tells of it.
"""
import os
import re
import subprocess
import sys
import unittest

EDGEMARK, ROOT, PAGES = sys.argv[1:4]
del sys.argv[1:4]


def run(*arguments):
    return subprocess.run([EDGEMARK, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)


def names(text):
    return re.findall(r"^  ([a-z][a-z0-9]*)  +\S", text, re.M)


def commands():
    top = names(run("--help").stdout)
    return [(c,) for c in top] + [("lab", e) for e in names(run("lab", "--help").stdout)]


def options(text):
    return set(re.findall(r"(?:^|[\[ |(])(--[a-z][a-z0-9-]*|-[a-zA-Z])\b", text, re.M))


def completed(*words):
    """What the completion offers for the last of these words."""
    script = (f"source {ROOT}/completion/edgemark.bash; COMP_WORDS=({EDGEMARK} "
              + " ".join(f"'{w}'" for w in words) + f"); COMP_CWORD={len(words)}; "
              "_edgemark_complete; printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=True, cwd=os.path.join(ROOT, "config"))
    return set(done.stdout.split())


class HelpTest(unittest.TestCase):
    def test_there_are_commands(self):
        found = commands()
        for c in (("run",), ("capture",), ("doctor",), ("lab", "overrun")):
            self.assertIn(c, found)

    def test_each_command_has_help(self):
        for command in commands():
            with self.subTest(command=command):
                done = run(*command, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.startswith(f"usage: edgemark {' '.join(command)}"),
                                done.stdout[:80])
                self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)

    def test_each_command_refuses_an_unknown_option(self):
        for command in commands():
            with self.subTest(command=command):
                done = run(*command, "--no-such-option")
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertTrue(done.stderr.startswith("edgemark: "))

    def test_completion_of_commands(self):
        top = set(names(run("--help").stdout))
        self.assertEqual(completed(""), top)
        self.assertEqual(completed("cap"), {"capture"})
        self.assertEqual(completed("lab", ""), set(names(run("lab", "--help").stdout)))
        self.assertLessEqual({"links", "drops"}, completed("show", ""))

    def test_completion_of_options(self):
        for command in commands():
            with self.subTest(command=command):
                offered = completed(*command, "-")
                self.assertLessEqual(options(run(*command, "--help").stdout), offered)
        self.assertEqual(completed("capture", "--sn"), {"--snap"})

    def test_completion_of_values(self):
        self.assertEqual(completed("capture", "--direction", ""), {"upstream", "downstream"})
        self.assertIn("edge.conf", completed("check", "-c", "ed"))

    @unittest.skipUnless(os.path.exists(PAGES), "no scdoc, so no manual was made")
    def test_manual(self):
        """Each page, as man would lay it out, has its command's options; edgemark(1) all names."""
        for command in commands():
            with self.subTest(command=command):
                page = f"{PAGES}/edgemark-{'-'.join(command)}.1"
                done = subprocess.run(["groff", "-man", "-Tutf8", "-P-c", "-rLL=120n", page],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      check=True)
                self.assertEqual(options(run(*command, "--help").stdout)
                                 - options(done.stdout), set())
        with open(f"{PAGES}/edgemark.1", encoding="utf-8") as file:
            overview = file.read()
        for command in names(run("--help").stdout):
            self.assertIn(f"edgemark {command}", overview)


if __name__ == "__main__":
    unittest.main()
