"""What can be wrong with a record: what it says, and the files that it names."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from deep_perception.data.dataset import BACKGROUND, PIXELS, TAGS, THINGS, Dataset
from deep_perception.data.encoding import digest
from deep_perception.data.record import Record, Thing
from deep_perception.data.targets import image_of, label_map, mask_of
from deep_perception.errors import InputError
from deep_perception.predictions import UNLABELLED

SLACK = 0.5
"""Pixels by which a box may stand out: those who write them round."""

MASKS, DEPTH = "masks", "depth"
"""More that can be looked at, beside the kinds of labels: the masks of things, and depth."""

REPAIR = "verify --repair"

Mend = Callable[[Record], Record | None]
"""Returns a record without the problem, or None where it has to be set aside."""


@dataclass(frozen=True)
class Problem:
    """Something that has to be put right before anybody learns from it."""

    where: str
    what: str
    remedy: str
    record: Record | None = None
    mend: Mend | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}"


def said_problems(dataset: Dataset, record: Record, kinds: Sequence[str]) -> Iterator[Problem]:
    """Look at the labels of these kinds; no file is opened."""
    if TAGS in kinds:
        yield from _unknown(dataset, record, TAGS, [tag.name for tag in record.tags or ()])
    if THINGS in kinds:
        yield from _unknown(dataset, record, THINGS, [thing.name for thing in record.things or ()])
        for thing in record.things or ():
            yield from _box_problem(record, thing)


def _unknown(dataset: Dataset, record: Record, kind: str, said: Sequence[str]) -> Iterator[Problem]:
    known = set(dataset.labels.get(kind, ())) - {BACKGROUND}
    for name in sorted(set(said) - known):
        what, alike = f"unknown label '{name}' of {kind}", [one for one in known if folded(one) == folded(name)]
        if len(alike) == 1:
            yield Problem(record.id, what, f"Write '{alike[0]}': {REPAIR}", record, _renaming(kind, name, alike[0]))
        else:  # what a record names is added to those known when it is written again
            yield Problem(record.id, what, f"Correct it, or have it added: {REPAIR}", record, lambda same: same)


def folded(name: str) -> str:
    """Return what is the same for names that differ in case and spaces alone."""
    return " ".join(name.casefold().split())


def _renaming(kind: str, old: str, new: str) -> Mend:
    def rename(record: Record) -> Record:
        said = getattr(record, kind)
        renamed: dict[str, Any] = {kind: tuple(replace(one, name=new) if one.name == old else one for one in said)}
        return replace(record, **renamed)

    return rename


def _box_problem(record: Record, thing: Thing) -> Iterator[Problem]:
    left, top, right, bottom = thing.box
    shown = f"the box of '{thing.name}' ({', '.join(f'{number:.6g}' for number in thing.box)})"
    if not all(map(math.isfinite, thing.box)) or left >= right or top >= bottom:
        yield Problem(record.id, f"{shown} has no area", f"Remove it: {REPAIR}", record, _clipped)
    elif min(left, top) < -SLACK or right > record.width + SLACK or bottom > record.height + SLACK:
        what = f"{shown} is not inside the picture of {record.width}x{record.height}"
        yield Problem(record.id, what, f"Clip it: {REPAIR}", record, _clipped)


def _clipped(record: Record) -> Record:
    """Cut the boxes at the edge of the picture; what has no area then goes."""
    kept = []
    for thing in record.things or ():
        limits = (record.width, record.height, record.width, record.height)
        left, top, right, bottom = (min(max(at, 0.0), most) for at, most in zip(thing.box, limits, strict=True))
        if left < right and top < bottom:
            kept.append(replace(thing, box=(left, top, right, bottom)))
    return replace(record, things=tuple(kept))


@dataclass(frozen=True)
class Looked:
    """What looking at the files of a record came to."""

    record: Record
    problems: tuple[Problem, ...]
    digest: bytes | None
    """The same for equal pictures."""


def look(dataset: Dataset, record: Record, kinds: Sequence[str]) -> Looked:
    """Read the picture and, as these kinds say, classes of pixels, masks and depth."""
    problems: list[Problem] = []
    fingerprint = None
    try:
        image = image_of(dataset, record)
    except InputError as err:
        what = str(err) if (dataset.folder / record.image).is_file() else f"{record.image} does not exist"
        problems.append(Problem(record.id, what, f"Set the record aside: {REPAIR}", record, lambda _: None))
    else:
        fingerprint = digest(image)
        problems += _size_problem(record, image.shape[1], image.shape[0])
    if PIXELS in kinds and record.pixels:
        problems += _pixels_problem(dataset, record)
    if MASKS in kinds:
        problems += [found for thing in record.things or () for found in _mask_problem(record, thing)]
    if DEPTH in kinds and record.depth:
        problems += _depth_problem(dataset, record, record.depth)
    return Looked(record, tuple(problems), fingerprint)


def _size_problem(record: Record, width: int, height: int) -> Iterator[Problem]:
    if (width, height) != (record.width, record.height):
        what = f"{record.image} is {width}x{height}, expected {record.width}x{record.height}"
        yield Problem(record.id, what, "Restore the picture that was labelled, or label it again", record)


def _pixels_problem(dataset: Dataset, record: Record) -> Iterator[Problem]:
    remedy = f"Leave the mask out: {REPAIR}"
    try:
        labels = label_map(dataset, record, dataset.labels.get(PIXELS, ())).labels
    except InputError as err:
        yield Problem(record.id, _plain(err, record), remedy, record, _without_pixels)
        return
    height, width = labels.shape
    if (height, width) != (record.height, record.width):
        what = f"{record.pixels} is {width}x{height}, expected {record.width}x{record.height}"
        yield Problem(record.id, what, remedy, record, _without_pixels)
    elif (labels == UNLABELLED).all():
        yield Problem(record.id, f"no pixel of {record.pixels} is labelled", remedy, record, _without_pixels)


def _plain(err: InputError, record: Record) -> str:
    return str(err).removeprefix(f"{record.id}: ")


def _without_pixels(record: Record) -> Record:
    return replace(record, pixels=None)


def _mask_problem(record: Record, thing: Thing) -> Iterator[Problem]:
    if thing.mask is None:
        return
    try:
        empty = not mask_of(thing, record).any()
    except InputError as err:
        what = _plain(err, record)
    else:
        what = f"the mask of '{thing.name}' is empty"
        if not empty:
            return
    yield Problem(record.id, what, f"Leave the mask out: {REPAIR}", record, lambda one: _without_mask(one, thing))


def _without_mask(record: Record, thing: Thing) -> Record:
    return replace(
        record,
        things=tuple(replace(one, mask=None) if one.mask == thing.mask else one for one in record.things or ()),
    )


def _depth_problem(dataset: Dataset, record: Record, path: str) -> Iterator[Problem]:
    depth = cv2.imread(str(dataset.folder / path), cv2.IMREAD_UNCHANGED)
    if depth is None or depth.ndim != 2 or depth.dtype != np.uint16:
        what = f"{path} is no depth that can be read, expected a gray 16-bit PNG"
        yield Problem(record.id, what, f"Leave it out: {REPAIR}", record, lambda one: replace(one, depth=None))
