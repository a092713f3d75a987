"""Which pixels are named right: raw counts, which add up over pictures."""

import numpy as np
from numpy.typing import NDArray

from deep_perception.predictions import UNLABELLED, LabelMap


class PixelCounts:
    """How many pixels of each class were given which class; pixels that nobody named in truth do not count."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self.confusion: NDArray[np.int64] = np.zeros((classes, classes + 1), np.int64)
        """Rows are the truth, columns the answer; the last column holds pixels without an answer."""

    def add(self, answer: LabelMap, truth: LabelMap) -> None:
        """Count a picture."""
        named = truth.labels != UNLABELLED
        given = np.minimum(answer.labels[named].astype(np.int64), self._classes)
        pairs = truth.labels[named].astype(np.int64) * (self._classes + 1) + given
        self.confusion += np.bincount(pairs, minlength=self.confusion.size).reshape(self.confusion.shape)

    def intersection_over_union(self) -> NDArray[np.float64]:
        """Return the figure of each class; NaN for one that is neither there nor answered."""
        right = np.diag(self.confusion)
        union = self.confusion.sum(1) + self.confusion[:, :-1].sum(0) - right
        return np.divide(right, union, out=np.full(self._classes, np.nan), where=union > 0)

    def mean_iou(self) -> float:
        """Return the mean over the classes that are there or answered; 0 when nothing was counted."""
        shares = self.intersection_over_union()
        return float(np.nanmean(shares)) if np.isfinite(shares).any() else 0.0

    def accuracy(self) -> float:
        """Return the share of pixels that are named right."""
        return float(np.trace(self.confusion) / max(1, self.confusion.sum()))
