#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
`edgemark capture` beside live traffic, with tshark as the judge:

    client: 100 calls on a contract of 80 ── em-lan  edgemark  em-wan ── provider

What it holds agrees with what the receiver got and with the counters; the filters keep to
their word; a file that nobody reads, a client that is killed, a second one and a daemon that
ends are all harmless to the calls.
"""
import json
import os
import signal
import subprocess
import time

from expect import calls, check, check_end, class_of, configuration, main, upstream
from namespaces import program

CALLS, SECONDS = 100, 16


def capture(site, path, *options, **more):
    # pylint: disable=consider-using-with
    return subprocess.Popen(
        [program("edgemark"), "capture", "-w", path, "--socket", site.socket, *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def finish(process, seconds=10):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def fields(path, *names, options=()):
    """The fields of each packet, by tshark."""
    arguments = [a for name in names for a in ("-e", name)]
    done = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", *arguments, *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_departures(site):
    path = os.path.join(site.directory, "departures.pcapng")
    before = time.time()
    process = capture(site, path, "--direction", "upstream", "--class", "voice", "--count", "2000",
                      "-j")
    code, out, err = finish(process)
    result = json.loads(out) if code == 0 else {}
    check(code == 0, f"a capture of 2000 packets ends by itself ({err.strip()})")
    packets = fields(path, "frame.time_epoch", "ip.dsfield.dscp", "udp.srcport",
                     "frame.interface_name")
    check(len(packets) == 2000 == result.get("packets"), "it holds 2000 packets")
    check(all(p[1] == "46" and 50000 <= int(p[2]) <= 50019 for p in packets),
          "all of them voice, marked EF")
    check({p[3] for p in packets} == {"edge upstream"}, "of the interface 'edge upstream'")
    times = [float(p[0]) for p in packets]
    check(times == sorted(times), "in the order of their times")
    check(before - 0.1 <= times[0] and times[-1] <= time.time() + 0.1, "by the wall's clock")


def test_account(site):
    """Departures of all classes against the counters over the same time."""
    path = os.path.join(site.directory, "drops.pcapng")
    process = capture(site, path, "--drops", "--snap", "60", "-j")
    while not os.path.exists(path) or os.path.getsize(path) == 0:
        time.sleep(0.01)
    first = upstream(site.show("drops"))
    time.sleep(2)
    last = upstream(site.show("drops"))
    process.send_signal(signal.SIGINT)
    code, out, _ = finish(process)
    check(code == 0, "Ctrl-C ends a capture cleanly")
    packets = fields(path, "frame.comment", "frame.cap_len", "frame.len", "udp.srcport")
    dropped = {r: n - first["drops"][r] for r, n in last["drops"].items()}
    for reason in ("contract", "contract-random"):
        seen = sum(p[0] == reason for p in packets)
        check(dropped[reason] <= seen <= dropped[reason] + 1000,
              f"{seen} drops by {reason}, of which the counters saw {dropped[reason]} meanwhile")
    check(dropped["contract-random"] > 0, "there were drops")
    check({p[0] for p in packets} <= {"contract", "contract-random"}, "each names its reason")
    check({p[1] for p in packets} == {"60"} and all(int(p[2]) > 60 for p in packets),
          "snapped to 60 bytes, the length kept")
    info = subprocess.run(["tshark", "-r", path, "-q", "-z", "io,stat,0"], capture_output=True,
                          text=True, check=False)
    check(info.returncode == 0, "and tshark reads the statistics block")
    check(json.loads(out)["packets"] == len(packets), "as many as it told")


def test_slow_file(site):
    """Nobody reads the pipe: the copies that find no room are missing, nothing else."""
    path = os.path.join(site.directory, "pipe")
    os.mkfifo(path)
    keep = os.open(path, os.O_RDWR)
    process = capture(site, path)
    time.sleep(1)
    second = capture(site, "-", "--count", "1")
    code, _, err = finish(second)
    check(code == 1 and "under way" in err, f"a second capture is refused ({err.strip()})")
    process.kill()
    process.communicate()
    os.close(keep)
    deadline = time.monotonic() + 3
    code = 1
    while code != 0 and time.monotonic() < deadline:
        time.sleep(0.05)
        code, _, _ = finish(capture(site, os.devnull, "--count", "1"))
    check(code == 0, "once its client was killed the next one captures")


def test_pipe(site):
    process = capture(site, "-", "--seconds", "0.5", "--link", "edge")
    # pylint: disable=consider-using-with
    judge = subprocess.run(["tshark", "-n", "-r", "-", "-T", "fields", "-e", "frame.number"],
                           stdin=process.stdout, capture_output=True, text=True, check=False)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    check(process.wait(5) == 0 and judge.returncode == 0 and len(judge.stdout.split()) > 100,
          f"tshark reads it from a pipe as it comes ({err.strip()})")


def test_refusals(site):
    for options, words in ((("--link", "none"), "no link 'none'"),
                           (("--class", "none"), "no class 'none'"),
                           (("--drops", "none-such"), "no reason")):
        path = os.path.join(site.directory, "kept")
        with open(path, "w", encoding="ascii") as file:
            file.write("kept")
        code, _, err = finish(capture(site, path, *options))
        with open(path, encoding="ascii") as file:
            check(code == 1 and words in err and file.read() == "kept",
                  f"{options} is refused, the file kept ({err.strip()})")


def test(site):
    site.add_client_addresses(5)
    site.write_config(configuration())
    site.start_daemon()
    receiver = site.receive(site.provider, "3478-3481", "received")
    sender = site.send(site.client, "sent", "--seconds", str(SECONDS), *calls(CALLS))
    time.sleep(1)
    for part in (test_departures, test_account, test_slow_file, test_pipe, test_refusals):
        part(site)
    path = os.path.join(site.directory, "end.pcapng")
    last = capture(site, path)
    sent = site.finish_send(sender)
    time.sleep(0.3)
    received = site.finish_receive(receiver)
    voice = class_of(upstream(site.show("classes")), "voice")
    check(voice["tx"]["packets"] == sum(f["packets"] for f in received.values()),
          "every voice packet that left has arrived")
    check(voice["rx"]["packets"] == sum(f["packets"] for f in sent.values()),
          "and every one sent was received")
    check_end(site)
    code, _, err = finish(last)
    check(code == 0 and len(fields(path, "frame.number")) > 100,
          f"a daemon that ends finishes its capture ({err.strip()})")


if __name__ == "__main__":
    main(test, ("tshark",))
