#!/usr/bin/env python3
"""Builds weir tuned to what its runs do: the compiler learns from them which way the program mostly goes.

    python3 benches/tune.py

The tuned program and its plugins are then in `target/tuned/release`, and write the rows that those of
`cargo build --release` write. Three steps: a build that counts, runs of it over synthetic captures, and a build that
reads the counts. On two cores that takes five to ten minutes. Needs Python 3.10, cargo, and llvm-profdata of the
compiler's LLVM (`rustup component add llvm-tools`, or Debian's package llvm-22 for LLVM 22).
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
WORK = TARGET / "tuned"
# Where the tuned program and its plugins are.
TUNED = WORK / "release"
COUNTING = WORK / "counting"
COUNTS = WORK / "counts"
CAPTURES = WORK / "captures"
ROWS = WORK / "rows"
# Not the seed of any bench: nobody should be measured on what they learned by heart.
SEED = 5
PACKETS, FLOWS = 200_000, 12_500
# All that read bytes of messengers, and what people ask for beside the standard set.
MORE_PLUGINS = "mmtls apns lengths bursts first_packets tls dns http dialogs exact_stats".split()


class Failure(Exception):
    """What went wrong, for people."""


def main():
    try:
        tune()
    except Failure as failure:
        sys.exit(f"error: {failure}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: `{' '.join(map(str, error.cmd))}` ended with {error.returncode}")
    except OSError as error:
        sys.exit(f"error: {error.filename}: {error.strerror}")


def tune():
    profdata = find_profdata()
    WORK.mkdir(parents=True, exist_ok=True)
    step("captures to learn from")
    captures = make_captures()
    step("a build that counts")
    build(COUNTING, f"-Cprofile-generate={COUNTS}")
    # Counts of earlier sources, and those of what only builds need: they went through the same compiler.
    shutil.rmtree(COUNTS, ignore_errors=True)
    step("runs that are counted")
    learned = run_all(COUNTING, captures)
    profile = merge(profdata)
    step("the tuned build")
    build(WORK, f"-Cprofile-use={profile}")
    step("the same rows")
    if run_all(WORK, captures) != learned:
        raise Failure("the tuned build makes other rows than the build that counted; please report this")
    print(f"{TUNED / 'weir'} is tuned; its plugins lie beside it")


def step(text):
    print(f"== {text}", flush=True)


def run(command, **options):
    return subprocess.run(command, check=True, **options)


def find_profdata():
    """The llvm-profdata that reads what this compiler's programs count."""
    verbose = run(["rustc", "-vV"], capture_output=True, text=True).stdout
    wanted = re.search(r"LLVM version: (\d+)", verbose)[1]
    host = re.search(r"host: (\S+)", verbose)[1]
    sysroot = run(["rustc", "--print", "sysroot"], capture_output=True, text=True).stdout.strip()
    places = [
        Path(sysroot, "lib", "rustlib", host, "bin", "llvm-profdata"),
        shutil.which(f"llvm-profdata-{wanted}"),
        shutil.which("llvm-profdata"),
    ]
    for place in filter(None, places):
        if Path(place).exists() and llvm_version(place) == wanted:
            return place
    raise Failure(
        f"there is no llvm-profdata of LLVM {wanted}, which this rustc is made with; "
        f"`rustup component add llvm-tools` brings it, or the package llvm-{wanted} of Debian"
    )


def llvm_version(profdata):
    """None where it does not say: that of LLVM 14 knows no such option."""
    printed = subprocess.run([profdata, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"LLVM version (\d+)", printed)
    return found[1] if found else None


def merge(profdata):
    """One file of all counts, named by what is in it: cargo builds anew when a flag changes, not when a file does."""
    merged = WORK / "weir.profdata"
    run([profdata, "merge", "--sparse", "-o", merged, COUNTS])
    digest = hashlib.sha256(merged.read_bytes()).hexdigest()[:16]
    return merged.rename(WORK / f"weir-{digest}.profdata")


def make_captures():
    """A large one of everyday flows, and small ones of all protocols and messengers that we can make."""
    run(["cargo", "build", "--quiet", "--release", "-p", "weir-traffic"], cwd=ROOT)
    CAPTURES.mkdir(exist_ok=True)
    generator = TARGET / "release" / "weir-traffic"
    kinds = {"flows": ["bench", str(PACKETS), str(FLOWS), str(SEED)], "sample": ["sample"], "messaging": ["messaging"]}
    paths = {name: CAPTURES / f"{name}.pcap" for name in kinds}
    for name, arguments in kinds.items():
        with paths[name].open("wb") as out:
            run([generator, *arguments], stdout=out)
    return paths


def build(target, flag):
    """A release build in a folder of its own, with a flag for the compiler."""
    # Encoded, since a folder may have spaces in its name.
    flags = "\x1f".join([*os.environ.get("RUSTFLAGS", "").split(), flag])
    environment = {**os.environ, "CARGO_ENCODED_RUSTFLAGS": flags}
    run(["cargo", "build", "--quiet", "--release", "--target-dir", target], cwd=ROOT, env=environment)


def run_all(target, captures):
    """All kinds of runs of a build; gives the rows, by the name of their file."""
    shutil.rmtree(ROWS, ignore_errors=True)
    ROWS.mkdir()
    # What people have set for runs of their own, such as a folder of plugins, is not to be learned.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    standard, more = [], ["-p", ",".join(f"+{plugin}" for plugin in MORE_PLUGINS)]
    runs = [
        ("one.csv", ["-j", "1"], standard),
        ("two.csv", ["-j", "2"], standard),
        ("two.parquet", ["-j", "2"], standard),
        ("more.csv", ["-j", "1"], more),
    ]
    for name, workers, plugins in runs:
        for capture in captures.values():
            out = ROWS / f"{capture.stem}-{name}"
            command = [target / "release" / "weir", "--quiet", *workers, *plugins, "-w", out, capture]
            run(command, env=environment)
    # A Parquet file names the program that wrote it and what it read; texts have to be the same.
    return {path.name: path.read_bytes() for path in ROWS.glob("*.csv")}


if __name__ == "__main__":
    main()
