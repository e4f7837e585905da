# SPDX-License-Identifier: BSD-3-Clause
"""SIPp's calls across the box: signalling over UDP 5060, and media that SIPp recorded."""
import os
import subprocess

from namespaces import CLIENT, PROVIDER

RECORDED = "/usr/share/sip-tester"
MEDIA_PORT, PORTS_A_CALL = 50000, 4  # the next call's audio port is that much higher
FAR_MEDIA_PORT = 6000
CALL_SECONDS = 9.0  # of the built-in scenario: the recording, a pause and a digit


def recorded_packets():
    done = subprocess.run(["tshark", "-r", f"{RECORDED}/g711a.pcap", "-T", "fields", "-e",
                           "frame.number"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=True)
    return len(done.stdout.splitlines())


class SippCalls:
    """From when they begin until wait(); the site ends what is left of them."""

    def __init__(self, site, calls=1, every_ms=1000, source=CLIENT):
        recordings = os.path.join(site.directory, "pcap")
        if not os.path.lexists(recordings):
            os.symlink(RECORDED, recordings)  # where SIPp's own scenario looks for them
        self.calls = calls
        quiet = {"cwd": site.directory, "stdout": subprocess.DEVNULL,
                 "stderr": subprocess.DEVNULL}
        self.answering = site.start(site.provider, "sipp", "-sn", "uas", "-i", PROVIDER, "-mi",
                                    PROVIDER, "-mp", FAR_MEDIA_PORT, "-nostdin", **quiet)
        self.calling = site.start(site.client, "sipp", "-sn", "uac_pcap", PROVIDER, "-i", source,
                                  "-mi", source, "-mp", MEDIA_PORT, "-m", calls, "-l", calls,
                                  "-r", 1, "-rp", every_ms, "-nostdin", **quiet)
        self.site = site

    def ports(self):
        return [MEDIA_PORT + PORTS_A_CALL * i for i in range(self.calls)]

    def wait(self, seconds=60):
        """True where all calls succeeded."""
        good = self.calling.wait(timeout=seconds) == 0
        self.answering.terminate()
        self.answering.wait(timeout=10)
        for process in (self.calling, self.answering):
            self.site.processes.remove(process)
        return good
