"""Which predicted boxes are right: raw counts, which add up over pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deep_perception.predictions import Detections, Instances

FOUND = 0.5
"""Two boxes that overlap by this much show the same thing."""


@dataclass(frozen=True)
class Counts:
    """How many boxes were found, missed, and made up."""

    found: int = 0
    missed: int = 0
    wrong: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.found + other.found, self.missed + other.missed, self.wrong + other.wrong)

    @property
    def recall(self) -> float:
        """Found of all that are there; 1 where there is nothing."""
        return self.found / (self.found + self.missed) if self.found + self.missed else 1.0

    @property
    def precision(self) -> float:
        """Right of all that were predicted; 1 where nothing was."""
        return self.found / (self.found + self.wrong) if self.found + self.wrong else 1.0


def compare(
    predicted: Detections, truth: Detections, ignored: Detections | None = None, *, iou_threshold: float = FOUND
) -> Counts:
    """Match boxes of equal label, best score first, each true box once; a match with `ignored` counts neither way."""
    free = np.ones(len(truth), bool)
    found = wrong = 0
    for index in np.argsort(-predicted.scores, kind="stable"):
        box, label = predicted.boxes[index], predicted.labels[index]
        overlap = np.where(free & (truth.labels == label), overlaps(box, truth.boxes), 0)
        if len(overlap) and overlap.max() >= iou_threshold:
            free[overlap.argmax()] = False
            found += 1
        elif ignored is None or not (overlaps(box, ignored.boxes) >= iou_threshold).any():
            wrong += 1
    return Counts(found, int(free.sum()), wrong)


def compare_by_class(
    predicted: Detections, truth: Detections, ignored: Detections | None = None, *, iou_threshold: float = FOUND
) -> dict[int, Counts]:
    """Compare each class by itself; the sum is what `compare` says of all."""
    labels = np.union1d(predicted.labels, truth.labels).tolist()
    return {
        label: compare(of_class(predicted, label), of_class(truth, label), ignored, iou_threshold=iou_threshold)
        for label in labels
    }


def mask_overlap(predicted: Instances, truth: Instances) -> list[float]:
    """Return, for each true thing whose box was found, intersection over union of the masks."""
    shares = []
    for box, label, mask in zip(truth.boxes, truth.labels, truth.masks, strict=True):
        overlap = np.where(predicted.labels == label, overlaps(box, predicted.boxes), 0)
        if len(overlap) and overlap.max() >= FOUND:
            answer = predicted.masks[overlap.argmax()]
            shares.append(float((answer & mask).sum() / max(1, (answer | mask).sum())))
    return shares


def of_class(found: Detections, label: int) -> Detections:
    """Return the boxes of one class."""
    chosen = found.labels == label
    return Detections(found.boxes[chosen], found.labels[chosen], found.scores[chosen])


def overlaps(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of one box (4,) with others (n, 4)."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    common = np.prod(np.maximum(sides, 0), axis=1)
    union = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - common
    return np.asarray(common / np.maximum(union, np.finfo(np.float32).tiny), np.float32)
