"""`dataset extract`."""

import argparse
from pathlib import Path

from deep_perception.cli.dataset.import_from import left_to_do
from deep_perception.cli.options import positive
from deep_perception.cli.progress import bar
from deep_perception.data.dataset import Dataset
from deep_perception.data.extraction import extract
from deep_perception.data.formats.importing import bring_in
from deep_perception.data.record import HUMAN, MODEL
from deep_perception.data.writer import Writer

HELP = "take pictures, and what was said of them, out of recordings"
EXAMPLE = """What is there already is not added twice.

example:
  deep_perception dataset extract drive_1/ drive_2/ --out DATASET --detections /detections --stride 10
  deep_perception dataset extract drive_1/ --out DATASET --coco boxes.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "bags", metavar="BAG", type=Path, nargs="+", help="recording: a folder, or a .db3 or .mcap file"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder of the data set, new or not")
    parser.add_argument("--topic", metavar="T", help="topic of the pictures, if there are several")
    parser.add_argument("--detections", metavar="T", help="topic of a Detection2DArray or Classification of each stamp")
    parser.add_argument(
        "--source", choices=(MODEL, HUMAN), default=MODEL, help="who gave what is on that topic (default: model)"
    )
    parser.add_argument("--coco", metavar="FILE", type=Path, help="COCO file, or JSON of boxes by stamp, from people")
    parser.add_argument(
        "--class", dest="name", metavar="NAME", default="", help="class of boxes in FILE that name none"
    )
    parser.add_argument("--stride", metavar="N", type=positive, default=1, help="every N-th picture (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Look at all recordings, then extract, and say how much it was."""
    contents = [
        extract(
            bag,
            topic=arguments.topic,
            answers=arguments.detections,
            truth=arguments.coco,
            name=arguments.name,
            source=arguments.source,
            stride=arguments.stride,
        )
        for bag in arguments.bags
    ]
    with Writer(arguments.out, durable=False) as writer:
        for bag, content in zip(arguments.bags, contents, strict=True):
            with bar(bag.name) as progress:
                added = bring_in("bag", content, writer, progress)
            print(f"{bag}: {added} pictures added")
    dataset = Dataset.open(arguments.out)
    print(f"{arguments.out}: {len(dataset.records)} pictures{left_to_do(dataset)}")
    return 0
