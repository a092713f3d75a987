"""`dataset merge`."""

import argparse
from pathlib import Path

from deep_perception.cli.progress import bar
from deep_perception.data.dataset import Dataset
from deep_perception.data.merging import merge

HELP = "make one data set of several"
EXAMPLE = """Classes are the same where they are called the same. Splits are kept when all have one.

example:
  deep_perception dataset merge monday/ tuesday/ ALL"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("datasets", metavar="DATASET", type=Path, nargs="+")
    parser.add_argument("out", metavar="OUT", type=Path, help="new folder")


def run(arguments: argparse.Namespace) -> int:
    """Merge and say what came out."""
    sources = [Dataset.open(folder) for folder in arguments.datasets]
    with bar("merge") as progress:
        merged = merge(sources, arguments.out, progress)
    given = sum(len(source.records) for source in sources)
    twice = f", of {given} that were given; the rest were there twice" if given > len(merged.records) else ""
    split = "the splits were kept" if merged.split else f"not split: deep_perception dataset split {arguments.out}"
    print(f"{arguments.out}: {len(merged.records)} pictures{twice}; {split}")
    return 0
