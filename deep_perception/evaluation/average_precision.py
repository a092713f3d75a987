"""COCO's average precision, for many ways to weigh the pictures at once: what a bootstrap needs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deep_perception.evaluation.coco_matching import NEITHER, OVERLAPS, RIGHT, Verdicts
from deep_perception.evaluation.tally import Floats, ratio

RECALLS = np.linspace(0, 1, 101)
"""Where the curve of precision over recall is read."""


def average_precision(pictures: Sequence[Verdicts], classes: int, weights: Floats) -> Floats:
    """Return the average precision (ways, classes, overlaps), NaN where nothing of a class is asked for.

    `weights` (ways, pictures) says how often each picture counts.
    """
    asked = _asked(pictures, classes)
    total = weights @ asked
    labels = np.concatenate([picture.labels for picture in pictures])
    scores = np.concatenate([picture.scores for picture in pictures])
    right = np.concatenate([picture.right for picture in pictures])
    owner = np.repeat(np.arange(len(pictures)), [len(picture.labels) for picture in pictures])
    result = np.full((len(weights), classes, len(OVERLAPS)), np.nan)
    for label in np.flatnonzero(asked.any(0)):
        chosen = np.flatnonzero(labels == label)
        chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
        result[:, label] = _areas(weights[:, owner[chosen]], right[chosen], total[:, label])
    return result


def average_recall(pictures: Sequence[Verdicts], classes: int, weights: Floats) -> Floats:
    """Return the recall (ways, classes, overlaps), NaN where nothing of a class is asked for."""
    found = np.stack([_by_class(picture, classes) for picture in pictures])
    total = (weights @ _asked(pictures, classes))[..., None]
    return ratio(np.einsum("wp,pct->wct", weights, found), np.broadcast_to(total, (*total.shape[:2], len(OVERLAPS))))


def _asked(pictures: Sequence[Verdicts], classes: int) -> Floats:
    return np.stack([np.bincount(picture.asked, minlength=classes) for picture in pictures]).astype(np.float64)


def _by_class(picture: Verdicts, classes: int) -> Floats:
    """Count right findings (classes, overlaps)."""
    found = np.zeros((classes, len(OVERLAPS)))
    np.add.at(found, picture.labels, picture.right == RIGHT)
    return found


def _areas(weights: Floats, right: NDArray[np.int8], total: Floats) -> Floats:
    """Return the area under the curve (ways, overlaps) of one class; weights (ways, findings), the surest first."""
    seen = np.cumsum(weights, axis=1)
    areas = np.zeros((len(weights), len(OVERLAPS)))
    for place, verdicts in enumerate(right.T):
        hits = np.flatnonzero(verdicts == RIGHT)
        passed = seen[:, hits]
        if (verdicts == NEITHER).any():
            passed = passed - np.cumsum(weights * (verdicts == NEITHER), axis=1)[:, hits]
        areas[:, place] = _area(np.cumsum(weights[:, hits], axis=1), passed, total)
    areas[total == 0] = np.nan
    return areas


def _area(hits: Floats, passed: Floats, total: Floats) -> Floats:
    """Return the area (ways,) from right findings and findings so far, at each right one.

    Precision falls until the next right one, so that nowhere else the curve can have its highest points.
    """
    precision = hits / np.maximum(passed, 1)
    highest = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    reached = np.searchsorted(RECALLS, hits / np.maximum(total, 1)[:, None], side="right")
    return np.asarray((highest * np.diff(reached, axis=1, prepend=0)).sum(1) / len(RECALLS))
