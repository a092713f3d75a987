"""Textures of the objects: small pictures in linear light, drawn once for each object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Texture = NDArray[np.float32]
Colour = tuple[float, float, float]

HEIGHT, WIDTH = 96, 192


@dataclass(frozen=True, eq=False)
class Paint:
    """A texture (h, w, 3), repeated around and stretched up; `gloss` is the strength of the highlight."""

    texture: Texture
    gloss: float = 0.3
    levels: list[Texture] = field(init=False)

    def __post_init__(self) -> None:
        levels = [self.texture]
        while min(levels[-1].shape[:2]) > 8:
            smaller = cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            levels.append(np.asarray(smaller, np.float32))
        object.__setattr__(self, "levels", levels)

    def sample(self, uv: Texture, pixels: float) -> Texture:
        """Colours (3, n) at texture coordinates (2, n) of an object this many pixels tall."""
        shrink = np.log2(max(1.0, self.texture.shape[0] / max(pixels, 1.0)))
        level = self.levels[min(round(shrink), len(self.levels) - 1)]
        # OpenCV wants the positions in rows shorter than 2^15.
        rows = -(-uv.shape[1] // 1024)
        places = np.zeros((2, rows * 1024), np.float32)
        places[0, : uv.shape[1]] = uv[0] * level.shape[1] - 0.5
        places[1, : uv.shape[1]] = np.clip(uv[1] * level.shape[0] - 0.5, 0, level.shape[0] - 1)
        columns, lines = places.reshape(2, rows, 1024)
        colours = cv2.remap(level, columns, lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return np.asarray(colours, np.float32).reshape(-1, 3)[: uv.shape[1]].T


def plain(colour: Colour, gloss: float = 0.3) -> Paint:
    return Paint(canvas(colour, 1, 1), gloss)


def canvas(colour: Colour, height: int = HEIGHT, width: int = WIDTH) -> Texture:
    return np.full((height, width, 3), colour, np.float32)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour in linear light; hue in turns."""
    pixel = np.array([[[360 * (hue % 1), saturation, value]]], np.float32)
    red, green, blue = cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0] ** 2
    return float(red), float(green), float(blue)


def darker(colour: Colour, share: float) -> Colour:
    red, green, blue = colour
    return red * share, green * share, blue * share


def lively(rng: np.random.Generator) -> Colour:
    """Any colour of a painted thing: mostly strong, sometimes pale, sometimes dark."""
    strength = rng.choice([0.85, 0.55, 0.15], p=[0.6, 0.25, 0.15])
    return hsv(rng.uniform(), strength * rng.uniform(0.8, 1.1), rng.uniform(0.45, 0.95))


def contrasting(rng: np.random.Generator, colour: Colour) -> Colour:
    """A colour that stands out against another."""
    brightness = sum(colour) / 3
    if rng.uniform() < 0.5:
        return hsv(rng.uniform(), rng.uniform(0, 0.15), 0.95 if brightness < 0.4 else 0.2)
    choices = [lively(rng) for _ in range(6)]
    return max(choices, key=lambda other: sum(abs(a - b) for a, b in zip(colour, other, strict=True)))


def stripes(rng: np.random.Generator, one: Colour, two: Colour) -> Texture:
    """Upright stripes, a whole number of them around."""
    texture, count = canvas(one), int(rng.integers(3, 9))
    texture[:, (np.arange(WIDTH) * count * 2 // WIDTH) % 2 == 1] = two
    return texture


def bands(rng: np.random.Generator, one: Colour, two: Colour) -> Texture:
    """One to three bands around."""
    texture, count = canvas(one), int(rng.integers(1, 4))
    for row in np.linspace(0, HEIGHT, count + 2)[1:-1]:
        half = rng.uniform(0.06, 0.3 / count) * HEIGHT
        texture[int(row - half) : int(row + half)] = two
    return texture


def checks(rng: np.random.Generator, one: Colour, two: Colour) -> Texture:
    texture, count = canvas(one), int(rng.integers(3, 6))
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    odd = (rows * count // HEIGHT + columns * 4 * (count // 2) // WIDTH) % 2 == 1
    texture[odd] = two
    return texture


def dots(rng: np.random.Generator, one: Colour, two: Colour) -> Texture:
    texture, step = canvas(one), int(rng.choice([16, 24, 32]))
    for row in range(step // 2, HEIGHT, step):
        shift = step // 2 if (row // step) % 2 else 0
        for column in range(shift, WIDTH + 1, step):
            cv2.circle(texture, (column, row), round(step * 0.28), two, -1)
    return texture


def speckles(rng: np.random.Generator, one: Colour, two: Colour) -> Texture:
    """Glazed stoneware."""
    grain = cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32), (0, 0), 1.0)
    return np.where(grain[..., None] > 0.5, np.array(two, np.float32), np.array(one, np.float32))


def label(rng: np.random.Generator, one: Colour, two: Colour) -> Texture:
    """A printed label: a panel with an emblem and lines that look like writing, twice around."""
    texture, ink = canvas(one), hsv(rng.uniform(), rng.uniform(0, 0.9), rng.uniform(0.1, 0.35))
    half = WIDTH // 2
    for left in (0, half):
        cv2.rectangle(texture, (left + 8, 14), (left + half - 9, HEIGHT - 15), two, -1)
        emblem(texture, (left + half // 2, 36), 15, one)
        write(rng, texture, (left + 18, 60, left + half - 18, HEIGHT - 20), ink)
    return texture


def emblem(texture: Texture, centre: tuple[int, int], radius: int, colour: Colour) -> None:
    """A star in a circle."""
    cv2.circle(texture, centre, radius, colour, max(1, radius // 6))
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    reach = radius * np.where(np.arange(10) % 2, 0.32, 0.78)
    star = np.array(centre) + np.stack([reach * np.cos(angles), reach * np.sin(angles)], axis=1)
    cv2.fillPoly(texture, [star.round().astype(np.int32)], colour)


def write(rng: np.random.Generator, texture: Texture, area: Sequence[int], ink: Colour) -> None:
    """Fill x1 y1 x2 y2 with rows of dashes that pass for words."""
    left, top, right, bottom = area
    for row in range(top, bottom - 2, 7):
        column = left
        while column < right - 4:
            length = int(rng.integers(5, 18))
            cv2.rectangle(texture, (column, row), (min(column + length, right), row + 2), ink, -1)
            column += length + 4


PATTERNS: tuple[Callable[[np.random.Generator, Colour, Colour], Texture], ...] = (
    stripes,
    bands,
    checks,
    dots,
    speckles,
    label,
)


def patterned(rng: np.random.Generator, gloss: float = 0.3) -> Paint:
    """A random pattern in two colours that differ, or one colour alone."""
    one = lively(rng)
    if rng.uniform() < 0.2:
        return plain(one, gloss)
    pattern = PATTERNS[rng.integers(len(PATTERNS))]
    return Paint(pattern(rng, one, contrasting(rng, one)), gloss)
