"""`dataset extract`."""

import argparse
from pathlib import Path

from deep_perception.cli.options import positive
from deep_perception.errors import InputError

HELP = "take pictures, and what was said of them, out of recordings"
EXAMPLE = """example:
  deep_perception dataset extract drive_1/ drive_2/ --out DATASET --detections /detections --stride 10"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "bags", metavar="BAG", type=Path, nargs="+", help="recording: a folder, or a .db3 or .mcap file"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder of the data set, new or not")
    parser.add_argument("--topic", metavar="T", help="topic of the pictures, if there are several")
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument("--detections", metavar="T", help="topic with boxes of the same stamps")
    labels.add_argument("--coco", metavar="FILE", type=Path, help="COCO file with boxes of these pictures")
    parser.add_argument("--stride", metavar="N", type=positive, default=1, help="every N-th picture (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Extract, and say how much it was."""
    raise InputError("nothing can be extracted yet")
