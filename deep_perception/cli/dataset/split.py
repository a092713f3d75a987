"""`dataset split`."""

import argparse
from collections import Counter
from pathlib import Path

from deep_perception.cli.progress import bar
from deep_perception.cli.tables import print_table
from deep_perception.data.dataset import SPLITS, Dataset, Split
from deep_perception.data.information import class_counts
from deep_perception.data.splits import GAP_S, PARTS, SHARES, extended, save_split, split
from deep_perception.errors import InputError

HELP = "settle which pictures are for training, for validation and for the test"
EXAMPLE = """Neighbours in time of one recording are in one part, and so are pictures that show nearly the same one
after the other, and equal pictures. Where a long recording has to be cut, those at the cut are in none.

example:
  deep_perception dataset split DATASET --shares 7:2:1 --seed 3
example, after more was collected; what is in a part stays there:
  deep_perception dataset split DATASET --extend"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("dataset", metavar="DATASET", type=Path)
    usual = ":".join(f"{share:g}" for share in SHARES)
    parser.add_argument(
        "--shares", type=_shares, default=SHARES, metavar="A:B:C", help=f"training:validation:test (default: {usual})"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, another split (default: 0)")
    parser.add_argument(
        "--gap",
        type=_seconds,
        default=GAP_S,
        metavar="S",
        help=f"seconds that neighbours are apart (default: {GAP_S:g})",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--force", action="store_true", help="split again, though it is split")
    how.add_argument("--extend", action="store_true", help="share out what is new; fill empty parts from training")


def run(arguments: argparse.Namespace) -> int:
    """Split, write it down and print how it came out."""
    dataset = Dataset.open(arguments.dataset)
    _check(dataset, arguments)
    with bar("look at pictures") as progress:
        if arguments.extend:
            settled = extended(dataset, progress)
        else:
            settled = split(dataset, arguments.shares, arguments.seed, arguments.gap, progress)
    save_split(dataset.folder, settled)
    _print(dataset, settled)
    return 0


def _check(dataset: Dataset, arguments: argparse.Namespace) -> None:
    if dataset.split is None and arguments.extend:
        raise InputError(f"{dataset.folder} is not split, expected a split to extend. Leave out --extend")
    if dataset.split is not None and not (arguments.extend or arguments.force):
        raise InputError(
            f"{dataset.folder / SPLITS} exists. Add what is new to it: --extend; or split anew: --force, "
            "but models have then learnt from pictures that will judge them"
        )


def _print(dataset: Dataset, settled: Split) -> None:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for part in PARTS:
        for one in class_counts(dataset.chosen(settled.parts[part])):
            counts.setdefault((one.kind, one.name), Counter())[part] = one.pictures
    rows = [("", "pictures", *(len(settled.parts[part]) for part in PARTS))]
    rows += [(kind, name, *(held[part] for part in PARTS)) for (kind, name), held in counts.items() if held.total()]
    print_table(("kind", "class", *PARTS), rows)
    print(f"{settled.how['groups']} groups of neighbours, {settled.how['left_out']} pictures left out at the cuts")


def _shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(":"))
    except ValueError:
        shares = ()
    if len(shares) != len(PARTS) or not all(0 <= share < 1e9 for share in shares) or shares[0] == 0:
        raise argparse.ArgumentTypeError(f"got '{text}', expected three numbers like 8:1:1, the first above 0")
    return shares


def _seconds(text: str) -> float:
    if not 0 <= (seconds := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text}, expected 0 or more")
    return seconds
