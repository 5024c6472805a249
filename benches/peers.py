#!/usr/bin/env python3
"""How fast are whole processes of weir beside other flow exporters, over the same capture?

The capture is synthetic (`weir-traffic bench`). Each program runs alone, all in turn, in several rounds; what a
program says of packets and flows is compared with what was made. `cat` to /dev/null is the floor.

Needs Linux, Python 3.10, and cargo. Peers are found, not installed: softflowd and argus on the PATH (Debian:
`softflowd`, `argus-server`, and `argus-client` for racount, which checks argus), NFStream in a Python that
`--nfstream-python` names. What is missing is named and left out.
"""

import argparse
import csv
import datetime
import json
import os
import platform
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from tune import ROOT, TARGET, TUNED, Failure, tune

RELEASE = TARGET / "release"
WORK = TARGET / "peers"
SEED = 20_261_120
NFSTREAM_VERSION = "6.6.0"
# Where other processes take more than this share of the processors, times say little.
QUIET = 0.05

NFSTREAM = """
import sys
from nfstream import NFStreamer
if __name__ == "__main__":
    NFStreamer(source=sys.argv[1], n_dissections=0, statistical_analysis=True).to_csv(path=sys.argv[2])
"""


@dataclass(frozen=True)
class Capture:
    path: Path
    packets: int
    flows: int

    @property
    def name(self):
        return f"{self.packets:,} packets, {self.flows:,} flows"


@dataclass(frozen=True)
class Run:
    """One process: seconds of clock, seconds of user and system, the peak of its memory in bytes, and the seconds
    of user and system that other processes took meanwhile."""

    clock: float
    cpu: float
    peak: int
    others: float


@dataclass(frozen=True)
class Answer:
    """What a program says that it saw; None where it does not say."""

    packets: int | None
    flows: int | None


@dataclass
class Program:
    name: str
    version: str
    # As people would type it, without folders.
    shown: str
    command: Callable[[Capture], list]
    # Made from the capture and what the program printed.
    answer: Callable[[Capture, str], Answer]
    # The most rows that it may make of one flow, as a mean.
    flows_at_most: float = 1.0
    most_rounds: int | None = None
    is_weir: bool = False
    runs: list = field(default_factory=list)
    capture: Capture | None = None
    found: Answer | None = None

    def median(self, figure):
        return statistics.median(getattr(run, figure) for run in self.runs)

    def ns_per_packet(self, figure):
        return self.median(figure) * 1e9 / self.capture.packets


def main():
    arguments = parse_arguments()
    try:
        compare(arguments)
    except Failure as failure:
        sys.exit(f"error: {failure}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--packets", type=int, default=4_000_000)
    parser.add_argument("--flows", type=int, default=250_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="NFStream reads a capture of a tenth")
    parser.add_argument("--tuned", action="store_true", help="build with tune.py and measure that, too")
    parser.add_argument("--no-build", action="store_true", help="take the programs that are built")
    parser.add_argument("--nfstream-python", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--record", metavar="NAME", help="write benches/record/NAME.md, too")
    return parser.parse_args()


def compare(arguments):
    if not arguments.no_build:
        build()
        if arguments.tuned:
            tune()
    WORK.mkdir(parents=True, exist_ok=True)
    whole = make_capture(arguments.packets, arguments.flows)
    tenth = make_capture(arguments.packets // 10, arguments.flows // 10) if arguments.quick else whole
    # Nobody reads from it: the kernel drops what does not fit, which costs no one time.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        programs, missing = find_programs(arguments, collector.getsockname()[1])
        for program in programs:
            program.capture = tenth if program.name == "NFStream" else whole
        measure(programs, arguments.rounds)
    report = "\n".join(report_lines(programs, missing, whole, arguments))
    print(report)
    if arguments.record:
        write_record(arguments, report)


def build():
    for packages in [[], ["-p", "weir-traffic"]]:
        subprocess.run(["cargo", "build", "--quiet", "--release", *packages], cwd=ROOT, check=True)


def make_capture(packets, flows):
    """A capture that is made anew when its generator is newer."""
    generator = RELEASE / "weir-traffic"
    if not generator.exists():
        raise Failure("weir-traffic is not built; leave out --no-build")
    path = WORK / f"bench-{packets}-{flows}-{SEED}.pcap"
    if not path.exists() or path.stat().st_mtime < generator.stat().st_mtime:
        partial = path.with_suffix(".partial")
        with partial.open("wb") as out:
            subprocess.run([generator, "bench", str(packets), str(flows), str(SEED)], stdout=out, check=True)
        partial.rename(path)
    read_from_disk(path)
    return Capture(path, packets, flows)


def read_from_disk(path):
    """Has the page cache hold a file as it holds those that were read, in large pieces. What was written a few KiB at a
    time stands there in small ones, which the kernel hands out at half the speed."""
    with path.open("rb", buffering=0) as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while file.read(1 << 20):
            pass


# Programs


def find_programs(arguments, collector_port):
    """Those that are there, and a sentence for each that is not."""
    programs, missing = [floor(), *weir_variants("weir", RELEASE)], []
    if arguments.tuned:
        programs += weir_variants("tuned weir", TUNED)
    for found in [find_softflowd(collector_port), find_argus(), find_nfstream(arguments.nfstream_python)]:
        (missing if isinstance(found, str) else programs).append(found)
    return programs, missing


def floor():
    def command(capture):
        return ["cat", capture.path]

    return Program("cat", first_line("cat", "--version"), "cat FILE > /dev/null", command, no_answer)


def weir_variants(name, build):
    weir = build / "weir"
    if not weir.exists():
        raise Failure(f"{name} is not built; leave out --no-build")
    variants = [weir_variant(name, weir, threads, "csv") for threads in (1, 2)]
    if "parquet" in output_of(weir, "--help").lower():
        variants.append(weir_variant(name, weir, 2, "parquet"))
    return variants


def weir_variant(build, weir, threads, extension):
    def command(capture):
        return [weir, "-q", "-j", str(threads), "--summary", result("json"), "-w", result(extension), capture.path]

    def answer(capture, printed):
        summary = json.loads(result("json").read_text())
        return Answer(summary["packets"]["in_flows"], summary["flows"]["conversations"])

    name = f"{build} -j {threads}" + ("" if extension == "csv" else f", {extension}")
    shown = f"weir -q -j {threads} -w ROWS.{extension} FILE"
    version = first_line(weir, "--version") + (", built by tune.py" if build != "weir" else "")
    return Program(name, version, shown, command, answer, is_weir=True)


def find_softflowd(port):
    softflowd = find_system_program("softflowd")
    if not softflowd:
        return "softflowd is not installed (Debian package `softflowd`)"

    options = ["-v", "9", "-m", "10000000", "-c", "none"]

    def command(capture):
        return [softflowd, "-r", capture.path, "-n", f"127.0.0.1:{port}", *options]

    def answer(capture, printed):
        packets, flows = number(r"Packets processed: (\d+)", printed), number(r"Flows expired: (\d+)", printed)
        return Answer(packets, flows)

    version = number_text(r"version (\S+)\.", output_of(softflowd, "-h"))
    shown = " ".join(["softflowd -r FILE -n COLLECTOR", *options])
    # An echo request and its answer differ in type and are two flows to softflowd.
    return Program("softflowd", f"softflowd {version}", shown, command, answer, flows_at_most=1.05)


def find_argus():
    argus = find_system_program("argus")
    if not argus:
        return "argus is not installed (Debian package `argus-server`)"

    def command(capture):
        return [argus, "-X", "-r", capture.path, "-w", result("argus")]

    version = number_text(r"Argus Version (\S+)", output_of(argus, "-h"))
    shown = "argus -X -r FILE -w RECORDS"
    # Long flows have a record for each minute.
    return Program("argus", f"argus {version}", shown, command, answer_of_argus, flows_at_most=1.5)


def answer_of_argus(capture, printed):
    racount = find_system_program("racount")
    if not racount:
        return no_answer(capture, printed)
    found = re.search(r"sum\s+(\d+)\s+(\d+)", output_of(racount, "-X", "-r", result("argus")))
    if not found:
        raise Failure("racount cannot read what argus wrote")
    return Answer(packets=int(found[2]), flows=int(found[1]))


def find_nfstream(python):
    version = output_of(python, "-c", "import nfstream; print('nfstream', nfstream.__version__)").split()
    if version[:1] != ["nfstream"]:
        return (
            f"NFStream is not installed (`pip install nfstream=={NFSTREAM_VERSION}` into a virtual environment, "
            "then `--nfstream-python ITS_PYTHON`)"
        )
    if version[1] != NFSTREAM_VERSION:
        return f"NFStream is of version {version[1]}; measured is {NFSTREAM_VERSION}"
    script = WORK / "nfstream_to_csv.py"
    script.write_text(NFSTREAM)

    def command(capture):
        return [python, script, capture.path, result("csv")]

    shown = "NFStreamer(source=FILE, n_dissections=0, statistical_analysis=True).to_csv(ROWS)"
    # It ends flows after half an hour.
    return Program(
        "NFStream", f"NFStream {NFSTREAM_VERSION}", shown, command, answer_of_nfstream, 1.05, most_rounds=3
    )


def answer_of_nfstream(capture, printed):
    with result("csv").open(newline="") as rows:
        packets = flows = 0
        for row in csv.DictReader(rows):
            packets += int(row["bidirectional_packets"])
            flows += 1
    return Answer(packets, flows)


def no_answer(capture, printed):
    return Answer(None, None)


def find_system_program(name):
    """On the PATH or where Debian keeps what root runs."""
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def output_of(*command):
    """What a program prints; nothing if there is no such program."""
    try:
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError:
        return ""
    return ended.stdout


def first_line(*command):
    return output_of(*command).splitlines()[0]


def number_text(pattern, text):
    found = re.search(pattern, text)
    return found[1] if found else "of unknown version"


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found[1]) if found else None


# Measuring


def result(extension):
    return WORK / f"result.{extension}"


def measure(programs, rounds):
    for at in range(rounds):
        for program in programs:
            if program.most_rounds is None or at < program.most_rounds:
                print(f"round {at + 1} of {rounds}: {program.name}", file=sys.stderr)
                measure_once(program)


def measure_once(program):
    for path in WORK.glob("result.*"):
        path.unlink()
    # What others wrote is not to reach the disk now; the capture is to be in memory.
    os.sync()
    touch(program.capture.path)
    printed = WORK / "printed.txt"
    run = run_process(program.command(program.capture), Path(os.devnull) if program.name == "cat" else printed)
    text = printed.read_text(errors="replace") if printed.exists() else ""
    program.runs.append(run)
    program.found = program.answer(program.capture, text)
    check(program)


def touch(path):
    with path.open("rb", buffering=0) as capture:
        chunk = bytearray(1 << 20)
        while capture.readinto(chunk):
            pass


def run_process(command, printed):
    """Children that the process waited for count as its own; the peak is that of the largest process."""
    with printed.open("wb") as out:
        started, busy_before = time.monotonic(), busy_seconds()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=WORK)
        _, status, usage = os.wait4(child.pid, 0)
        clock, busy = time.monotonic() - started, busy_seconds() - busy_before
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise Failure(f"`{command[0]}` ended with status {child.returncode}; see {printed}")
    cpu = usage.ru_utime + usage.ru_stime
    # The kernel rounds the one to ticks and not the other.
    return Run(clock, cpu, usage.ru_maxrss * 1024, others=max(0.0, busy - cpu))


def busy_seconds():
    """What all processors have spent on anything but idling and waiting for disks since the start (proc(5))."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def check(program):
    """Every packet is counted, and flows are as many as were made, or as many more as is known why."""
    capture, found = program.capture, program.found
    if found.packets not in (None, capture.packets):
        raise Failure(f"{program.name} saw {found.packets} packets of {capture.packets}")
    if found.flows is not None and not capture.flows <= found.flows <= capture.flows * program.flows_at_most:
        raise Failure(f"{program.name} saw {found.flows} flows of {capture.flows}")


# Reporting


def report_lines(programs, missing, whole, arguments):
    yield from machine_table(programs, whole, arguments)
    yield from figures_table(programs, whole)
    yield from ratios_table(programs)
    yield "What was run:"
    yield ""
    for program in programs:
        yield f"- {program.version}: `{program.shown}`"
    for sentence in missing:
        yield f"- left out: {sentence}"


def machine_table(programs, whole, arguments):
    cpu = number_text(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    share = share_of_others(programs)
    busy = "" if share <= QUIET else " **(not quiet: do not cite these figures)**"
    yield "| | |"
    yield "| --- | --- |"
    yield f"| machine | {cpu}, {len(os.sched_getaffinity(0))} cores |"
    yield f"| kernel | {platform.system()} {platform.release()} |"
    yield f"| commit of weir | {commit()} |"
    yield f"| date | {datetime.date.today()} |"
    yield f"| other processes took | {share:.0%} of the processors{busy} |"
    yield f"| capture | synthetic, {whole.name}, {whole.path.stat().st_size / 1e6:,.0f} MB, in the page cache, where it was read from the disk |"
    yield f"| rounds | {arguments.rounds}, all programs in turn; medians |"
    yield ""


def share_of_others(programs):
    runs = [run for program in programs for run in program.runs]
    return sum(run.others for run in runs) / sum(run.clock for run in runs) / os.cpu_count()


def commit():
    name = output_of("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip()
    is_changed = output_of("git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no").strip()
    return f"{name}, with changes" if is_changed else name


def figures_table(programs, whole):
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield "| program | clock, s | CPU, s | clock, ns a packet | CPU, ns a packet | peak, MiB | packets | flows |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for program in programs:
        figures = [
            f"{program.median('clock'):.2f}",
            f"{program.median('cpu'):.2f}",
            f"{program.ns_per_packet('clock'):.0f}",
            f"{program.ns_per_packet('cpu'):.0f}",
            f"{program.median('peak') / 2**20:.0f}",
            *(f"{count:,}" if count is not None else "" for count in (program.found.packets, program.found.flows)),
        ]
        yield f"| {program.name} | {' | '.join(figures)} |"
    yield ""
    yield "CPU is user and system, of all processes of a program; the peak is that of its largest process, and not"
    yield f"told below {own:.0f} MiB, which the measuring script takes. Packets and flows are what a program says."
    yield from exceptions(programs, whole)
    yield ""


def exceptions(programs, whole):
    most = max(len(program.runs) for program in programs)
    for program in programs:
        if len(program.runs) < most:
            yield f"{program.name} ran in the first {len(program.runs)} rounds only."
        if program.capture != whole:
            yield f"{program.name} read a smaller capture: {program.capture.name}."
        if program.found.flows not in (None, program.capture.flows):
            yield f"{program.name} makes {program.found.flows:,} records of {program.capture.flows:,} flows."


def ratios_table(programs):
    peers = [program for program in programs if not program.is_weir]
    heads = [f"{peer.name}, {figure}" for peer in peers for figure in ("clock", "CPU")]
    yield "Time of weir a packet, divided by that of the other; below 1 weir is the faster one:"
    yield ""
    yield f"| | {' | '.join(heads)} |"
    yield f"| --- |{' ---: |' * len(heads)}"
    for variant in programs:
        if variant.is_weir:
            ratios = [
                f"{variant.ns_per_packet(figure) / peer.ns_per_packet(figure):.3f}"
                for peer in peers
                for figure in ("clock", "cpu")
            ]
            yield f"| {variant.name} | {' | '.join(ratios)} |"
    yield ""


def write_record(arguments, report):
    path = ROOT / "benches" / "record" / f"{arguments.record}.md"
    repeat = repeat_command(arguments)
    path.write_text(f"# weir beside its peers\n\n{report}\n\nThis repeats it:\n\n    {repeat}\n")
    print(f"record: {path}", file=sys.stderr)


def repeat_command(arguments):
    """The command line without folders."""
    quick = " --quick" if arguments.quick else ""
    sizes = f"--packets {arguments.packets} --flows {arguments.flows} --rounds {arguments.rounds}"
    tuned = " --tuned" if arguments.tuned else ""
    return f"python3 benches/peers.py {sizes}{quick}{tuned} --nfstream-python PYTHON"


if __name__ == "__main__":
    main()
