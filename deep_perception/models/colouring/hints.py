"""Colour hints as planes of the network's size: a, b, and 1 where they hold."""

import numpy as np
import torch
from torch import Tensor

from deep_perception.colour import rgb_to_lab
from deep_perception.predictions import ColourHints

SIDE = 5
"""Pixels a side, of the network's input, that a hint colours: the middle of the sizes the network learnt with."""
SIDES = (1, 9)
CHANCE_TO_STOP = 1 / 8
"""The number of revealed places is geometric: 7 on average, often none."""
CHANCE_OF_ALL = 0.01
"""How often all colours are revealed, so that the network learns to copy them."""


def hint_planes(hints: ColourHints, picture: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Lay hints for a picture of that height and width into planes (3, h, w); what lies outside it is left out."""
    planes = torch.zeros(3, *size)
    extent = np.array(picture[::-1], np.float32)
    inside = ((hints.points >= 0) & (hints.points < extent)).all(1)
    places = (hints.points[inside] / extent * np.array(size[::-1], np.float32)).astype(np.int64)
    for (x, y), ab in zip(places, _ab(hints.colours[inside]), strict=True):
        _colour(planes, x - SIDE // 2, y - SIDE // 2, SIDE, ab)
    return planes


def revealed(ab: Tensor) -> Tensor:
    """Reveal random places of ab (2, h, w) as planes (3, h, w), as the paper simulates its users."""
    _, height, width = ab.shape
    if torch.rand(()) < CHANCE_OF_ALL:
        return torch.cat((ab, torch.ones_like(ab[:1])))
    planes = torch.zeros(3, height, width, device=ab.device)
    while torch.rand(()) >= CHANCE_TO_STOP:
        side = min(int(torch.randint(SIDES[0], SIDES[1] + 1, ())), height, width)
        x, y = _near_the_middle(width - side), _near_the_middle(height - side)
        _colour(planes, x, y, side, ab[:, y : y + side, x : x + side].mean((1, 2)))
    return planes


def _near_the_middle(most: int) -> int:
    place = float(torch.randn(())) * most / 4 + most / 2
    return int(min(max(place, 0), most))


def _colour(planes: Tensor, x: int, y: int, side: int, ab: Tensor) -> None:
    place = planes[:, max(y, 0) : y + side, max(x, 0) : x + side]
    place[:2] = ab[:, None, None]
    place[2] = 1


def _ab(colours: np.ndarray) -> Tensor:
    """Return a and b (n, 2) of RGB colours (n, 3)."""
    return rgb_to_lab(torch.from_numpy(colours.astype(np.float32) / 255).T[:, :, None])[1:, :, 0].T
