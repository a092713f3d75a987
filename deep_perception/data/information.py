"""What is in a data set, counted."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from deep_perception.data.dataset import BACKGROUND, PIXELS, TAGS, THINGS, Dataset
from deep_perception.data.record import HUMAN, MODEL, Record
from deep_perception.data.repair import size_of
from deep_perception.data.targets import read_numbers


@dataclass(frozen=True)
class ClassCount:
    """How often a class was named, and in how many pictures."""

    kind: str
    name: str
    pictures: int
    by_human: int
    by_model: int


@dataclass(frozen=True)
class Information:
    """A data set in figures."""

    folder: str
    pictures: int
    bytes: int
    recordings: tuple[str, ...]
    cameras: tuple[str, ...]
    first_ns: int | None
    last_ns: int | None
    labelled: dict[str, int]
    """Pictures by the kind that somebody looked for."""
    classes: tuple[ClassCount, ...]
    parts: dict[str, int] | None
    """Pictures by part; None: not split."""
    in_no_part: int


def information(dataset: Dataset) -> Information:
    """Count; masks are read, pictures are not. Raise InputError for a mask that cannot be read."""
    stamps = [record.stamp_ns for record in dataset.records if record.stamp_ns is not None]
    known = {record.id for record in dataset.records}
    parts = dataset.split.parts if dataset.split else {}
    return Information(
        folder=str(dataset.folder),
        pictures=len(dataset.records),
        bytes=size_of(dataset.folder),
        recordings=_names(record.recording for record in dataset.records),
        cameras=_names(record.camera for record in dataset.records),
        first_ns=min(stamps, default=None),
        last_ns=max(stamps, default=None),
        labelled={
            kind: sum(getattr(one, kind) is not None for one in dataset.records) for kind in (TAGS, THINGS, PIXELS)
        },
        classes=tuple(class_counts(dataset)),
        parts={part: len(known.intersection(ids)) for part, ids in parts.items()} if dataset.split else None,
        in_no_part=len(known.difference(*parts.values())),
    )


def _names(said: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(said) - {""}))


def class_counts(dataset: Dataset) -> Iterable[ClassCount]:
    """Yield every class that is known or named, those of a kind in the order of their numbers."""
    pictures: Counter[tuple[str, str]] = Counter()
    named: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for record in dataset.records:
        said = list(_said(dataset, record))
        pictures.update({(kind, name) for kind, name, _ in said})
        for kind, name, source in said:
            named[kind, name][source] += 1
    known = [(kind, name) for kind in (TAGS, THINGS, PIXELS) for name in dataset.labels.get(kind, ())]
    for kind, name in dict.fromkeys([*known, *named]):
        if (kind, name) != (THINGS, BACKGROUND):
            counts = named[kind, name]
            yield ClassCount(kind, name, pictures[kind, name], counts[HUMAN], counts[MODEL])


def _said(dataset: Dataset, record: Record) -> Iterable[tuple[str, str, str]]:
    """Yield kind, name and source; a class of pixels counts once in a picture."""
    for kind, said in ((TAGS, record.tags), (THINGS, record.things)):
        yield from ((kind, one.name, one.source) for one in said or ())
    if record.pixels:
        names = dataset.labels.get(PIXELS, ())
        for number in np.unique(read_numbers(dataset.folder / record.pixels)).tolist():
            if number < len(names):
                yield PIXELS, names[number], record.pixels_source
