"""What is right and wrong in one picture of things, by their size: counts small enough to hold those of many hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from faster_coco_eval.core import mask as run_lengths
from numpy.typing import NDArray

from deep_perception.evaluation.bags.packing import Packed, unpacked
from deep_perception.evaluation.coco_matching import MOST, NEITHER, OVERLAPS, WRONG, Verdicts, matched, overlaps

SIZES = {"": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
"""COCO's ranges of the area, in pixels; what lies on a border belongs to both."""
AREAS = np.array(list(SIZES.values()))
LEFT_OUT = -1
"""Instead of a class: what counts neither way."""
_PARTS = ("found", "truth", "ignored")


@dataclass(frozen=True, eq=False)
class ThingCounts:
    """What was found in one picture, and what there was to find."""

    by_size: tuple[Verdicts, ...]
    """In the order of SIZES."""
    met: tuple[NDArray[np.int16], NDArray[np.int16]]
    """Places of findings that show a thing, of whatever class, each thing once; and the class of that thing."""
    by_boxes: Verdicts | None = None
    """Where masks are judged: the same by boxes."""

    @property
    def verdicts(self) -> Verdicts:
        """Return those on things of every size."""
        return self.by_size[0]


def thing_counts(evidence: Mapping[str, Any], *, named: bool = True) -> ThingCounts:
    """Judge one picture; things that are not `named` are all of one class."""
    found, truth, ignored = (unpacked(evidence[name]) if name in evidence else None for name in _PARTS)
    assert found is not None and truth is not None
    wanted = [truth, ignored] if ignored is not None else [truth]
    seen = _Seen(found, wanted, len(truth.labels), named)
    of_boxes = None
    if found.runs is not None:
        by_boxes = [replace(one, runs=None) for one in (found, *wanted)]
        of_boxes = _Seen(by_boxes[0], by_boxes[1:], len(truth.labels), named).verdicts(AREAS[:1])[0]
    return ThingCounts(tuple(seen.verdicts(AREAS)), seen.met(), of_boxes)


class _Seen:
    """Findings beside the things that they may show."""

    def __init__(self, found: Packed, wanted: Sequence[Packed], asked: int, named: bool) -> None:
        self._found, kept = found, np.arange(len(found.labels))
        self._labels = found.labels
        labels = np.concatenate([one.labels for one in wanted])
        if not named:
            kept, self._labels, labels = kept[:MOST], np.zeros_like(found.labels[:MOST]), np.zeros_like(labels)
        self._crowd = np.arange(len(labels)) >= asked
        shapes = _shapes(found)[: len(kept)]
        things = [shape for one in wanted for shape in _shapes(one)]
        self._overlap = overlaps(shapes, things, self._crowd)
        self._areas, self._thing_areas = _areas(shapes), _areas(things)
        self._wanted = labels

    def verdicts(self, areas: NDArray[np.float64]) -> list[Verdicts]:
        """Judge once for each range of areas; what is outside of it counts neither as found, missed, nor wrong."""
        counts = _within(self._thing_areas, areas) & ~self._crowd
        same = np.where(self._labels[:, None] == self._wanted, self._overlap, 0)
        near, verdicts = matched(same, counts, self._crowd)
        inside = _within(self._areas, areas)
        return [
            self._of(near, right, mine, self._wanted[asked])
            for right, mine, asked in zip(verdicts, inside, counts, strict=True)
        ]

    def met(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Give each finding, the surest first, the free thing that it overlaps most, whatever its class."""
        free, places, classes = np.ones(len(self._wanted), bool), [], []
        for place in np.flatnonzero((self._overlap >= OVERLAPS[0]).any(1)):
            fits = np.where(free & (self._overlap[place] >= OVERLAPS[0]), self._overlap[place], 0)
            best = int(np.where(self._crowd, fits / 4, fits).argmax())  # a crowd only where nothing else is met
            if fits[best]:
                free[best] = self._crowd[best]
                places.append(place)
                classes.append(LEFT_OUT if self._crowd[best] else self._wanted[best])
        return np.array(places, np.int16), np.array(classes, np.int16)

    def _of(
        self, near: NDArray[np.int64], right: NDArray[np.int8], inside: NDArray[np.bool_], asked: NDArray[np.int64]
    ) -> Verdicts:
        """Leave out what is outside and counts neither way at any overlap."""
        right = np.where((right == WRONG) & ~inside[near, None], np.int8(NEITHER), right)
        kept = inside.copy()
        kept[near] |= (right != NEITHER).any(1)
        chosen = kept[near]
        place = (np.cumsum(kept) - 1)[near[chosen]]
        labels = self._labels[kept].astype(np.int16)
        scores = self._found.scores[: len(kept)][kept]
        return Verdicts(labels, scores, place.astype(np.int16), right[chosen], asked.astype(np.int16))


def _shapes(things: Packed) -> Any:
    """Return run lengths, or boxes as COCO writes them."""
    if things.runs is not None:
        return things.runs
    corners = things.boxes.astype(np.float64)
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def _areas(shapes: Any) -> NDArray[np.float64]:
    if len(shapes) and isinstance(shapes[0], dict):
        return np.asarray(run_lengths.area(shapes), np.float64)
    sides = np.reshape(shapes, (-1, 4))[:, 2:]
    return np.asarray(sides[:, 0] * sides[:, 1], np.float64)


def _within(values: NDArray[np.float64], ranges: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which values (n,) are in which ranges (m, 2): (m, n)."""
    return (values >= ranges[:, :1]) & (values <= ranges[:, 1:])
