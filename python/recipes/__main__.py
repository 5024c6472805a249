"""Repeats a published system: captures in, score tables and pictures out."""

import argparse
import importlib
import sys
import time
from pathlib import Path

from .bench import Bench, RecipeError

RECIPES = ["mmtls", "apns_bursts", "apns_types", "cumma", "ima", "biflow"]
#: These need captures that cannot be made.
REAL = ["applications"]


def main(arguments=None):
    """Runs the command; gives its exit status."""
    chosen = _parser().parse_args(arguments)
    if chosen.recipe == "all" and chosen.captures:
        print("error: `all` makes its own captures; name one recipe for those in a folder", file=sys.stderr)
        return 2
    if chosen.recipe in REAL and not chosen.captures:
        print(f"error: `{chosen.recipe}` is about real captures; name their folder with --captures", file=sys.stderr)
        return 2
    bench = Bench(chosen.out, chosen.captures, chosen.labels, chosen.seed, chosen.size, chosen.rounds)
    for name in RECIPES if chosen.recipe == "all" else [chosen.recipe]:
        begun = time.monotonic()
        print(f"== {name}", flush=True)
        try:
            importlib.import_module(f"recipes.{name}").run(bench)
        except (RecipeError, ValueError, OSError) as error:
            print(f"error: {name}: {error}", file=sys.stderr)
            return 1
        print(f"{name}: {time.monotonic() - begun:.0f} s, results in {bench.out / name}", flush=True)
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="python -m recipes", description=__doc__)
    parser.add_argument("recipe", choices=[*RECIPES, *REAL, "all"])
    parser.add_argument("--captures", type=Path, help="a folder of captures; synthetic ones are made if not given")
    parser.add_argument("--labels", type=Path, help="the file of labels; labels.csv beside the captures if not given")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder for results (results)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (1)")
    parser.add_argument("--size", type=int, help="how many activities, messages, or flows are made")
    parser.add_argument("--rounds", type=int, default=10, help="folds or rounds of an evaluation (10)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
