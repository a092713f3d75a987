"""Several data sets made one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.data.dataset import PIXELS, Dataset, Split
from deep_perception.data.formats.about import ABOUT, add_about
from deep_perception.data.formats.format import parts_by_id
from deep_perception.data.formats.sources import json_of
from deep_perception.data.media import unique
from deep_perception.data.new_folder import new_folder
from deep_perception.data.record import Record
from deep_perception.data.splits import PARTS, save_split
from deep_perception.data.targets import label_map, read_numbers
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError

Progress = Callable[[int, int], None]


def merge(sources: Sequence[Dataset], out: Path, progress: Progress = lambda done, total: None) -> Dataset:
    """Write the pictures of all into a new data set, or nothing; raise InputError or StorageError.

    An id that is taken gets the name of its folder before it, unless the very same picture with the same labels has it:
    that is kept once. Classes are the same where they are called the same. Splits are kept when all have one.
    """
    with new_folder(out) as place:
        with Writer(place, durable=False) as writer:
            parts = _fill(writer, sources, progress)
        if all(source.split for source in sources):
            hows = {str(source.folder): dict(source.split.how) for source in sources if source.split}
            save_split(place, Split({part: tuple(ids) for part, ids in parts.items()}, {"merged": hows}))
    return Dataset.open(out)


def _fill(writer: Writer, sources: Sequence[Dataset], progress: Progress) -> dict[str, list[str]]:
    """Add everything, and return the ids by part."""
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    done, total = 0, sum(len(source.records) for source in sources)
    for source in sources:
        _add_names(source, writer)
        part_of = parts_by_id(source)
        for record in source.records:
            added = _added(source, record, writer)
            if added and record.id in part_of:
                parts[part_of[record.id]].append(added.id)
            progress(done := done + 1, total)
    return parts


def _add_names(source: Dataset, writer: Writer) -> None:
    for kind, names in source.labels.items():
        writer.add_names(kind, names)
    if (source.folder / ABOUT).exists():
        for format, said in json_of(source.folder / ABOUT).items():
            add_about(writer.folder, format, said)


def _added(source: Dataset, record: Record, writer: Writer) -> Record | None:
    """Return the record as it was added, or None where it is there already."""
    there = writer.records.get(record.id)
    if there and _same(source, record, writer, there):
        return None
    id = record.id if there is None else unique(f"{source.folder.resolve().name}_{record.id}", set(writer.records))
    return writer.add(
        replace(record, id=id, image=""),
        source.folder / record.image,
        pixels=_renumbered(source, record, writer),
        depth=_depth(source, record),
    )


def _same(source: Dataset, record: Record, writer: Writer, there: Record) -> bool:
    """Tell whether this very picture is there, with the same labels."""
    if replace(record, image=there.image, pixels=there.pixels, depth=there.depth) != there:
        return False
    own, other = source.folder / record.image, writer.folder / there.image
    if own.read_bytes() != other.read_bytes():
        return False
    ours = _renumbered(source, record, writer)
    if ours is None or there.pixels is None:
        return ours is None and there.pixels is None
    return np.array_equal(ours, read_numbers(writer.folder / there.pixels))


def _renumbered(source: Dataset, record: Record, writer: Writer) -> NDArray[np.uint8] | None:
    """Return the classes of pixels as the new data set numbers them."""
    return None if record.pixels is None else label_map(source, record, writer.labels[PIXELS]).labels


def _depth(source: Dataset, record: Record) -> NDArray[np.uint16] | None:
    if record.depth is None:
        return None
    depth = cv2.imread(str(source.folder / record.depth), cv2.IMREAD_UNCHANGED)
    if depth is None or depth.dtype != np.uint16:
        raise InputError(
            f"{source.folder / record.depth} is no depth that can be read. "
            f"Leave it out: deep_perception dataset verify --repair {source.folder}"
        )
    return np.asarray(depth, np.uint16)
