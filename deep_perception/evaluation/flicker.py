"""How much the colours of one thing change from picture to picture: raw sums, which add up over videos."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.models.motion import Grey, MotionFinder, resized
from deep_perception.predictions import Image, Picture

LONGEST = 640


@dataclass(frozen=True)
class Flicker:
    """Sum of the colour changes along the motion, in units of Lab's a and b, and how many values were compared."""

    change: float = 0.0
    compared: int = 0

    def __add__(self, other: "Flicker") -> "Flicker":
        return Flicker(self.change + other.change, self.compared + other.compared)

    @property
    def mean(self) -> float:
        """Mean absolute change of a and b between a picture and the next; 0 where nothing could be compared."""
        return self.change / self.compared if self.compared else 0.0


class FlickerMeter:
    """Takes a video picture by picture and adds up.

    A part is compared with the colour it had in the picture before, where the brightness of the video itself shows
    without doubt where it was: what is hidden, uncovered or lost counts neither way. What is measured is steadiness:
    grey pictures do not flicker, and nothing is said of colours being right.
    """

    def __init__(self) -> None:
        self.total = Flicker()
        self._find = MotionFinder(LONGEST, cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._past: tuple[Grey, NDArray[np.float32]] | None = None

    def __call__(self, image: Image, answer: Picture) -> Flicker:
        """Return what the next picture of the video and its answer add, nothing for the first."""
        brightness = self._find.brightness(image)
        colour = _colour(resized(answer.image, brightness.shape[::-1]))
        seen = self._compare(brightness, colour)
        self._past = brightness, colour
        self.total += seen
        return seen

    def _compare(self, brightness: Grey, colour: NDArray[np.float32]) -> Flicker:
        if self._past is None or self._past[0].shape != brightness.shape:
            return Flicker()
        motion = self._find(self._past[0], brightness)
        change = np.abs(colour - motion.carried(self._past[1]))[motion.trusted]
        return Flicker(float(change.sum(dtype=np.float64)), change.size)


def flicker(images: Iterable[Image], answers: Iterable[Picture]) -> Flicker:
    """Measure one video, the pictures as the camera sent them and the coloured answers."""
    meter = FlickerMeter()
    for image, answer in zip(images, answers, strict=True):
        meter(image, answer)
    return meter.total


def _colour(image: Image) -> NDArray[np.float32]:
    """Return Lab's a and b (h, w, 2)."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 1:], np.float32)
