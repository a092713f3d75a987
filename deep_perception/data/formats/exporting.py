"""Writes a data set in another format, and says what that cannot hold."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from deep_perception.data.dataset import Dataset
from deep_perception.data.formats.format import Format, Loss
from deep_perception.data.new_folder import new_folder
from deep_perception.data.record import HUMAN, Record, Tag, Thing
from deep_perception.errors import InputError

logger = logging.getLogger(__name__)

IGNORED = "things that do not count"
SAID: Mapping[str, Callable[[Record], bool]] = {
    "tags": lambda record: bool(record.tags),
    "boxes": lambda record: bool(record.things),
    "masks": lambda record: _any(record, lambda thing: thing.mask is not None),
    IGNORED: lambda record: _any(record, lambda thing: thing.ignored),
    "scores": lambda record: any(one.score != 1 for one in _labels(record)),
    "who said it": lambda record: any(one.source != HUMAN for one in _labels(record)),
    "classes of pixels": lambda record: record.pixels is not None,
    "depth": lambda record: record.depth is not None,
    "times": lambda record: record.stamp_ns is not None,
}
"""What a record may say that not every format can."""

LABELS = ("tags", "boxes", "masks", "classes of pixels")
"""Of these a format must hold some for a data set to be written in it."""

PARTS = "which part a picture is of"


def write_as(name: str, format: Format, dataset: Dataset, folder: Path, progress: Callable[[int, int], None]) -> None:
    """Write all of it or nothing into a new or empty folder; log what was lost. Raise InputError or StorageError."""
    _check_useful(name, format, dataset)
    losses: Counter[Loss] = Counter()
    with new_folder(folder) as place:
        for number, lost in enumerate(format.write(_fit(dataset, format), place), 1):
            losses.update(lost)
            progress(number, len(dataset.records))
    for record in dataset.records:
        losses.update(what for what, said in SAID.items() if what not in format.holds and said(record))
    if dataset.split and PARTS not in format.holds:
        losses[PARTS] = len(dataset.records)
    if losses:
        counted = "; ".join(f"{what} ({count} pictures)" for what, count in losses.items())
        logger.warning("%s cannot hold all of %s. Not in it: %s", name, dataset.folder, counted)


def _fit(dataset: Dataset, format: Format) -> Dataset:
    """Leave out things that do not count where they would count from then on."""
    if IGNORED in format.holds:
        return dataset
    return replace(dataset, records=tuple(map(_counting, dataset.records)))


def _counting(record: Record) -> Record:
    if record.things is None:
        return record
    return replace(record, things=tuple(thing for thing in record.things if not thing.ignored))


def _any(record: Record, is_so: Callable[[Thing], bool]) -> bool:
    return any(map(is_so, record.things or ()))


def _labels(record: Record) -> tuple[Tag | Thing, ...]:
    return (*(record.tags or ()), *(record.things or ()))


def _check_useful(name: str, format: Format, dataset: Dataset) -> None:
    found = [what for what in LABELS if any(map(SAID[what], dataset.records))]
    if found and not format.holds.intersection(found):
        wanted = ", ".join(sorted(format.holds - {PARTS}))
        raise InputError(f"{dataset.folder} says {', '.join(found)}, but {name} is for {wanted}. Choose another format")
