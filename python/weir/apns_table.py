"""`python -m weir.apns_table`: learns which length of a notification means which kind of message.

Reads flows and the table `bursts` of a run (`weir -p +apns,+bursts`), and a file of labels with the time and kind of each
message. Writes the table that `-o apns.table=FILE` reads, and says which lengths have several labels. A length holds for one
account, language, system version, and cipher, so learn from the traffic of the account that is asked about.
"""

import argparse
import csv
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import weir
from weir.truth import Truth, ends_of, nanoseconds

#: Bursts of a notification and its acknowledgement; in longer ones it is not clear which length is whose.
_PACKETS = 2


@dataclass
class LengthTable:
    """How often a notification of a length had a label, by cipher (empty where it is not known) and length."""

    counts: dict = field(default_factory=lambda: defaultdict(Counter))

    def add(self, cipher, length, label):
        """One more notification."""
        self.counts[cipher, int(length)][label] += 1

    def labels(self, cipher, length):
        """Labels of a length, the most frequent first; of equal ones the first by name."""
        counts = self.counts.get((cipher, int(length)), {})
        return sorted(counts, key=lambda label: (-counts[label], label))

    def collisions(self):
        """Lengths with several labels: cipher, length, and the count of each label."""
        return [(cipher, length, self.counts[cipher, length])
                for cipher, length in sorted(self.counts) if len(self.counts[cipher, length]) > 1]

    def write(self, file):
        """Writes the table: a line for each length and label; of a length the most frequent label first."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["length", "label", "cipher"])
        for cipher, length in sorted(self.counts):
            for label in self.labels(cipher, length):
                writer.writerow([length, label, cipher])


def notifications(flows, bursts, truth):
    """Bursts that are one notification and its acknowledgement, with the columns `length`, `cipher`, and `label`.

    Those of flows with a verdict of the plugin `apns`, with two packets, one of each side; the length is that of the
    longer one, since acknowledgements are shorter than any notification. The label is absent where no line of the labels
    has the time of the burst, or lines with different labels do. Further columns of the labels come along.
    """
    keys = ["capture", "flow_index"] if "capture" in bursts else ["flow_index"]
    known = flows[flows["apns_verdict"].notna()][[*keys, "apns_cipher"]].rename(columns={"apns_cipher": "cipher"})
    is_pair = (bursts["burst_packets_a"] + bursts["burst_packets_b"] == _PACKETS) & (bursts["burst_packets_a"] == 1)
    found = bursts[is_pair].merge(known, on=keys, how="inner", sort=False)
    first = nanoseconds(found["burst_first_time"])
    last = first + found["burst_duration"].astype("int64").to_numpy()
    found["label"], places = truth.label(ends_of(flows, found), first, last)
    for name in truth.further:
        cells = truth.lines[name].to_numpy(dtype=object)
        found[name] = [cells[lines[0]] if lines else "" for lines in places]
    found["length"] = found["burst_len_max"].astype("int64")
    found["cipher"] = found["cipher"].fillna("")
    return found


def learn(found):
    """The table of labelled notifications, as `notifications` gives them."""
    table = LengthTable()
    for row in found[found["label"].notna()].itertuples():
        table.add(row.cipher, row.length, row.label)
    return table


def report(table, file):
    """Says which lengths have several labels."""
    collisions = table.collisions()
    print(f"{len(table.counts)} lengths, {len(collisions)} of them with several labels", file=file)
    for cipher, length, counts in collisions:
        said = ", ".join(f"{label} ({counts[label]})" for label in table.labels(cipher, length))
        print(f"  {length} {cipher or 'any cipher'}: {said}", file=file)


def main(arguments=None):
    """Runs the command; gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m weir.apns_table", description=__doc__.split("\n\n")[0])
    parser.add_argument("flows", help="rows of a run with the plugins apns and bursts")
    parser.add_argument("bursts", help="the table bursts of the same run")
    parser.add_argument("labels", help="file of labels: ends, start, end, and label of each message")
    parser.add_argument("--out", help="file to write; standard output if not given")
    chosen = parser.parse_args(arguments)
    try:
        found = notifications(weir.read(chosen.flows), weir.read(chosen.bursts), Truth.read(chosen.labels))
        table = learn(found)
        if not table.counts:
            raise ValueError("no burst of a push connection lies in the time of a label; do the clocks agree?")
        if chosen.out:
            with open(chosen.out, "w", encoding="utf-8", newline="") as file:
                table.write(file)
        else:
            table.write(sys.stdout)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    report(table, sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
