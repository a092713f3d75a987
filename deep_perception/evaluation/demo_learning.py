"""What the learning demo measured: what is known of a new class, and what was forgotten of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deep_perception.evaluation.matching import Counts
from deep_perception.evaluation.scoring import examine
from deep_perception.models import create
from deep_perception.predictions import Detections, Image
from deep_perception.scenes import ALL_LABELS, LABELS, Scene, render

HELD_OUT_SEEDS = 3_000_000
"""Scenes that neither the package's models nor the demo's training have seen."""
MOST_FORGOTTEN = 0.03
LEAST_FOUND = 0.6


@dataclass(frozen=True, eq=False)
class Question:
    """A picture and the truth about it."""

    image: Image
    target: Detections
    ignored: Detections


@dataclass(frozen=True)
class Learning:
    """The figures of a run; average precision by class, before and after, on scenes that nobody learnt from."""

    newcomer: str
    saved: int
    """Pictures in the data set."""
    verdict: str
    """What the proof on the test split says."""
    before: Mapping[str, float]
    after: Mapping[str, float]
    live: Mapping[str, Counts]
    """What the running node found by class after the swap, compared with the camera's truth."""
    version: int
    """database_version after the swap."""
    rolled_back: bool
    """Whether the way back led to the model that was there before."""
    seconds: Mapping[str, float]
    """How long each step took."""

    @property
    def forgotten(self) -> float:
        """How much average precision the known classes lost, in the mean; negative: they gained."""
        return float(np.mean([self.before[name] - self.after[name] for name in self.before if name != self.newcomer]))

    def shortfalls(self) -> list[str]:
        """Say what is not as it must be, a line each."""
        new = self.live.get(self.newcomer, Counts())
        lines = []
        if not self.verdict.startswith("better"):
            lines.append(f"the proof says '{self.verdict}', expected better")
        if self.forgotten > MOST_FORGOTTEN:
            lines.append(f"the known classes lost {self.forgotten:.3f} AP, expected at most {MOST_FORGOTTEN}")
        if new.found + new.missed == 0 or new.recall < LEAST_FOUND or new.precision < LEAST_FOUND:
            figures = f"recall {new.recall:.2f} and precision {new.precision:.2f} of {new.found + new.missed}"
            lines.append(f"the node publishes {self.newcomer} with {figures}, expected at least {LEAST_FOUND} each")
        if not self.rolled_back:
            lines.append("rollback did not lead back to the first model")
        return lines

    def summary(self) -> dict[str, Any]:
        """Return everything as JSON holds it, with what follows from it."""
        return {**asdict(self), "forgotten": self.forgotten, "shortfalls": self.shortfalls()}


def from_json(written: Mapping[str, Any]) -> Learning:
    """Read what `asdict` has become in JSON."""
    return Learning(**{**written, "live": {name: Counts(**one) for name, one in written["live"].items()}})


def questions(newcomer: str, count: int) -> list[Question]:
    """Render scenes to examine models on."""
    views = [
        render(Scene(seed, newcomer=newcomer), seed % 60) for seed in range(HELD_OUT_SEEDS, HELD_OUT_SEEDS + count)
    ]
    return [Question(view.image, view.instances, view.ignored) for view in views]


def precision_by_class(weights: str, model: str, asked: Sequence[Question]) -> dict[str, float]:
    """Return the average precision (0.50:0.95) of each class; 0 for one that the model does not know."""
    tally = examine(create(model, weights), asked, ALL_LABELS)
    figures = tally.figures()
    return {
        name: figures.get(f"AP {name}", 0.0) for name in ALL_LABELS if name in LABELS[1:] or f"AP {name}" in figures
    }
