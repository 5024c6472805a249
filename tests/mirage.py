"""Compares the biflows of `rows.mirage.json` in a folder with `rows.csv` of the same run.

Numbers of lengths and gaps are worked out anew, from the arrays. Says what it compared, or ends with what differs.
"""

import csv
import json
import math
import statistics
import sys
from pathlib import Path

NANOSECONDS = 1_000_000_000
PERCENTILES = range(10, 100, 10)


def integers(text):
    return json.loads(text) if text else []


def whole(row, name):
    """Up, then down; a direction that never sent has zeros."""
    return [int(row[f"{name}_{side}"] or 0) for side in "ab"]


def name_of(row, used):
    parts = [row["src_ip"], row["src_port"] or "0", row["dst_ip"], row["dst_port"] or "0", row["l4_proto"]]
    name = ",".join(parts)
    if name in used:
        return f"{name},{row['flow_index']}"
    used.add(name)
    return name


def near(found, wanted):
    if found is None or wanted is None:
        return found is wanted
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)


def percentile(values, percent):
    place = (len(values) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


def expected_numbers(values):
    """By the definitions, one by one."""
    names = ["min", "max", "mean", "std", "var", "mad", "skew", "kurtosis", *(f"{p}_percentile" for p in PERCENTILES)]
    if not values:
        return dict.fromkeys(names)
    values = sorted(values)
    mean, median = statistics.fmean(values), statistics.median(values)
    variance = statistics.pvariance(values)
    moment = lambda power: statistics.fmean((value - mean) ** power for value in values)
    spreads = values[0] < values[-1]
    numbers = {
        "min": values[0],
        "max": values[-1],
        "mean": mean,
        "std": math.sqrt(variance),
        "var": variance,
        "mad": statistics.median(abs(value - median) for value in values),
        "skew": moment(3) / variance**1.5 if spreads else None,
        "kurtosis": moment(4) / variance**2 - 3 if spreads else None,
    }
    return numbers | {f"{p}_percentile": percentile(values, p) for p in PERCENTILES}


def check_numbers(name, found, values):
    wanted = expected_numbers(values)
    assert list(found) == list(wanted), f"{name}: {list(found)}"
    for key, value in wanted.items():
        # What is left of equal gaps is rounding alone, and so is its shape.
        if key in ("skew", "kurtosis") and values and max(values) - min(values) < 1e-9 * max(map(abs, values)):
            continue
        assert near(found[key], value), f"{name}, {key}: {found[key]} instead of {value}"


def check_packets(name, data, row):
    directions = integers(row["first_packets_direction"])
    count = len(directions)
    ports = [int(row["src_port"] or 0), int(row["dst_port"] or 0)]
    wanted = {
        "src_port": [ports[direction] for direction in directions],
        "dst_port": [ports[1 - direction] for direction in directions],
        "packet_dir": directions,
        "L4_payload_bytes": integers(row["first_packets_payload_len"]),
        "iat": [gap / NANOSECONDS for gap in integers(row["first_packets_iat"])],
        "TCP_win_size": integers(row["first_packets_tcp_window"]) or [0] * count,
        "L4_raw_payload": [[]] * count,
    }
    assert data == wanted, f"{name}: {data} instead of {wanted}"


def check_features(name, features, row):
    directions, lengths = integers(row["first_packets_direction"]), integers(row["first_packets_ip_len"])
    times = integers(row["first_packets_time"])
    for flow, wanted in ("biflow", (0, 1)), ("upstream_flow", (0,)), ("downstream_flow", (1,)):
        own = [at for at, direction in enumerate(directions) if direction in wanted]
        gaps = [(times[later] - times[at]) / NANOSECONDS for at, later in zip(own, own[1:])]
        check_numbers(f"{name}, length of {flow}", features["packet_length"][flow], [lengths[at] for at in own])
        check_numbers(f"{name}, iat of {flow}", features["iat"][flow], gaps)


def check_metadata(name, metadata, row):
    packets, payload, durations = (whole(row, part) for part in ("packets_sent", "l7_bytes_sent", "duration"))
    directions, lengths = integers(row["first_packets_direction"]), integers(row["first_packets_ip_len"])
    listed = [sum(length for at, length in enumerate(lengths) if directions[at] == side) for side in (0, 1)]
    is_whole = len(lengths) == sum(packets)
    first = min(int(row[f"time_first_{side}"]) for side in "ab" if row[f"time_first_{side}"])
    last = max(int(row[f"time_last_{side}"]) for side in "ab" if row[f"time_last_{side}"])
    wanted = {"BF_label": "", "BF_labeling_type": ""}
    parts = ("BF", sum(packets), sum(listed), sum(payload), last - first), *zip(
        ("UF", "DF"), packets, listed, payload, durations
    )
    for letters, count, ip_bytes, payload_bytes, duration in parts:
        wanted[f"{letters}_num_packets"] = count
        wanted[f"{letters}_IP_packet_bytes"] = ip_bytes if is_whole else None
        wanted[f"{letters}_L4_payload_bytes"] = payload_bytes
        wanted[f"{letters}_duration"] = duration / NANOSECONDS
    assert metadata == wanted, f"{name}: {metadata} instead of {wanted}"


def main(folder):
    biflows = json.loads((folder / "rows.mirage.json").read_text(encoding="utf-8"))
    with open(folder / "rows.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["src_ip"]]
    used = set()
    names = [name_of(row, used) for row in rows]
    assert list(biflows) == names, f"{list(biflows)} instead of {names}"
    for name, row in zip(names, rows):
        biflow = biflows[name]
        assert list(biflow) == ["packet_data", "flow_features", "flow_metadata"]
        check_packets(name, biflow["packet_data"], row)
        check_features(name, biflow["flow_features"], row)
        check_metadata(name, biflow["flow_metadata"], row)
    packets = sum(len(biflow["packet_data"]["packet_dir"]) for biflow in biflows.values())
    again = sum(name.count(",") == 5 for name in names)
    print(f"{len(biflows)} biflows with {packets} packets, {again} of names used before")


main(Path(sys.argv[1]))
