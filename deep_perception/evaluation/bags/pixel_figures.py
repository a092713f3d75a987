"""What is told of the classes of pixels."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deep_perception.evaluation.bags.figures import Figures, Score, confused, of_class
from deep_perception.evaluation.class_scores import PixelTally
from deep_perception.evaluation.tally import mean, ratio
from deep_perception.predictions import UNLABELLED


class PixelFigures(Figures):
    """Pairs of the true class and the answered one, with how many pixels have them."""

    judge = PixelTally

    @staticmethod
    def unit(evidence: Mapping[str, Any]) -> NDArray[np.int32]:
        """Keep (pairs, 3): true, answered, pixels."""
        return np.array(evidence["pairs"], np.int32).reshape(-1, 3)

    def _counted(self, unit: NDArray[np.int32]) -> Any:
        """Return the pixels of each class that are right, in either, and true."""
        true, said, pixels = unit.T
        size = len(self.names)
        right = np.bincount(true[true == said], pixels[true == said], size)
        there, answered = np.bincount(true, pixels, size), np.bincount(said, pixels, UNLABELLED + 1)[:size]
        return np.stack([right, there + answered - right, there]).astype(np.int32)

    def figures(self) -> dict[str, float]:
        """Return intersection over union, and the share of pixels and of each class that is right."""
        right, either, true = self._total
        by_class = float(mean(ratio(right, true)))
        return {
            self.tally.unit: float(mean(ratio(right, either))),
            "pixel accuracy": float(right.sum() / max(1, true.sum())),
            "mean class accuracy": by_class,
        }

    def classes(self) -> list[dict[str, Any]]:
        """Return each class that is there or answered."""
        right, either, true = self._total
        pictures = sum((one[2] > 0).astype(np.int64) for one in self.tally.units)
        return [
            of_class(
                self.names[label],
                int(pictures[label]),
                None,
                {"IoU": right[label] / either[label]},
                right=right[label],
                said=either[label] - true[label] + right[label],
                true=true[label],
            )
            for label in np.flatnonzero(either)
        ]

    def confusion(self) -> dict[str, Any]:
        """Return what is taken for what, in pixels."""
        nothing = len(self.names)
        counts = np.zeros((nothing + 1, nothing + 1), np.int64)
        for true, said, pixels in (unit.T for unit in self.units):
            np.add.at(counts, (true, np.minimum(said, nothing)), pixels)
        return confused(counts, self.names)

    def score(self, unit: NDArray[np.int32]) -> Score:
        """Return the mean over the classes of this picture of intersection over union."""
        right, either, _ = self._counted(unit).astype(np.float64)
        return _told(ratio(right, either), self.names)

    @cached_property
    def _total(self) -> NDArray[np.float64]:
        return np.asarray(sum(one.astype(np.float64) for one in self.tally.units))


def _told(by_class: NDArray[np.float64], names: tuple[str, ...]) -> Score:
    if not np.isfinite(by_class).any():
        return Score(None)
    worst = int(np.nanargmin(by_class))
    return Score(float(mean(by_class)), why=f"IoU of {names[worst]} {by_class[worst]:.2f}")
