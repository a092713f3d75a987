"""Judges of things found in pictures: boxes, masks and proposals."""

from typing import Any

import numpy as np

from deep_perception.evaluation.average_precision import Ranking, average_recall
from deep_perception.evaluation.coco_matching import OVERLAPS, Verdicts, boxes, judged, masks
from deep_perception.evaluation.tally import Counted, Floats, Tally, mean
from deep_perception.predictions import Detections


class BoxTally(Tally):
    """COCO's average precision of boxes, at overlaps of 0.50 to 0.95."""

    unit = "AP"
    _ranking: Ranking | None = None

    def counted(self, weights: Floats) -> Counted:
        """Count the pictures, each as often as `weights` says."""
        by_class = mean(self.ranking().average_precision(weights))
        return Counted(mean(by_class), by_class)

    def ranking(self) -> Ranking:
        """Return what was found so far; kept, because a bootstrap asks again and again."""
        if self._ranking is None or self._ranking.pictures != len(self.units):
            self._ranking = Ranking(self._verdicts(), len(self.names))
        return self._ranking

    def _verdicts(self) -> list[Verdicts]:
        return self.units

    def _unit(self, prediction: Any, truth: Any, ignored: Detections | None) -> Any:
        return judged(prediction, truth, ignored, boxes)

    def _more(self) -> dict[str, float]:
        by_overlap = mean(np.moveaxis(self.ranking().average_precision(self._each_once()), 1, 2))[0]
        return {f"{self.unit}{100 * OVERLAPS[place]:.0f}": float(by_overlap[place]) for place in (0, 5)}


class MaskTally(BoxTally):
    """COCO's average precision of masks; that of the boxes beside it."""

    unit = "mask AP"

    def _verdicts(self) -> list[Verdicts]:
        return [of_masks for _, of_masks in self.units]

    def _unit(self, prediction: Any, truth: Any, ignored: Detections | None) -> Any:
        height, width = truth.masks.shape[1:]
        of_masks = judged(prediction, truth, ignored, masks, (height, width))
        return judged(prediction, truth, ignored, boxes), of_masks

    def _more(self) -> dict[str, float]:
        by_boxes = BoxTally(self.names)
        by_boxes.units = [of_boxes for of_boxes, _ in self.units]
        return {**super()._more(), "box AP": by_boxes.value}


class ProposalTally(Tally):
    """COCO's average recall with 100 boxes, whatever they show."""

    unit = "AR"

    def counted(self, weights: Floats) -> Counted:
        """Count the pictures, each as often as `weights` says."""
        recall = average_recall(self.units, 1, weights)
        return Counted(mean(recall[:, 0]), np.empty((len(weights), 0)))

    def _unit(self, prediction: Detections, truth: Detections, ignored: Detections | None) -> Any:
        return judged(_of_one_class(prediction), _of_one_class(truth), ignored and _of_one_class(ignored), boxes)

    def _more(self) -> dict[str, float]:
        return {"AR50": float(average_recall(self.units, 1, self._each_once())[0, 0, 0])}


def _of_one_class(found: Detections) -> Detections:
    return Detections(found.boxes, np.zeros_like(found.labels), found.scores)
