"""How unlike all that was kept a picture is."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from deep_perception.data.sampling.look import Reason
from deep_perception.predictions import Image

Vector: TypeAlias = NDArray[np.float32]
Embedding: TypeAlias = Callable[[Image], Vector]


class Novelty(ABC):
    """Judges pictures; `usual` is how unlike a picture has to be to count as new."""

    usual: float

    @abstractmethod
    def __call__(self, image: Image) -> float:
        """Return how unlike those known the picture is."""

    @abstractmethod
    def remember(self, image: Image) -> None:
        """Know this picture from now on."""

    @abstractmethod
    def words(self, unlike: float) -> str:
        """Say what the number means."""

    def wants(self, image: Image, threshold: float) -> Reason | None:
        """Want a picture that is new; 0 takes the usual threshold. It matters the more the further off it is."""
        threshold = threshold or self.usual
        unlike = self(image)
        return Reason("new", self.words(unlike), 1 - threshold / unlike) if unlike > threshold else None


class Nearest(Novelty):
    """The distance to the nearest of the pictures known, by an embedding.

    Of all pictures remembered a bounded number stands for the rest: one that is nearer than `radius` to another is
    left out, and when there are too many the radius doubles. So all that was ever remembered is within twice the
    radius of what is held, which is within 8 times of the best that any choice of as many could do (the doubling
    algorithm of Charikar, Chekuri, Feder & Motwani 1997).
    """

    def __init__(self, embedding: Embedding, usual: float, memory: int) -> None:
        self.usual = usual
        self.radius = 0.0
        self._embedding = embedding
        self._memory = memory
        self._held: Vector = np.zeros((0, 0), np.float32)
        self._last: tuple[Image, Vector] | None = None

    def __len__(self) -> int:
        return len(self._held)

    def __call__(self, image: Image) -> float:
        """Return the distance to the nearest; inf where nothing is known."""
        return self._nearest(self._vector(image))

    def remember(self, image: Image) -> None:
        """Hold the picture, unless another stands for it."""
        vector = self._vector(image)
        if self._nearest(vector) <= self.radius:
            return
        self._held = np.concatenate([self._held.reshape(-1, len(vector)), vector[None]])
        while len(self._held) > self._memory:
            self.radius = 2 * self.radius or _least_distance(self._held)
            self._held = _thinned(self._held, self.radius)

    def words(self, unlike: float) -> str:
        """Say how far it is."""
        return f"new: {unlike:.2f} from the nearest kept" if np.isfinite(unlike) else "new: nothing is kept yet"

    def _nearest(self, vector: Vector) -> float:
        return float(np.linalg.norm(self._held - vector, axis=1).min()) if len(self._held) else float("inf")

    def _vector(self, image: Image) -> Vector:
        # What is found new is remembered right after.
        if self._last is None or self._last[0] is not image:
            self._last = image, self._embedding(image)
        return self._last[1]


def _least_distance(held: Vector) -> float:
    return min(float(np.linalg.norm(held[:place] - held[place], axis=1).min()) for place in range(1, len(held)))


def _thinned(held: Vector, radius: float) -> Vector:
    """Leave out each that is no further than the radius from one that stays."""
    stays: list[int] = []
    for place, vector in enumerate(held):
        if not stays or np.linalg.norm(held[stays] - vector, axis=1).min() > radius:
            stays.append(place)
    return held[stays]
