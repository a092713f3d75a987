"""What a format of others is to us: something that is read into drafts, and that a data set is written to."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deep_perception.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from deep_perception.data.record import Record
from deep_perception.predictions import Image

FILE_NAME = "file_name"
"""Where `Record.more` keeps what the picture was called where it came from."""

PART_NAMES = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
"""What others call the parts."""

SHORT_NAMES = {TRAIN: "train", VALIDATION: "val", TEST: "test"}
"""What others call the parts most often."""

OTHER = "other"
"""Where pictures lie that are of no part, when others are."""


@dataclass(frozen=True, eq=False)
class Draft:
    """A picture on its way into a data set; `record` still lacks paths, and its `image` is "" or a suffix."""

    record: Record
    image: Path | bytes | Image
    pixels: NDArray[np.uint8] | None = None
    """(H, W) numbers in the source's names of pixels; 255 = unlabelled."""
    part: str | None = None


@dataclass(frozen=True, eq=False)
class Content:
    """What lies in a folder of another format."""

    drafts: Iterator[Draft]
    """Read one by one; raises InputError at the first that is damaged."""
    count: int
    """How many drafts there are."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names by kind, in the order of their numbers, used or not."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What is said of the whole, and must be there again when the data set is written in the same format."""


Loss: TypeAlias = str
"""What a format could not hold, in a few words."""

NOBODY_LOOKED: Loss = "pictures that nobody labelled, which are left out"

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many pictures are done, of how many."""


@dataclass(frozen=True)
class Format:
    """A row of FORMATS."""

    doc: str
    read: Callable[[Path], Content]
    write: Callable[[Dataset, Path], Iterator[Sequence[Loss]]]
    """Writes picture by picture into an empty folder, and says of each what was lost."""
    holds: frozenset[str]
    """What of a record it can say: keys of `exporting.SAID`."""


def part_in(name: str) -> str | None:
    """Return the part that a file or folder is named after.

    >>> part_in("instances_val2017")
    'validation'
    """
    words = re.split(r"[^a-z]+", name.lower())
    return next((PART_NAMES[word] for word in words if word in PART_NAMES), None)


def grouped(dataset: Dataset, records: Sequence[Record]) -> dict[str, list[Record]]:
    """Return the records by the short name of their part, OTHER where they are of none; by "" if there are no parts."""
    if dataset.split is None:
        return {"": list(records)}
    parts = parts_by_id(dataset)
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(SHORT_NAMES.get(parts.get(record.id, ""), OTHER), []).append(record)
    return groups


def parts_by_id(dataset: Dataset) -> dict[str, str]:
    """Return the part of each record that is in one."""
    parts = dataset.split.parts if dataset.split else {}
    return {id: part for part, ids in parts.items() for id in ids}
