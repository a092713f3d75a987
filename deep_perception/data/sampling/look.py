"""What the robot sees at one time, and what was decided about it."""

from dataclasses import dataclass

import numpy as np

from deep_perception.predictions import Image, Prediction


@dataclass(frozen=True, eq=False)
class Look:
    """A picture and what is known of it; whoever knows more than this derives a class with more fields."""

    stamp_ns: int
    """When the picture was taken."""
    image: Image
    prediction: Prediction | None = None
    """What the running model says."""
    names: tuple[str, ...] = ()
    """The class names of its numbers."""
    other: Prediction | None = None
    """What a second model says."""
    other_names: tuple[str, ...] = ()
    taught: tuple[str, ...] = ()
    """Names of the classes that people say are in it."""
    position: tuple[float, float, float] | None = None
    """Where the robot was, in metres."""

    @property
    def nbytes(self) -> int:
        """Return how much memory the arrays take."""
        held = [self.image, *_arrays(self.prediction), *_arrays(self.other)]
        return sum(array.nbytes for array in held)


@dataclass(frozen=True)
class Reason:
    """Why a look is kept or refused."""

    kind: str
    """One word or two, always the same, to be counted."""
    words: str
    """For people, with the figures."""
    weight: float = 0.0
    """How much it matters, 0 to 1."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is to be done with a look: kept, if something wants it and nothing refuses it."""

    look: Look
    reasons: tuple[Reason, ...] = ()
    refusal: Reason | None = None
    priority: float = 0.0
    """0 to 1; when a budget nears its end, only what has a high one is kept."""

    @property
    def keep(self) -> bool:
        """Tell whether the look is to be written."""
        return bool(self.reasons) and self.refusal is None

    @property
    def words(self) -> tuple[str, ...]:
        """Say why it is kept, as a record of a data set does."""
        return tuple(reason.words for reason in self.reasons)


@dataclass(frozen=True)
class Room:
    """What the disk holds, in bytes."""

    stored: int
    """Size of the data set."""
    free: int
    """Free on the disk that it lies on."""


def _arrays(prediction: Prediction | None) -> list[np.ndarray]:
    return [] if prediction is None else [part for part in vars(prediction).values() if isinstance(part, np.ndarray)]
