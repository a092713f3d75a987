"""What predictions of any task say, in one language: names, scores and, where known, boxes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deep_perception.evaluation.matching import FOUND, overlaps
from deep_perception.predictions import UNLABELLED, Classes, Detections, LabelMap, Prediction

LEAST_AREA = 0.01
"""A class that covers less of a label map than this is not counted as seen."""


@dataclass(frozen=True, eq=False)
class Finding:
    """A thing, or what the whole picture shows."""

    name: str
    score: float
    box: NDArray[np.float32] | None = None
    """x1 y1 x2 y2; None: somewhere in the picture."""

    def is_in(self, others: "tuple[Finding, ...]") -> bool:
        """Tell whether one of them has this name and, where both say where, this place."""
        return any(self.name == one.name and _same_place(self.box, one.box) for one in others)


def findings(prediction: Prediction | None, names: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return every thing, the best class, or every class of a label map with the mean of its confidence."""
    if isinstance(prediction, Classes):
        return tuple(
            Finding(_name(label, names), float(score))
            for label, score in zip(prediction.labels[:1], prediction.scores[:1], strict=True)
        )
    if isinstance(prediction, Detections):
        rows = zip(prediction.labels, prediction.scores, prediction.boxes, strict=True)
        return tuple(Finding(_name(label, names), float(score), box) for label, score, box in rows)
    if isinstance(prediction, LabelMap):
        return _areas(prediction, names)
    return ()


def _areas(prediction: LabelMap, names: tuple[str, ...]) -> tuple[Finding, ...]:
    flat = prediction.labels.ravel()
    pixels = np.bincount(flat, minlength=256)
    seen = np.flatnonzero(pixels >= max(1, LEAST_AREA * flat.size))
    sure = np.full(256, 255.0)
    if prediction.confidence is not None:
        sure = np.bincount(flat, prediction.confidence.ravel(), minlength=256) / np.maximum(pixels, 1)
    return tuple(Finding(_name(int(label), names), float(sure[label] / 255)) for label in seen if label != UNLABELLED)


def _name(label: int, names: tuple[str, ...]) -> str:
    return names[label] if 0 <= label < len(names) else str(label)


def _same_place(box: NDArray[np.float32] | None, other: NDArray[np.float32] | None) -> bool:
    return box is None or other is None or bool(overlaps(box, other[None])[0] >= FOUND)
