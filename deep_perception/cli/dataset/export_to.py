"""`dataset export`."""

import argparse
from pathlib import Path

from deep_perception.cli.dataset.import_from import FORMATS_IN_WORDS, format_named
from deep_perception.cli.progress import bar
from deep_perception.data.dataset import Dataset
from deep_perception.data.formats import export

HELP = "write a data set in another format"
EXAMPLE = f"""formats:
{FORMATS_IN_WORDS}

What a format cannot hold is named, with the number of pictures that lose it.

example:
  deep_perception dataset export coco DATASET OUT"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("format", metavar="FORMAT", type=format_named, help="one of those below")
    parser.add_argument("dataset", metavar="DATASET", type=Path)
    parser.add_argument("out", metavar="OUT", type=Path, help="new folder")


def run(arguments: argparse.Namespace) -> int:
    """Write all of it."""
    dataset = Dataset.open(arguments.dataset)
    with bar("export") as progress:
        export(arguments.format, dataset, arguments.out, progress)
    print(f"{arguments.out}: {len(dataset.records)} pictures")
    return 0
