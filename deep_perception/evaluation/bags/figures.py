"""What is told of many pictures of one task: the interface, and what all tasks share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deep_perception.evaluation.tally import Tally

NOTHING, OTHER = "nothing", "other"
"""Columns of a confusion beside those of the true classes, where they are not empty."""


@dataclass(frozen=True)
class Score:
    """How good one answer is, for the time line and for the worst pictures."""

    value: float | None
    found: int | None = None
    missed: int | None = None
    wrong: int | None = None
    why: str = ""


class Figures(ABC):
    """What is told of pictures whose truth is known; `units` holds what was counted in each, in their order."""

    judge: ClassVar[type[Tally]]

    def __init__(self, names: Sequence[str], units: Sequence[Any]) -> None:
        self.names = tuple(names)
        self.units = units
        self.tally = self.judge(names)
        self.tally.units = [self._counted(unit) for unit in units]
        """What the headline is made of, and the intervals."""

    @staticmethod
    @abstractmethod
    def unit(evidence: Mapping[str, Any]) -> Any:
        """Return what is kept of a line."""

    @abstractmethod
    def _counted(self, unit: Any) -> Any:
        """Return what the tally counts of it."""

    @abstractmethod
    def figures(self) -> dict[str, float]:
        """Return what is told of everything, the headline first; there is at least one picture."""

    @abstractmethod
    def score(self, unit: Any) -> Score:
        """Say how good the answer to one picture is."""

    def classes(self) -> list[dict[str, Any]]:
        """Return what is told of each class that is there."""
        return []

    def curves(self) -> list[dict[str, Any]]:
        """Return precision over recall of each class."""
        return []

    def confusion(self) -> dict[str, Any] | None:
        """Return what is taken for what."""
        return None


def of_class(
    name: str,
    pictures: int,
    things: int | None,
    figures: Mapping[str, float],
    *,
    right: float,
    said: float,
    true: float,
    threshold: float | None = None,
) -> dict[str, Any]:
    """Return the row of a class; of what is said so much is `right`, and so much is `true`."""
    return {
        "name": name,
        "pictures": pictures,
        "things": things,
        "figures": dict(figures),
        "best_threshold": threshold,
        "precision": share(right, said),
        "recall": share(right, true),
        "f1": share(2 * right, said + true),
    }


def confused(counts: NDArray[np.integer], names: Sequence[str], *, made_up: bool = False) -> dict[str, Any]:
    """Return what is taken for what, of the classes that are there.

    `counts` (names + 1, names + 1) has a row for what is true and a column for what is said; the last stand for
    nothing. `made_up`: there is a row of what is said where nothing is.
    """
    there = np.flatnonzero(counts[:-1].any(1))
    others = np.setdiff1d(np.arange(len(names)), there)
    titles = [names[place] for place in there.tolist()]
    rows = [*there.tolist(), *([-1] if made_up else [])]
    ends = {OTHER: counts[rows][:, others].sum(1), NOTHING: counts[rows, -1]}
    told = {name: column for name, column in ends.items() if column.any()}
    return {
        "rows": titles + [NOTHING] * made_up,
        "columns": [*titles, *told],
        "counts": np.column_stack([counts[rows][:, there], *told.values()]).tolist(),
    }


def share(part: float, whole: float) -> float | None:
    """Divide; None where there is nothing to be a share of."""
    return float(part / whole) if whole else None
