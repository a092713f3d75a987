"""Judges of classes, of whole pictures and of pixels."""

from typing import Any

import numpy as np

from deep_perception.evaluation.pixel_counts import PixelCounts
from deep_perception.evaluation.tally import Counted, Floats, Tally, mean, ratio
from deep_perception.predictions import Classes, Detections, LabelMap


class TopOneTally(Tally):
    """The share of pictures whose best class is the true one. Those without a true class do not count."""

    unit = "accuracy"

    def counted(self, weights: Floats) -> Counted:
        """Count the pictures, each as often as `weights` says."""
        true, said = np.array(self.units).T
        there = (true[:, None] == np.arange(len(self.names))).astype(np.float64)
        right = there * (true == said)[:, None]
        hits, asked = weights @ right, weights @ there
        return Counted(ratio(hits.sum(1), asked.sum(1)), ratio(hits, asked))

    def _unit(self, prediction: Classes, truth: Classes, ignored: Detections | None) -> Any:
        return tuple(int(one.labels[0]) if len(one) else -1 for one in (truth, prediction))


class PixelTally(Tally):
    """The mean over the classes of intersection over union; pixels that nobody named do not count."""

    unit = "mIoU"
    of_class = "IoU"

    def counted(self, weights: Floats) -> Counted:
        """Count the pictures, each as often as `weights` says."""
        both, either, _ = np.array(self.units).transpose(1, 0, 2)
        by_class = ratio(weights @ both, weights @ either)
        return Counted(mean(by_class), by_class)

    def _unit(self, prediction: LabelMap, truth: LabelMap, ignored: Detections | None) -> Any:
        counts = PixelCounts(len(self.names))
        counts.add(prediction, truth)
        right, true = np.diag(counts.confusion), counts.confusion.sum(1)
        return right, true + counts.confusion[:, :-1].sum(0) - right, true

    def _more(self) -> dict[str, float]:
        right, _, true = np.array(self.units).sum((0, 2))
        return {"pixel accuracy": float(right / max(1, true))}
