"""The picture that drawing.py paints on: colours of classes, letters, and widths that follow from its size."""

import colorsys
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np

from deep_perception.predictions import UNLABELLED, Image

Colour: TypeAlias = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

DARK, LIGHT = (20, 20, 20), (255, 255, 255)
# Twelve steps around the circle that look about equally far apart: in degrees, a third of it would be green.
_HUES = (0, 22, 42, 58, 85, 130, 168, 188, 210, 238, 272, 308, 360)
_BACKGROUND = ("background", "__background__")


@lru_cache(maxsize=4096)
def colour_of(name: str) -> Colour:
    """The RGB of a class name: the same in every process and on every machine, whatever its capitals."""
    number = zlib.crc32(name.lower().encode())
    hue = np.interp((number & 0xFFFF) / 0x10000 * 12, range(13), _HUES)
    paleness, darkness = (number >> 16) % 3, (number >> 24) % 3
    parts = colorsys.hsv_to_rgb(float(hue) / 360, 0.95 - 0.2 * paleness, 1 - 0.12 * darkness)
    red, green, blue = (round(part * 255) for part in parts)
    return red, green, blue


def readable_on(colour: Colour) -> Colour:
    """Black or white, whichever can be told from `colour`."""
    red, green, blue = colour
    return DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 130 else LIGHT


@dataclass(frozen=True)
class Canvas:
    """A picture to write into, with the names and colours of the classes on it."""

    image: Image
    labels: Sequence[str]
    colours: Mapping[str, Colour]

    @property
    def width(self) -> int:
        return self.image.shape[1]

    @property
    def height(self) -> int:
        return self.image.shape[0]

    @property
    def line(self) -> int:
        return max(1, round(min(self.image.shape[:2]) / 240))

    @property
    def gap(self) -> int:
        return 2 * self.line

    @property
    def letters(self) -> int:
        """How high a row of text is: as high as its tallest letters, so that rows stand still."""
        (_, above), below = cv2.getTextSize("Ag", *self._font)
        return above + below

    @property
    def _font(self) -> tuple[int, float, int]:
        """Which letters, how large, how thick."""
        scale = max(0.3, min(self.image.shape[:2]) / 960)
        if scale < 0.4:
            return cv2.FONT_HERSHEY_PLAIN, 2 * scale, 1  # made of fewer strokes: an a is still no o
        return cv2.FONT_HERSHEY_SIMPLEX, scale, max(1, round(scale * 1.5))

    def name(self, label: int) -> str:
        """The class name in the letters that the font has, or the number if none are left."""
        plain = unicodedata.normalize("NFKD", self._label(label)).encode("ascii", "ignore").decode()
        return plain.strip() or str(label)

    def colour(self, label: int) -> Colour:
        name = self._label(label).lower()
        return self.colours.get(name) or colour_of(name)

    def is_background(self, label: int) -> bool:
        return label == UNLABELLED or self._label(label).lower() in _BACKGROUND

    def _label(self, label: int) -> str:
        return self.labels[label] if 0 <= label < len(self.labels) else str(label)

    def length(self, text: str) -> int:
        (width, _), _ = cv2.getTextSize(text, *self._font)
        return width

    def fitting(self, texts: Sequence[str], room: int) -> str:
        """The first of `texts` that is at most `room` pixels long, or as much of the last as fits."""
        last = texts[-1]
        shorter = (last[:count] for count in range(len(last) - 1, 0, -1))
        return next((text for text in (*texts, *shorter) if self.length(text) <= room), "")

    def write(self, text: str, left: int, bottom: int, colour: Colour) -> None:
        _, below = cv2.getTextSize("Ag", *self._font)
        face, scale, stroke = self._font
        cv2.putText(self.image, text, (left, bottom - below), face, scale, colour, stroke, cv2.LINE_AA)

    def block(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        """Fill a rectangle; `right` and `bottom` are outside it."""
        self.image[max(top, 0) : bottom, max(left, 0) : right] = colour

    def shade(self, top: int, bottom: int, right: int) -> None:
        """Darken a panel at the left side, so that light letters can be read on it."""
        panel = self.image[top:bottom, :right]
        np.floor_divide(panel, 4, out=panel)
