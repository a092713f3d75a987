"""A picture in 192 numbers: its colours, and its edges by place and direction."""

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.data.sampling.quality import small
from deep_perception.predictions import Image

SHADES = 4
"""Steps of red, green and blue."""

DIRECTIONS = 8
CELLS = 4
"""Rows and columns in which edges are counted."""

SIDE = 64
USUAL = 0.4
"""Views of one place are nearer to each other than this, other places mostly further."""


def tiny_embedding(image: Image) -> NDArray[np.float32]:
    """Return a unit vector: a histogram of colours (Swain & Ballard 1991), and one of edges (Dalal & Triggs 2005).

    Roots of shares are compared, so that the distance is Hellinger's: a few large regions do not drown the rest.
    """
    picture = np.asarray(cv2.resize(small(image).colour, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    shares = np.concatenate([_root_share(_colours(picture)), _root_share(_edges(picture))])
    return np.asarray(shares / np.sqrt(2), np.float32)


def _colours(picture: Image) -> NDArray[np.float32]:
    even = cv2.convertScaleAbs(
        picture, alpha=128 / max(1.0, float(picture.mean()))
    )  # the camera's exposure does not count
    steps = [SHADES] * 3
    return np.asarray(cv2.calcHist([even], [0, 1, 2], None, steps, [0, 256] * 3).ravel(), np.float32)


def _edges(picture: Image) -> NDArray[np.float32]:
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    right, down = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    slope, angle = cv2.cartToPolar(right, down)
    direction = np.minimum(angle % np.pi * (DIRECTIONS / np.pi), DIRECTIONS - 1).astype(int)
    row, column = np.indices((SIDE, SIDE)) * CELLS // SIDE
    bins = (row * CELLS + column) * DIRECTIONS + direction
    return np.bincount(bins.ravel(), slope.ravel(), CELLS * CELLS * DIRECTIONS).astype(np.float32)


def _root_share(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    # A picture without any edge has the same few everywhere.
    total = float(counts.sum())
    return np.sqrt(counts / total) if total > 0 else np.full_like(counts, len(counts) ** -0.5)
