"""Against the flicker of colorizers: colours averaged along the motion of one camera's pictures."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.models.motion import Grey, MotionFinder, resized
from deep_perception.predictions import Image, Picture

SAME_SCENE = 0.2
"""A picture of which a smaller share is found again in the one before shows another scene."""

LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)
MARGIN = 5
"""Pixels, of the size at which motion is found, over which smoothing fades in beside parts that are not found again."""


@dataclass(frozen=True, eq=False)
class _Past:
    shape: tuple[int, ...]
    brightness: Grey
    chroma: NDArray[np.float32]


class ChromaSmoothing:
    """The memory of one stream of pictures.

    A part that is found again in the picture before, by its brightness, forth and back, takes `strength` of the colour
    that it had there and the rest of its colour from now. All else keeps the colour of now: what comes into view or out
    from behind something, what moves too fast, and the whole of a picture of which less than SAME_SCENE is found again,
    which is how a cut is known. Only the coarse part of colour is touched (320 pixels along the longer side) and never
    brightness. What cannot be told from its background by brightness can leave some of its colour behind as it moves.
    """

    def __init__(self, strength: Callable[[], float]) -> None:
        """`strength`, from 0 to 0.95, is asked for at each picture; at 0 nothing is changed or remembered."""
        self._strength = strength
        self._find = MotionFinder()
        self._past: _Past | None = None

    def reset(self) -> None:
        """Forget: the next picture is the first."""
        self._past = None

    def __call__(self, image: Image, prediction: Picture) -> Picture:
        """Return the coloured picture of `image` with its colours smoothed, the same object where nothing changes."""
        strength = self._strength()
        if not strength:
            self.reset()
            return prediction
        brightness = self._find.brightness(image)
        chroma = _chroma(resized(prediction.image, brightness.shape[::-1]))
        correction = self._correction(brightness, chroma, prediction.image.shape) * strength
        self._past = _Past(prediction.image.shape, brightness, chroma + correction)
        if not correction.any():
            return prediction
        return Picture(_with_colour_added(prediction.image, correction))

    def _correction(self, brightness: Grey, chroma: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return what would make the colours those of before, wherever that is known."""
        past = self._past
        if past is None or past.shape != shape:
            return np.zeros_like(chroma)
        motion = self._find(past.brightness, brightness)
        if motion.trusted.mean() < SAME_SCENE:
            return np.zeros_like(chroma)
        return (motion.carried(past.chroma) - chroma) * _faded(motion.trusted)[..., None]


def _chroma(image: Image) -> NDArray[np.float32]:
    """Return how far each of R, G and B is from the brightness (h, w, 3)."""
    colours = image.astype(np.float32)
    return colours - cv2.transform(colours, LUMA)[..., None]


def _faded(trusted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Turn a mask into shares that rise from 0 at its border, inside of it."""
    window = (MARGIN, MARGIN)
    inner = cv2.erode(trusted.astype(np.float32), np.ones(window), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.blur(inner, window, borderType=cv2.BORDER_REPLICATE), np.float32)


def _with_colour_added(image: Image, coarse: NDArray[np.float32]) -> Image:
    """Add a coarse change of colour (h, w, 3) that leaves brightness as it is, less of it where it would not fit."""
    height, width = image.shape[:2]
    change = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    fits = cv2.inRange(cv2.add(image, change, dtype=cv2.CV_32F), (-0.5,) * 3, (255.5,) * 3)
    coloured = np.asarray(cv2.add(image, change, dtype=cv2.CV_8U), np.uint8)
    outside = np.flatnonzero(fits.ravel() == 0)
    coloured.reshape(-1, 3)[outside] = _fitting(image.reshape(-1, 3)[outside], change.reshape(-1, 3)[outside])
    return coloured


def _fitting(colours: Image, change: NDArray[np.float32]) -> Image:
    """Return colours (n, 3) changed as far in the wanted direction as 0 to 255 allows."""
    room = np.where(change > 0, 255 - colours, colours)
    share = np.divide(room, np.abs(change), out=np.ones_like(change), where=np.abs(change) > room).min(1)
    return np.asarray(np.rint(colours + change * share[:, None]), np.uint8)
