"""What is told of the classes of whole pictures."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deep_perception.evaluation.bags.figures import Figures, Score, confused, of_class
from deep_perception.evaluation.class_scores import TopOneTally
from deep_perception.evaluation.tally import mean, ratio


class ClassFigures(Figures):
    """The true class and the few that were answered; pictures without a true class do not count."""

    judge = TopOneTally

    @staticmethod
    def unit(evidence: Mapping[str, Any]) -> tuple[int, tuple[int, ...], tuple[float, ...]]:
        """Keep the true class, and the answers with their scores, the best first."""
        return evidence["true"], tuple(evidence["labels"]), tuple(evidence["scores"])

    def _counted(self, unit: Any) -> tuple[int, int]:
        true, answers, _ = unit
        return true, answers[0] if answers else -1

    def figures(self) -> dict[str, float]:
        """Return the share of pictures whose first answer is right, or one of five, and the mean over the classes."""
        known = [(true, answers) for true, answers, _ in self.units if true >= 0]
        among = sum(true in answers for true, answers in known)
        right, true = np.diag(self._counts)[:-1], self._counts[:-1].sum(1)
        by_class = mean(ratio(right.astype(np.float64), true.astype(np.float64)))
        first = float(right.sum() / max(1, len(known)))
        return {self.tally.unit: first, "top-5": among / max(1, len(known)), "mean class accuracy": float(by_class)}

    def classes(self) -> list[dict[str, Any]]:
        """Return each class; its recall is its accuracy."""
        right, true, said = np.diag(self._counts), self._counts.sum(1), self._counts.sum(0)
        return [
            of_class(
                self.names[label],
                int(true[label]),
                int(true[label]),
                {self.tally.unit: right[label] / true[label]},
                right=right[label],
                said=said[label],
                true=true[label],
            )
            for label in np.flatnonzero(true[:-1])
        ]

    def confusion(self) -> dict[str, Any]:
        """Return what is taken for what."""
        return confused(self._counts, self.names)

    def score(self, unit: Any) -> Score:
        """Return the score that was given to the true class, 0 where it is not among the best few."""
        true, answers, scores = unit
        if true < 0:
            return Score(None)
        right = bool(answers) and answers[0] == true
        said = f"{self.names[answers[0]]} ({scores[0]:.0%})" if answers else "nothing"
        value = scores[answers.index(true)] if true in answers else 0.0
        return Score(value, int(right), int(not right), int(not right), f"{said}, truly {self.names[true]}")

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        """True classes (rows) and answers (columns), the last for none."""
        counts = np.zeros((len(self.names) + 1, len(self.names) + 1), np.int64)
        pairs = np.array(self.tally.units, np.int64).reshape(-1, 2)
        np.add.at(counts, tuple(pairs[pairs[:, 0] >= 0].T), 1)  # -1 is the last
        return counts
