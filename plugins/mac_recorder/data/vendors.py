#!/usr/bin/env python3
"""Makes vendors.txt from the registries of IEEE, by hand whenever newer ones are wanted:

    python3 vendors.py "where they are from, and of which day" oui.csv mam.csv oui36.csv iab.csv > vendors.txt

The files are those of https://standards-oui.ieee.org, in any order.
"""

import csv
import html
import itertools
import sys

HEADER = """\
# Organizations that IEEE has assigned blocks of MAC addresses to, by prefix: MA-L (6 digits), MA-M (7), MA-S and
# IAB (9). Made by vendors.py, which says what it leaves out, from:
# {}
#
# The lines are in the order of their bytes, and no prefix begins with another: the look-up depends on both.
"""
# IEEE holds these blocks to divide them; the divisions have prefixes of their own.
DIVIDED = "IEEE Registration Authority"
# Bits of the first octet. Before these meant what they mean today, a few blocks were assigned that have them set;
# their addresses cannot be told from those that anybody may choose.
GROUP, LOCAL = 1, 2


def is_of_individual_universal_addresses(prefix):
    return int(prefix[:2], 16) & (GROUP | LOCAL) == 0


def assignments(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            # Some names hold entities of HTML, tabs, or spaces that do not break.
            name = " ".join(html.unescape(row["Organization Name"]).split())
            yield row["Assignment"].upper(), name


def vendors(paths):
    names = {}
    for prefix, name in itertools.chain.from_iterable(map(assignments, paths)):
        if name != DIVIDED and is_of_individual_universal_addresses(prefix):
            # Two old blocks have several owners; the first one stays.
            names.setdefault(prefix, name)
    return sorted(names.items())


def check(entries):
    for (before, _), (after, _) in itertools.pairwise(entries):
        if after.startswith(before):
            sys.exit(f"{after} lies within {before}: the look-up knows no blocks within blocks")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    entries = vendors(sys.argv[2:])
    check(entries)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.write(HEADER.format(sys.argv[1]))
    for prefix, name in entries:
        print(prefix, name)


main()
