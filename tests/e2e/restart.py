#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Killed and started again:

    client: ping ── em-lan  edgemark, SIGKILL, edgemark  em-wan ── provider

Nothing that a killed daemon leaves (its socket, DPDK's files) is in the way of the next; a
second one beside a running one is refused in one line and does not harm it.
"""
import signal
import subprocess

from expect import check, check_end, configuration, main
from namespaces import PROVIDER, program


def passes(site):
    return site.client.run("ping", "-c", 2, "-i", 0.2, "-W", 1, PROVIDER,
                           check=False).returncode == 0


def check_second_daemon(site):
    command = site.box.command(program("edgemark"), "run", "-c", site.config)
    second = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            check=False, timeout=20, env=site.environment())
    words = second.stderr.strip().splitlines()
    check(second.returncode == 1, f"a second daemon fails (exit code {second.returncode})")
    check(len(words) == 1 and words[0].startswith("edgemark: "), f"in one line: {words}")
    check(passes(site), "and the first still forwards")
    check(site.show("links") is not None, "and still answers")


def test(site):
    site.write_config(configuration())
    site.start_daemon()
    check(passes(site), "packets pass")
    check_second_daemon(site)
    site.stop_daemon(signal.SIGKILL)
    check(not passes(site), "killed, nothing passes")
    check(site.show("links") is None, "and nobody answers")
    site.start_daemon()
    check(passes(site), "started again, packets pass")
    check_end(site)
    site.start_daemon()
    check(passes(site), "started a third time, packets pass")


if __name__ == "__main__":
    main(test, ("ping",))
