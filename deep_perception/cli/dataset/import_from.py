"""`dataset import`."""

import argparse
from pathlib import Path

from deep_perception.cli.progress import bar
from deep_perception.data.dataset import Dataset
from deep_perception.data.formats import FORMATS, import_into
from deep_perception.data.splits import PARTS
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError, unknown

HELP = "bring data in another format into a data set, new or not"

_WIDTH = max(map(len, FORMATS)) + 2
FORMATS_IN_WORDS = "\n".join(f"  {name:<{_WIDTH}}{one.doc}" for name, one in FORMATS.items())
EXAMPLE = f"""formats:
{FORMATS_IN_WORDS}

What is there already is not added twice. If the data comes in parts (train, val, test), so is the data set split.

example:
  deep_perception dataset import pennfudan PennFudanPed/ DATASET"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("format", metavar="FORMAT", type=format_named, help="one of those below")
    parser.add_argument("source", metavar="SRC", type=Path, help="folder of the data")
    parser.add_argument("out", metavar="OUT", type=Path, help="folder of the data set")


def run(arguments: argparse.Namespace) -> int:
    """Read all, then write, then say how much it was."""
    if not arguments.source.exists():
        raise InputError(f"{arguments.source} does not exist, expected data in the format {arguments.format}")
    with bar("import") as progress, Writer(arguments.out, durable=False) as writer:
        added = import_into(arguments.format, arguments.source, writer, progress)
    dataset = Dataset.open(arguments.out)
    print(f"{arguments.out}: {added} pictures added, {len(dataset.records)} in all{left_to_do(dataset)}")
    return 0


def left_to_do(dataset: Dataset) -> str:
    """Say how to split what is not, or not into all parts."""
    if dataset.split is None:
        return f". Split it: deep_perception dataset split {dataset.folder}"
    empty = [part for part in PARTS if not dataset.split.parts.get(part)]
    return (
        f". It has no {' and no '.join(empty)}: deep_perception dataset split --extend {dataset.folder}"
        if empty
        else ""
    )


def format_named(text: str) -> str:
    """Refuse a format that there is none of."""
    if text not in FORMATS:
        raise argparse.ArgumentTypeError(unknown("format", text, FORMATS))
    return text
