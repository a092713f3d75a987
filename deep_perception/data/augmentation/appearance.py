"""The same place in another light, through another camera, or with something before it."""

import math

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional

from deep_perception.data.augmentation.view import GRAY, View, areas

OFTEN, SELDOM = 0.5, 0.3
MOST_NOISE = 12.0
"""Standard deviation, of 255."""
HIDDEN = (0.02, 0.12)
"""Least and most of the picture that is hidden."""
MOST_HIDDEN = 0.4
"""Of a thing."""
TRIES = 10


def colour(view: View, rng: Generator) -> View:
    """Change the white balance and how colourful it is."""
    saturation = rng.uniform(0.6, 1.4)
    gains = torch.from_numpy(rng.uniform(0.92, 1.08, (3, 1, 1)).astype(np.float32))

    def paint(pixels: Tensor) -> Tensor:
        coloured = functional.adjust_saturation(pixels, saturation)
        return tv_tensors.wrap((coloured * gains).round_().clamp_(0, 255).to(torch.uint8), like=pixels)

    return view.painted(paint, "image", "truth") if rng.uniform() < OFTEN else view


def contrast(view: View, rng: Generator) -> View:
    """Change contrast and brightness."""
    factors = rng.uniform(0.7, 1.3, 2)

    def paint(pixels: Tensor) -> Tensor:
        return functional.adjust_brightness(functional.adjust_contrast(pixels, factors[0]), factors[1])

    return view.painted(paint, "image", "truth") if rng.uniform() < OFTEN else view


def noise(view: View, rng: Generator) -> View:
    """Add what a camera adds in the dark; what is true stays clean."""
    strength, seed = rng.uniform(0, MOST_NOISE), int(rng.integers(2**62))

    def paint(pixels: Tensor) -> Tensor:
        grain = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(seed))
        noisy = grain.mul_(strength).add_(pixels.as_subclass(Tensor)).round_().clamp_(0, 255).to(torch.uint8)
        return tv_tensors.wrap(noisy, like=pixels)

    return view.painted(paint, "image") if rng.uniform() < SELDOM else view


def erase(view: View, rng: Generator) -> View:
    """Hide a rectangle, but of no thing too much."""
    if rng.uniform() >= SELDOM:
        return view
    rectangles = (_rectangle(view.size, rng) for _ in range(TRIES))
    fair = next((one for one in rectangles if _hides_little(view, *one)), None)
    if fair is None:
        return view
    gray = torch.tensor(GRAY, dtype=torch.uint8)[:, None, None]
    return view.painted(lambda pixels: functional.erase(pixels, *fair, gray), "image")


def _rectangle(size: tuple[int, int], rng: Generator) -> tuple[int, int, int, int]:
    """Draw top, left, height, width; of a tiny picture perhaps nothing."""
    share, stretch = math.sqrt(rng.uniform(*HIDDEN)), math.exp(rng.uniform(-math.log(2), math.log(2)) / 2)
    height, width = (round(side * part) for side, part in zip(size, (share * stretch, share / stretch), strict=True))
    top, left = (int(rng.integers(whole - side + 1)) for whole, side in zip(size, (height, width), strict=True))
    return top, left, height, width


def _hides_little(view: View, top: int, left: int, height: int, width: int) -> bool:
    boxes = view.boxes
    sides = np.minimum(boxes[:, 2:], [left + width, top + height]) - np.maximum(boxes[:, :2], [left, top])
    return bool((np.prod(np.maximum(sides, 0), axis=1) <= MOST_HIDDEN * areas(boxes)).all())
