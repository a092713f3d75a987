"""A data set on disk: pictures, masks, a manifest and the names of classes.

images/            the pictures
masks/             the class of each pixel, where somebody knows
depth/             16-bit millimetres, where the camera knew
manifest.jsonl     a Record a line; of two lines with one id the later counts
labels.json        names by kind, in the order of their numbers; names are only ever added
splits.json        which records are for what, when that is settled
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from deep_perception.data.manifest import read_records
from deep_perception.data.record import Record
from deep_perception.errors import InputError

FORMAT = 1
MANIFEST, LABELS, SPLITS = "manifest.jsonl", "labels.json", "splits.json"
TRAIN, VALIDATION, TEST = "train", "validation", "test"
TAGS, THINGS, PIXELS = "tags", "things", "pixels"
"""Kinds of labels, each with names of its own; named as the fields of a Record that hold them."""

BACKGROUND = "__background__"
"""Number 0 of things and pixels, as torchvision counts."""


@dataclass(frozen=True)
class Split:
    """Which records are for learning, for choosing and for judging, and how that was settled."""

    parts: Mapping[str, tuple[str, ...]]
    """Ids by part: train, validation, test."""
    how: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Dataset:
    """What is on disk, read once; pictures are read when they are asked for."""

    folder: Path
    records: tuple[Record, ...]
    """In the order of the manifest, the latest of each id."""
    labels: Mapping[str, tuple[str, ...]]
    """Names by kind."""
    split: Split | None = None

    @classmethod
    def open(cls, folder: str | Path) -> "Dataset":
        """Read the manifest; raise InputError for what cannot be read."""
        folder = Path(folder).expanduser()
        if not (folder / MANIFEST).is_file():
            raise InputError(_missing(folder))
        records = read_records(folder / MANIFEST)
        return cls(folder, tuple(records.values()), read_labels(folder), read_split(folder))

    def part(self, name: str) -> tuple[Record, ...]:
        """Return the records of a part; raise InputError where the data set is not split, or the part is empty."""
        if self.split is None:
            raise InputError(f"{self.folder} is not split. Split it: deep_perception dataset split {self.folder}")
        chosen = tuple(self._by_id[one] for one in self.split.parts.get(name, ()) if one in self._by_id)
        if not chosen:
            remedy = f"Take it out of training: deep_perception dataset split --extend {self.folder}"
            raise InputError(f"{self.folder}: its part '{name}' is empty. {remedy}")
        return chosen

    def chosen(self, ids: Sequence[str]) -> "Dataset":
        """Return the data set of these records alone."""
        return replace(self, records=tuple(self._by_id[one] for one in ids), split=None)

    @cached_property
    def _by_id(self) -> dict[str, Record]:
        return {record.id: record for record in self.records}


def _missing(folder: Path) -> str:
    if not folder.exists():
        return f"{folder} does not exist, expected the folder of a data set"
    return (
        f"{folder} holds no {MANIFEST}, so it is no data set. If it is in another format: "
        f"deep_perception dataset import FORMAT {folder} OUT"
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"{path} cannot be read ({' '.join(str(err).split())})") from err


def read_labels(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the names by kind; raise InputError where they cannot be read."""
    if not (folder / LABELS).exists():
        return {}
    try:
        said = json.loads(_text(folder / LABELS))
        if said["format"] > FORMAT:
            raise InputError(f"{folder} has format {said['format']}, expected at most {FORMAT}. Update deep_perception")
        return {kind: tuple(map(str, names)) for kind, names in said["labels"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise InputError(f"{folder / LABELS} is damaged ({err}), expected names by kind") from err


def read_split(folder: Path) -> Split | None:
    """Return the split, None where there is none; raise InputError where it cannot be read."""
    if not (folder / SPLITS).exists():
        return None
    try:
        said = json.loads(_text(folder / SPLITS))
        return Split({part: tuple(ids) for part, ids in said["parts"].items()}, said["how"])
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise InputError(f"{folder / SPLITS} is damaged ({err}). Split again") from err
