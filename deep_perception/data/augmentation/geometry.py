"""Other views of the same place: mirrored, closer, from further away, turned."""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from deep_perception.data.augmentation.view import LEAST_SEEN, View, areas

TRIES = 10
"""So many windows are looked at for a good one."""
STRETCH = math.log(4 / 3)
"""A window is at most so much wider or higher than the picture, as a logarithm."""

LEAST_SIDE = 0.4
"""Side of the smallest window on things, as a share of the picture."""
CLOSER, FURTHER = 0.5, 0.15
"""How often things are looked at from closer and from further away."""
MOST_MARGIN = 0.25
"""Most that is put around the picture on one side, as a share of it."""

PATCH = 192
"""Side in pixels of what is learnt from where it is details that matter."""
MOST_DEGREES = 10.0


def flip(view: View, rng: Generator) -> View:
    """Exchange left and right, every other time."""
    return view.mirrored() if rng.uniform() < 0.5 else view


def crop(view: View, rng: Generator, *, least: float) -> View:
    """Look at a window, its sides at least `least` of the picture's; nothing is enlarged."""
    for _ in range(TRIES):
        cut = view.cut(*_window(view.size, least, rng))
        if cut.says_something:
            return cut
    return view


def crop_things(view: View, rng: Generator) -> View:
    """Look at things from closer or from further away, at best so that each is well in the picture or not at all."""
    way = rng.uniform()
    if way < FURTHER:
        height, width = view.size
        margins = rng.uniform(0, MOST_MARGIN, 4) * [width, height, width, height]
        return view.surrounded(*np.rint(margins).astype(int).tolist())
    if way >= FURTHER + CLOSER:
        return view
    windows = [_window(view.size, LEAST_SIDE, rng) for _ in range(TRIES)]
    badness = _badness(view.boxes, np.array(windows))
    return _unless_lost(view.cut(*windows[int(badness.argmin())]), view)


def crop_patch(view: View, rng: Generator) -> View:
    """Look at a square of PATCH pixels, or at all there is."""
    sides = [min(side, PATCH) for side in view.size]
    height, width = sides
    top, left = (int(rng.integers(whole - side + 1)) for whole, side in zip(view.size, sides, strict=True))
    return view.cut(top, left, height, width)


def rotate(view: View, rng: Generator) -> View:
    """Turn a little."""
    return _unless_lost(view.turned(rng.uniform(-MOST_DEGREES, MOST_DEGREES)), view)


def _window(size: tuple[int, int], least: float, rng: Generator) -> tuple[int, int, int, int]:
    """Draw top, left, height, width."""
    share, stretch = rng.uniform(least, 1), math.exp(rng.uniform(-STRETCH, STRETCH) / 2)
    shares = (share * stretch, share / stretch)
    height, width = (max(1, round(side * min(1.0, part))) for side, part in zip(size, shares, strict=True))
    top, left = (int(rng.integers(whole - side + 1)) for whole, side in zip(size, (height, width), strict=True))
    return top, left, height, width


def _badness(boxes: NDArray[np.float32], windows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for each window how many things would be cut off too far to count, with a surcharge if none would."""
    first = windows[:, None, 1::-1]
    last = first + windows[:, None, :1:-1]
    sides = np.minimum(boxes[:, 2:], last) - np.maximum(boxes[:, :2], first)
    seen = np.prod(np.maximum(sides, 0), axis=2) / np.maximum(areas(boxes), 1e-6)
    return ((seen > 0) & (seen < LEAST_SEEN)).sum(1) + len(boxes) * (seen < LEAST_SEEN).all(1)


def _unless_lost(after: View, before: View) -> View:
    """Return the new view, but the old one where all there was to learn would be gone."""
    return after if after.says_something or not before.says_something else before
