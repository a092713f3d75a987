"""How good answers are: the raw counts of each picture, which add up, and which a resample of pictures counts again."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from deep_perception.predictions import Detections

Floats = NDArray[np.float64]
AnyTally = TypeVar("AnyTally", bound="Tally")


@dataclass(frozen=True, eq=False)
class Counted:
    """The headline (ways,) and the figure of each class (ways, classes), NaN where nothing was there to count.

    A way says how often each picture counts.
    """

    value: Floats
    by_class: Floats


class Tally(ABC):
    """Judges answers to pictures; the tallies of several processes add up."""

    unit: str
    """What the headline is called."""
    of_class: str = ""
    """What the figure of a class is called; the same where this is empty."""
    lower_is_better: bool = False

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.units: list[Any] = []
        """What was counted in each picture, in the order in which they came."""

    def add(self, prediction: Any, truth: Any, ignored: Detections | None = None) -> None:
        """Count a picture; its labels are places in `names`, and what matches `ignored` counts neither way."""
        self.units.append(self._unit(prediction, truth, ignored))

    def __add__(self: AnyTally, other: AnyTally) -> AnyTally:
        assert type(self) is type(other) and self.names == other.names
        both = type(self)(self.names)
        both.units = [*self.units, *other.units]
        return both

    @property
    def value(self) -> float:
        """The one number to judge by; 0 when nothing was counted."""
        return float(np.nan_to_num(self._once().value[0])) if self.units else 0.0

    def figures(self) -> dict[str, float]:
        """Return the headline, what else is usually told, and the figure of each class that was there."""
        if not self.units:
            return {self.unit: 0.0}
        by_class = self._once().by_class[0]
        called = self.of_class or self.unit
        named = {f"{called} {self.names[number]}": by_class[number] for number in range(len(by_class))}
        found = {self.unit: self.value, **self._more(), **named}
        return {name: float(value) for name, value in found.items() if np.isfinite(value)}

    @abstractmethod
    def counted(self, weights: Floats) -> Counted:
        """Count the pictures, each as often as `weights` (ways, pictures) says."""

    @abstractmethod
    def _unit(self, prediction: Any, truth: Any, ignored: Detections | None) -> Any:
        """Return what adds up of one picture."""

    def _more(self) -> dict[str, float]:
        return {}

    def _once(self) -> Counted:
        return self.counted(self._each_once())

    def _each_once(self) -> Floats:
        """Return the weights (1, pictures) that count every picture once."""
        return np.ones((1, len(self.units)))


def mean(values: Floats) -> Floats:
    """Average over the last axis, leaving out NaN; NaN where that leaves nothing."""
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0).sum(-1), known.sum(-1))


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0)
