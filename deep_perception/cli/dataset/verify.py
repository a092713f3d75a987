"""`dataset verify`."""

import argparse
from pathlib import Path

from deep_perception.cli.progress import bar
from deep_perception.data.mending import mend, set_lines_aside
from deep_perception.data.problems import Problem
from deep_perception.data.verification import opened, verify

HELP = "check every file, box, label and mask of a data set, and that no picture is on two sides of its split"
EXAMPLE = """It prints a line for each problem and leaves with exit code 1 if there is one.

example:
  deep_perception dataset verify DATASET --repair"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("dataset", metavar="DATASET", type=Path)
    parser.add_argument(
        "--repair",
        action="store_true",
        help="do what is safe: set damaged lines and pictures aside, clip boxes, add names, leave bad masks out",
    )


def run(arguments: argparse.Namespace) -> int:
    """Find what is wrong, mend it if asked, and print what is left."""
    problems, pictures = _verified(arguments.dataset)
    if arguments.repair:
        for done in _repaired(arguments.dataset, problems):
            print(f"mended: {done}")
        if problems:
            problems, pictures = _verified(arguments.dataset)
    for problem in problems:
        print(problem)
    count = {0: "no problem", 1: "1 problem"}.get(len(problems), f"{len(problems)} problems")
    print(f"{arguments.dataset}: {count} in {pictures} pictures")
    return 1 if problems else 0


def _verified(folder: Path) -> tuple[list[Problem], int]:
    dataset, problems = opened(folder)
    with bar("verify") as progress:
        return [*problems, *verify(dataset, progress)], len(dataset.records)


def _repaired(folder: Path, problems: list[Problem]) -> list[str]:
    moved = set_lines_aside(folder)
    done = [f"set {moved} damaged lines of the manifest aside"] if moved else []
    return [*done, *mend(folder, problems)]
