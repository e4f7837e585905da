#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Twenty reloads under load, to and fro between two policies that give different marks:

    client: 70 calls + 40 Mbit/s of bulk ── em-lan  edgemark  em-wan ── 20 Mbit/s ── provider
            SIGHUP every half second: voice EF and bulk CS0 ⇄ voice VA and bulk AF11

No call loses a packet, and no packet carries a mark that neither policy gives. Then a file
with an error in it: the running policy stays.
"""
import signal
import time

from expect import bulk, calls, check, check_balance, check_end, configuration, main, undisturbed
from namespaces import join_flows

RELOADS, CALLS, LINK_KBPS = 20, 70, 20000
ONE = {"voice_dscp": "EF", "bulk_class": "default"}
OTHER = {"voice_dscp": "VA", "bulk_class": "bulk"}


def policy(marks):
    return configuration(wan_kbps=LINK_KBPS, burst_ms=100, **marks)


def reload_under_load(site):
    site.write_config(policy(ONE))
    site.start_daemon()
    receiver = site.receive(site.provider, "3478-3481,9000", "received")
    sender = site.send(site.client, "sent", "--seconds", "14", *calls(CALLS),
                       *bulk(2 * LINK_KBPS))
    time.sleep(1)
    first = site.show("links")["generation"]
    for i in range(RELOADS):
        site.write_config(policy(ONE if i % 2 else OTHER))
        last = site.reload()
        time.sleep(0.4)
    check(last == first + RELOADS, f"generation {first} has become {last}")
    sent = site.finish_send(sender)
    time.sleep(0.5)
    return join_flows(sent, site.finish_receive(receiver))


def check_bad_file(site):
    before = site.show("links")["generation"]
    site.write_config(policy(ONE).replace("cir-kbps", "cir-kpbs"))
    site.daemon.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 5
    while "cir-kpbs" not in site.read_log() and time.monotonic() < deadline:
        time.sleep(0.05)
    words = [line for line in site.read_log().splitlines() if "cir-kpbs" in line]
    check(any(f"{site.config}:" in line for line in words),
          f"an error in the file is named with its line (saw {words[:1]})")
    check(site.show("links")["generation"] == before, "and the running policy stays")
    done = site.client.run("ping", "-c", 1, "-W", 2, "10.80.255.1", check=False)
    check(done.returncode == 0, "and traffic passes")


def test(site):
    site.add_client_addresses(4)
    flows = undisturbed(site, lambda: reload_under_load(site))
    voice = [f for f in flows if f["rtp"]]
    rest = [f for f in flows if not f["rtp"]]

    hurt = [f for f in voice if f["lost"]]
    check(not hurt, f"none of {len(voice)} calls lost a packet "
          f"(lost: {[(f['key'][:2], f['lost']) for f in hurt][:5]})")
    check(sum(f["late"] for f in voice) == 0, "no call's packets were reordered")
    check(all(set(f["dscp"]) == {46, 44} for f in voice),
          f"every call was marked EF, then VA, and nothing else "
          f"(saw {sorted({tuple(f['dscp']) for f in voice})})")
    check(all(set(f["dscp"]) == {0, 10} for f in rest),
          f"bulk was marked CS0, then AF11, and nothing else (saw {[f['dscp'] for f in rest]})")
    check_balance(site.show("links"))
    check_bad_file(site)
    check_end(site)


if __name__ == "__main__":
    main(test, ("ping",))
