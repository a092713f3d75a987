"""Where the parts of a picture were in the one before it, found from the brightness of both."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.predictions import Image

Grey = NDArray[np.uint8]

SHORTEST = 64
"""OpenCV's flow reads outside of its memory where a picture is much narrower than long: sides below are stretched."""

BRIGHTNESS = 12
"""A part that comes from another place in the picture before has its brightness, to this many of 256 levels ..."""

RETURN = 0.7
"""... and following the motion there and back again ends where it began, to this many pixels."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Where the parts were: `places` (h, w, 2) float32, x and y in the picture before; `trusted` (h, w) bool."""

    places: NDArray[np.float32]
    trusted: NDArray[np.bool_]

    def carried(self, before: NDArray[np.float32]) -> NDArray[np.float32]:
        """Move what the picture before was like (h, w, ...) to where its parts are now."""
        return np.asarray(_sampled(before, self.places), np.float32)


class MotionFinder:
    """Finds the dense optical flow between two pictures, at a size that costs little."""

    def __init__(self, longest: int = 320, preset: int = cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST) -> None:
        """`longest` is the longer side, in pixels, at which pictures are compared."""
        self._longest = longest
        self._flow: Any = cv2.DISOpticalFlow.create(preset)

    def size(self, image: Image) -> tuple[int, int]:
        """Return the width and height at which a picture is compared."""
        height, width = image.shape[:2]
        scale = min(1, self._longest / max(height, width))
        return max(SHORTEST, round(width * scale)), max(SHORTEST, round(height * scale))

    def brightness(self, image: Image) -> Grey:
        """Return the picture's brightness at that size."""
        return np.asarray(cv2.cvtColor(resized(image, self.size(image)), cv2.COLOR_RGB2GRAY), np.uint8)

    def __call__(self, before: Grey, now: Grey) -> Motion:
        """Find where the parts of `now` were in `before`, both as `brightness` makes them."""
        here = _grid(now.shape[0], now.shape[1])
        places = here + self._flow.calc(now, before, None)
        back = places + _sampled(self._flow.calc(before, now, None), places)
        difference = cv2.blur(cv2.absdiff(now, _sampled(before, places)), (3, 3))
        away = cv2.magnitude(*cv2.split(back - here))
        inside = cv2.inRange(places, (-0.5, -0.5), (now.shape[1] - 0.5, now.shape[0] - 0.5)) > 0
        return Motion(places, inside & (away <= RETURN) & (difference <= BRIGHTNESS))


def resized(image: NDArray, size: tuple[int, int]) -> NDArray:
    """Shrink or enlarge a picture to (width, height)."""
    shrinks = size[0] <= image.shape[1] and size[1] <= image.shape[0]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> NDArray[np.float32]:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    grid = np.dstack((x, y))
    grid.flags.writeable = False
    return grid


def _sampled(values: NDArray[np.float32] | Grey, places: NDArray[np.float32]) -> NDArray:
    second: Any = None  # for places in one array; OpenCV's own types forbid it
    return np.asarray(cv2.remap(values, places, second, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
