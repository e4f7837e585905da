# SPDX-License-Identifier: BSD-3-Clause
"""What the box between the namespaces is told, and what is offered to it."""
from namespaces import CLIENT, PROVIDER

CONFIGURATION = """
version = 1;
links = (
  { name = "edge";
    lan = { device = "net_af_packet0,iface=em-lan,framecnt=4096"; };
    wan = { device = "net_af_packet1,iface=em-wan,framecnt=4096"; %(wan_rate)s };
    upstream = "to-provider"; downstream = "from-provider"; }
);
classes = (
  { name = "voice";   dscp = "%(voice_dscp)s"; pcp = 5; },
  { name = "video";   dscp = "AF41"; pcp = 4; },
  { name = "sharing"; dscp = "AF21"; pcp = 3; },
  { name = "bulk";    dscp = "AF11"; pcp = 1; },
  { name = "default"; dscp = "CS0";  pcp = 0; }
);
acls = (
  { name = "media"; rules = (
      { seq = 10; protocol = "udp"; source-port = "50000-50019"; class = "voice"; },
      { seq = 20; protocol = "udp"; source-port = "50020-50039"; class = "video"; },
      { seq = 30; source-port = "50040-50059"; class = "sharing"; },
      { seq = 40; protocol = "tcp"; destination-port = "5061"; class = "sharing"; },
      { seq = 45; protocol = "udp"; destination-port = "5060"; class = "sharing"; },
      { seq = 50; protocol = "udp"; destination-port = "9000"; class = "%(bulk_class)s"; } ); },
  { name = "media-return"; rules = (
      { seq = 10; protocol = "udp"; destination-port = "50000-50019"; class = "voice"; },
      { seq = 20; protocol = "udp"; destination-port = "50020-50039"; class = "video"; } ); }
);
policies = (
  { name = "to-provider"; acl = "media"; trust = "none"; default-class = "default";
    contracts = ( { class = "voice"; cir-kbps = %(cir_kbps)s; %(burst)s;
                    account = "%(account)s"; exceed = "%(exceed)s"; %(more)s} );
    schedule = ( { class = "voice"; priority = "strict"; } ); },
  { name = "from-provider"; acl = "media-return"; trust = "dscp"; default-class = "default";
    pcp-map = ( { class = "voice"; pcp = 6; } ); }
);
control = { socket = "@SOCKET@"; };
dpdk = { workers = "1"; };
"""


def configuration(exceed="random", cir_kbps=6400, burst_ms=20, burst_bytes=None, account="ip",
                  wan_kbps=None, voice_dscp="EF", bulk_class="default"):
    wan_rate = f"rate-kbps = {wan_kbps};" if wan_kbps else ""
    burst = f"burst-bytes = {burst_bytes}" if burst_bytes else f"burst-ms = {burst_ms}"
    more = 'remark-class = "default"; ' if exceed == "remark" else ""
    return CONFIGURATION % {"exceed": exceed, "cir_kbps": cir_kbps, "burst": burst, "more": more,
                            "account": account, "wan_rate": wan_rate, "voice_dscp": voice_dscp,
                            "bulk_class": bulk_class}


CALL_KBPS = 80  # 200-byte datagrams, 50 a second


def calls(count, **options):
    """A group of calls from the client, as callgen's --calls takes it."""
    keys = {"n": count, "from": CLIENT, "ports": "50000-50019",
            "to": PROVIDER, "to-ports": "3478-3481", **options}
    return ["--calls", ",".join(f"{key}={value}" for key, value in keys.items())]


def bulk(kbps, **options):
    keys = {"kbps": kbps, "bytes": 1400, "from": CLIENT, "ports": "40000",
            "to": PROVIDER, "to-ports": "9000", **options}
    return ["--bulk", ",".join(f"{key}={value}" for key, value in keys.items())]
