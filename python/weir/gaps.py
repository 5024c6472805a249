"""Where sessions and dialogs end: thresholds learnt from gaps between packets.

Gaps have modes: within an exchange, between the messages of a talk, between talks. A threshold belongs into the valley
between two modes of the histogram of the gaps' logarithms. What is found is what the plugin `dialogs` is told:

    weir -p basic_flow,first_packets -o first_packets.count=0 -w talk.flows.csv talk.pcap
    python3 -m weir.gaps talk.flows.csv --by client
    weir -p +first_packets,+dialogs -o first_packets.count=0 -o dialogs.by=client -o dialogs.dialog=1.8 ... talk.pcap

Nothing but the standard library is needed.
"""

import argparse
import csv
import json
import math
import sys
from collections import defaultdict

NANOSECONDS = 1_000_000_000
BINS_A_DECADE = 10
#: The bit of a flow status that says that the responder sent the direction.
INVERTED = 1
#: Gaps below this, in seconds, are within an exchange: the round trip, not the user, makes them.
SHORTEST = 0.1
#: Neighbouring bins on each side that a bin is averaged with, twice.
SMOOTHING = 2
#: A mode rises above the valleys beside it by at least this part of the highest one.
PROMINENCE = 0.02


def histogram(gaps, shortest=SHORTEST, bins_a_decade=BINS_A_DECADE):
    """How many gaps, in seconds, fall into each bin of their decimal logarithm; gives the first edge and the counts.

    The edges are whole multiples of a bin's width, so that equal data give equal bins whatever the smallest gap.
    """
    places = [math.floor(math.log10(gap) * bins_a_decade) for gap in gaps if gap >= shortest]
    if not places:
        return 0.0, []
    first = min(places)
    counts = [0] * (max(places) - first + 1)
    for place in places:
        counts[place - first] += 1
    return first / bins_a_decade, counts


def smoothed(counts, reach=SMOOTHING):
    """The mean of each bin and those within reach; beyond the ends there is nothing."""
    width = 2 * reach + 1
    padded = [0] * reach + list(counts) + [0] * reach
    return [sum(padded[at : at + width]) / width for at in range(len(counts))]


def valleys(counts, prominence=PROMINENCE):
    """Places of the valleys between modes, each with its depth: how far the lower of the modes beside it rises above it.

    Of a flat valley the middle counts.
    """
    least = prominence * max(counts, default=0)
    peaks, lows = [], []
    peak, is_rising = 0.0, True
    for at, height in enumerate(counts):
        if is_rising:
            peak = max(peak, height)
            if peak - height > least:
                peaks.append(peak)
                low, start, end, is_rising = height, at, at, False
        elif height < low:
            low, start, end = height, at, at
        elif height == low:
            end = at
        elif height - low > least:
            lows.append(((start + end) / 2, low))
            peak, is_rising = height, True
    if is_rising:
        peaks.append(peak)
    return [(at, min(left, right) - low) for (at, low), left, right in zip(lows, peaks, peaks[1:])]


def thresholds(gaps, shortest=SHORTEST, bins_a_decade=BINS_A_DECADE):
    """Thresholds for dialogs and for sessions, in seconds: the two deepest valleys, the shorter one first.

    None stands in the place of one that the gaps do not show; a single valley is that of dialogs.
    """
    first, counts = histogram(gaps, shortest, bins_a_decade)
    deepest = sorted(valleys(smoothed(smoothed(counts))), key=lambda valley: valley[1])[-2:]
    # The middle of a bin.
    found = sorted(10 ** (first + (at + 0.5) / bins_a_decade) for at, _ in deepest)
    return tuple((found + [None, None])[:2])


def client_of(row):
    """The initiator's address: of a flow of which only the responder was captured, that is the destination."""
    is_answer = int(row["flow_status_a"], 0) & INVERTED if "flow_status_a" in row else 0
    return row["dst_ip"] if is_answer else row["src_ip"]


def gaps_of(path, by="flow"):
    """Gaps between packets with payload, in seconds, as a flow file lists them: within flows, or within clients.

    Needs rows of conversations with the columns of `basic_flow` and `first_packets`.
    """
    streams = defaultdict(list)
    csv.field_size_limit(sys.maxsize)
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not row["first_packets_time"]:
                continue
            start = int(row["first_packets_start"])
            lengths = json.loads(row["first_packets_payload_len"])
            times = zip(json.loads(row["first_packets_time"]), lengths)
            key = client_of(row) if by == "client" else row["flow_index"]
            streams[key].extend(start + time for time, length in times if length > 0)
    gaps = []
    for times in streams.values():
        times.sort()
        gaps.extend((later - time) / NANOSECONDS for time, later in zip(times, times[1:]))
    return gaps


def main(arguments=None):
    """Prints the options of `dialogs` that the gaps of flow files ask for."""
    parser = argparse.ArgumentParser(prog="weir.gaps", description=main.__doc__)
    parser.add_argument("flows", nargs="+", help="flow files (CSV) with all packets listed")
    parser.add_argument("--by", choices=["flow", "client"], default="flow", help="whose packets make a stream")
    parser.add_argument("--shortest", type=float, default=SHORTEST, metavar="SECONDS", help="leave out gaps below this")
    wanted = parser.parse_args(arguments)
    gaps = [gap for path in wanted.flows for gap in gaps_of(path, wanted.by)]
    dialog, session = thresholds(gaps, wanted.shortest)
    if dialog is None:
        return f"no valley in {len(gaps)} gaps: one threshold is as good as another"
    options = [f"-o dialogs.by={wanted.by}", f"-o dialogs.dialog={dialog:.3g}"]
    options += [f"-o dialogs.session={session:.3g}"] if session else []
    print(" ".join(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
