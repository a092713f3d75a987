"""How steady answers are from one picture of a stream to the next, without tracks and without truth: raw counts."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from deep_perception.config import Selection
from deep_perception.evaluation.coco_matching import boxes, overlaps
from deep_perception.evaluation.flicker import FlickerMeter
from deep_perception.evaluation.matching import FOUND
from deep_perception.predictions import Classes, Detections, Image, LabelMap, Picture

SHOWN = Selection.score_threshold
"""What scores lower is usually not shown, so that nobody sees it come and go."""


class Meter(Protocol):
    """Takes a stream picture by picture."""

    def __call__(self, image: Image, answer: Any) -> dict[str, float]:
        """Return the counts of a picture against the one before; none for the first."""


class BoxMeter:
    """Boxes of the picture before and of this one are the same thing where they overlap enough, most first."""

    def __init__(self) -> None:
        self._past: Detections | None = None

    def __call__(self, image: Image, answer: Detections) -> dict[str, float]:
        """Count things that stayed, changed their class or place, came and went."""
        sure = answer.scores >= SHOWN
        now = Detections(answer.boxes[sure], answer.labels[sure], answer.scores[sure])
        past, self._past = self._past, now
        if past is None:
            return {}
        overlap = overlaps(boxes(past, (0, 0)), boxes(now, (0, 0)), np.zeros(len(now), bool))
        pairs = _pairs(overlap)
        before, after = np.array(pairs, np.int64).reshape(-1, 2).T
        return {
            "pictures": 1,
            "pairs": len(pairs),
            "label_changes": int((past.labels[before] != now.labels[after]).sum()),
            "box_change": float((1 - overlap[before, after]).sum()),
            "appeared": len(now) - len(pairs),
            "vanished": len(past) - len(pairs),
        }


class ClassMeter:
    """The best class."""

    def __init__(self) -> None:
        self._past: int | None = None

    def __call__(self, image: Image, answer: Classes) -> dict[str, float]:
        """Count changes."""
        now = int(answer.labels[0]) if len(answer) else -1
        past, self._past = self._past, now
        return {} if past is None else {"pictures": 1, "changes": int(past != now)}


class PixelMeter:
    """The class of each pixel; what moves changes too."""

    def __init__(self) -> None:
        self._past: LabelMap | None = None

    def __call__(self, image: Image, answer: LabelMap) -> dict[str, float]:
        """Count pixels that changed."""
        past, self._past = self._past, answer
        if past is None or past.labels.shape != answer.labels.shape:
            return {}
        return {"pictures": 1, "pixels": answer.labels.size, "changed": int((past.labels != answer.labels).sum())}


class ColourMeter:
    """Colours, followed along the motion."""

    def __init__(self) -> None:
        self._meter, self._first = FlickerMeter(), True

    def __call__(self, image: Image, answer: Picture) -> dict[str, float]:
        """Sum the changes of a and b of Lab."""
        seen, first, self._first = self._meter(image, answer), self._first, False
        return {} if first else {"pictures": 1, "change": round(seen.change, 3), "compared": seen.compared}


class NoMeter:
    """Pictures that are only sharper."""

    def __call__(self, image: Image, answer: Picture) -> dict[str, float]:
        """Return nothing."""
        return {}


METERS: dict[str, type[Meter]] = {
    "classification": ClassMeter,
    "detection": BoxMeter,
    "proposals": BoxMeter,
    "instance_segmentation": BoxMeter,
    "semantic_segmentation": PixelMeter,
    "colorization": ColourMeter,
    "super_resolution": NoMeter,
}
"""By task."""

SHARES = {
    "label changes": ("label_changes", "pairs"),
    "box change": ("box_change", "pairs"),
    "appeared": ("appeared", "pictures"),
    "vanished": ("vanished", "pictures"),
    "class changes": ("changes", "pictures"),
    "changed pixels": ("changed", "pixels"),
    "colour change": ("change", "compared"),
}
"""Figures, and the counts whose ratio they are; of each task those whose counts it has."""


def steadiness(task: str) -> Meter:
    """Return a new meter for one stream."""
    return METERS[task]()


def told(counts: Mapping[str, float]) -> dict[str, Any]:
    """Return the figures of summed counts, and these."""
    known = {name: pair for name, pair in SHARES.items() if pair[0] in counts}
    figures = {name: counts[part] / counts[whole] if counts[whole] else None for name, (part, whole) in known.items()}
    return {"figures": figures, "counts": dict(counts)}


def _pairs(overlap: Any) -> list[tuple[int, int]]:
    """Pair rows with columns, each once, those that overlap most first."""
    rows, columns = np.nonzero(overlap >= FOUND)
    order = np.argsort(-overlap[rows, columns], kind="stable")
    free_rows, free_columns = set(rows.tolist()), set(columns.tolist())
    pairs = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row in free_rows and column in free_columns:
            free_rows.remove(row)
            free_columns.remove(column)
            pairs.append((row, column))
    return pairs
