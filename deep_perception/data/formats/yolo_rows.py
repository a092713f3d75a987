"""The rows of a YOLO label file: a class number, and a box or the corners of a polygon as shares of the picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from deep_perception.data.formats.format import Loss
from deep_perception.data.formats.sources import box, numbers, text_of
from deep_perception.data.record import Record, Thing
from deep_perception.data.targets import mask_of
from deep_perception.errors import InputError

_OUTLINED: Loss = "masks that are not one polygon, of which the outline of the largest part was kept"
_DECIMALS = 9
_SLACK = 0.01
"""How far a share may leave 0 to 1, since tools round and people draw over the edge."""


def things_in(path: Path, names: Sequence[str], size: tuple[int, int]) -> tuple[Thing, ...]:
    """Read a label file; nothing is on a picture that has none. Raise InputError for a row that is none."""
    rows = text_of(path).splitlines() if path.exists() else []
    return tuple(
        _thing(row.split(), names, size, f"{path}, line {number}") for number, row in enumerate(rows, 1) if row.strip()
    )


def _thing(row: Sequence[str], names: Sequence[str], size: tuple[int, int], where: str) -> Thing:
    if len(row) != 5 and (len(row) < 7 or len(row) % 2 == 0):
        raise InputError(f"{where}: got {len(row)} numbers, expected a class and a box (5), or a polygon (7, 9, 11…)")
    number, *shares = numbers(row, len(row), where)
    if number not in range(len(names)):
        raise InputError(f"{where}: got class {row[0]}, expected 0 to {len(names) - 1}. Correct it, or name the class")
    if min(shares) < -_SLACK or max(shares) > 1 + _SLACK:
        raise InputError(f"{where}: got {max(shares, key=abs):g}, expected shares of width and height from 0 to 1")
    points = np.reshape(shares, (-1, 2)) * size
    if len(shares) > 4:
        corners = [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]
        return Thing(names[int(number)], box(corners, where), mask=[points.reshape(-1).tolist()])
    middle, extent = points
    corners = [*(middle - extent / 2).tolist(), *(middle + extent / 2).tolist()]
    return Thing(names[int(number)], box(corners, where))


def rows_of(record: Record, numbers: Mapping[str, int]) -> tuple[list[str], tuple[Loss, ...]]:
    """Return the rows of a picture, and what could not be said in them."""
    things = record.things or ()
    size = (record.width, record.height)
    if all(thing.mask is None for thing in things):
        return [_row(numbers[thing.name], _box_shares(thing, size)) for thing in things], ()
    # Where one row is a polygon, all are: programs that read YOLO take a box among polygons for two corners of one.
    outlines = [_outline(thing, record) for thing in things]
    rows = [
        _row(numbers[thing.name], (np.reshape(points, (-1, 2)) / size).reshape(-1).tolist())
        for thing, (points, _) in zip(things, outlines, strict=True)
    ]
    return rows, (() if all(exact for _, exact in outlines) else (_OUTLINED,))


def _row(number: int, shares: Sequence[float]) -> str:
    return " ".join([str(number), *(_share(value) for value in shares)])


def _share(value: float) -> str:
    return f"{min(max(value, 0.0), 1.0):.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _box_shares(thing: Thing, size: tuple[int, int]) -> list[float]:
    left, top, right, bottom = thing.box
    width, height = size
    return [
        (left + right) / 2 / width,
        (top + bottom) / 2 / height,
        (right - left) / width,
        (bottom - top) / height,
    ]


def _outline(thing: Thing, record: Record) -> tuple[Sequence[float], bool]:
    """The corners of a thing as x y x y ..., and whether they say all of it."""
    if isinstance(thing.mask, list) and len(thing.mask) == 1:
        return thing.mask[0], True
    left, top, right, bottom = thing.box
    corners = [left, top, right, top, right, bottom, left, bottom]
    if thing.mask is None:
        return corners, True
    found, _ = cv2.findContours(mask_of(thing, record).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(found, key=cv2.contourArea, default=None)
    if largest is None or len(largest) < 3:
        return corners, False
    return (largest.reshape(-1) + 0.5).tolist(), False  # through the middles of the pixels
