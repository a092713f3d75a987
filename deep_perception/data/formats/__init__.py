"""Formats of others: FORMATS says which there are; a data set comes from them and goes into them."""

from pathlib import Path

from deep_perception.data.dataset import Dataset
from deep_perception.data.formats import (
    coco,
    coco_writing,
    folders,
    mnist,
    pennfudan,
    pennfudan_writing,
    props,
    voc,
    voc_writing,
    yolo,
    yolo_writing,
)
from deep_perception.data.formats.exporting import IGNORED, PARTS, write_as
from deep_perception.data.formats.format import Content, Draft, Format, Progress
from deep_perception.data.formats.importing import bring_in, check
from deep_perception.data.writer import Writer
from deep_perception.durable_files import in_words
from deep_perception.errors import InputError, unknown

__all__ = ["FORMATS", "Content", "Draft", "Format", "bring_in", "export", "import_into"]

FORMATS = {
    "coco": Format(
        "COCO: JSON files of boxes, polygons, run lengths, crowds and categories",
        coco.read,
        coco_writing.write,
        frozenset([PARTS, "boxes", "masks", IGNORED, "scores", "who said it", "times"]),
    ),
    "voc": Format(
        "Pascal VOC: an XML file a picture, and masks of classes and of objects",
        voc.read,
        voc_writing.write,
        frozenset([PARTS, "boxes", "masks", IGNORED, "classes of pixels"]),
    ),
    "yolo": Format(
        "YOLO: a text file of boxes or polygons a picture, and data.yaml",
        yolo.read,
        yolo_writing.write,
        frozenset([PARTS, "boxes", "masks"]),
    ),
    "folders": Format(
        "a folder of pictures for each class",
        folders.read,
        folders.write,
        frozenset([PARTS, "tags"]),
    ),
    "pennfudan": Format(
        "Penn-Fudan: a numbered mask and a text file of boxes a picture",
        pennfudan.read,
        pennfudan_writing.write,
        frozenset(["boxes", "masks"]),
    ),
    "mnist": Format(
        "MNIST: gray pictures of one size in idx.gz files",
        mnist.read,
        mnist.write,
        frozenset([PARTS, "tags"]),
    ),
    "props": Format(
        "PROPS Detection: JSON files of boxes of ten classes",
        props.read,
        props.write,
        frozenset([PARTS, "boxes"]),
    ),
}
"""By the name that the command line uses."""


def import_into(format: str, source: Path, writer: Writer, progress: Progress = lambda done, total: None) -> int:
    """Add what is in a folder of this format, and return how many pictures that were.

    All of it is looked at first: raise InputError for what is damaged before anything is written.
    """
    read = _known(format).read
    if not source.exists():
        raise InputError(f"{source} does not exist, expected data in the format {format}")
    with in_words(f"{source} cannot be read", InputError):
        check(read(source), progress)
    return bring_in(format, read(source), writer, lambda done, total: progress(total + done, 2 * total))


def export(format: str, dataset: Dataset, out: Path, progress: Progress = lambda done, total: None) -> None:
    """Write a data set into a new or empty folder, and log once what the format cannot hold."""
    write_as(format, _known(format), dataset, out, progress)


def _known(format: str) -> Format:
    if format not in FORMATS:
        raise InputError(unknown("format", format, FORMATS))
    return FORMATS[format]
