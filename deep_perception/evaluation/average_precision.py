"""COCO's average precision, for many ways to weigh the pictures at once: what a bootstrap needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import embedding_bag

from deep_perception.evaluation.coco_matching import NEITHER, OVERLAPS, RIGHT, Verdicts
from deep_perception.evaluation.tally import Floats, ratio

RECALLS = np.linspace(0, 1, 101)
"""Where the curve of precision over recall is read."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """All that was found of one class in many pictures, the surest first."""

    scores: NDArray[np.float32]
    owner: NDArray[np.int32]
    """The picture of each finding."""
    near: NDArray[np.integer]
    """Places of findings that are not wrong at every overlap."""
    right: NDArray[np.int8]
    """RIGHT, WRONG or NEITHER (near, overlaps)."""
    asked: Floats
    """How many things there are in each picture."""


class Ranking:
    """What was found in pictures, class by class."""

    def __init__(self, pictures: Sequence[Verdicts], classes: int) -> None:
        self.pictures = len(pictures)
        sizes = [len(picture.labels) for picture in pictures]
        starts = np.cumsum([0, *sizes[:-1]])
        labels, scores = (np.concatenate([getattr(one, each) for one in pictures]) for each in ("labels", "scores"))
        # Stable, so that of equals the earlier picture comes first.
        order = np.lexsort((-scores, labels))
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        near = place[
            np.concatenate([one.near.astype(np.int64) + start for one, start in zip(pictures, starts, strict=True)])
        ]
        right = np.concatenate([picture.right for picture in pictures])[np.argsort(near)]
        near.sort()
        owner = np.repeat(np.arange(len(pictures), dtype=np.int32), sizes)[order]
        scores, ends = scores[order], np.searchsorted(labels[order], np.arange(classes + 1)).tolist()
        asked = _asked(pictures, classes)
        self.classes: list[Ranked] = []
        """In the order of their labels."""
        for label, (first, last) in enumerate(pairwise(ends)):
            known = slice(*np.searchsorted(near, [first, last]))
            mine = scores[first:last], owner[first:last], near[known] - first, right[known]
            self.classes.append(Ranked(*mine, asked[:, label]))

    def average_precision(self, weights: Floats) -> Floats:
        """Return the average precision (ways, classes, overlaps), NaN where nothing of a class is asked for.

        `weights` (ways, pictures) says how often each picture counts.
        """
        result = np.full((len(weights), len(self.classes), len(OVERLAPS)), np.nan)
        for label, ranked in enumerate(self.classes):
            if ranked.asked.any():
                result[:, label] = _areas(ranked, weights)
        return result

    def recall(self) -> Floats:
        """Return the recall (classes, overlaps) of all pictures, NaN where nothing of a class is asked for."""
        found = np.array([(one.right == RIGHT).sum(0) for one in self.classes], np.float64)
        asked = np.array([one.asked.sum() for one in self.classes])
        return ratio(found, np.broadcast_to(asked[:, None], found.shape))


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
    np.add.at(found, picture.labels[picture.near], picture.right == RIGHT)
    return found


def _areas(ranked: Ranked, weights: Floats) -> Floats:
    """Return the area under the curve (ways, overlaps)."""
    by_picture, total = np.ascontiguousarray(weights.T), weights @ ranked.asked
    passed = _summed(by_picture, ranked.owner, ranked.near)
    areas = np.zeros((len(weights), len(OVERLAPS)))
    for place, verdicts in enumerate(ranked.right.T):
        hits, neither = (ranked.near[verdicts == verdict] for verdict in (RIGHT, NEITHER))
        skipped = np.cumsum(by_picture[ranked.owner[neither]], axis=0)
        skipped = np.concatenate([np.zeros((1, len(weights))), skipped])[np.searchsorted(neither, hits)]
        found = np.cumsum(by_picture[ranked.owner[hits]], axis=0)
        areas[:, place] = _area(found, passed[verdicts == RIGHT] - skipped, total)
    areas[total == 0] = np.nan
    return areas


def _summed(by_picture: Floats, owner: NDArray[np.int32], ends: NDArray[np.integer]) -> Floats:
    """Sum the weights of findings up to each end, itself included: (ends, ways)."""
    if not len(ends):
        return np.zeros((0, by_picture.shape[1]))
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int32)
    told = torch.from_numpy(owner[: ends[-1] + 1]), torch.from_numpy(by_picture), torch.from_numpy(starts)
    return np.cumsum(embedding_bag(*told, mode="sum").numpy(), axis=0)


def _area(found: Floats, passed: Floats, total: Floats) -> Floats:
    """Return the area (ways,) from right findings and findings so far, (hits, ways), at each right one.

    Precision falls until the next right one, so that nowhere else the curve can have its highest points.
    """
    precision = found / np.maximum(passed, 1)
    highest = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    recall = found / np.maximum(total, 1)
    nearest = np.rint(recall * (len(RECALLS) - 1)).astype(np.int32)
    reached = nearest + (RECALLS[nearest] <= recall)  # as many of RECALLS
    return np.asarray((highest * np.diff(reached, axis=0, prepend=0)).sum(0) / len(RECALLS))
