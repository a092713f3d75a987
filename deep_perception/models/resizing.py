"""Camera pictures and small planes brought to each other's size without large arrays in between."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as transform

STRIP = 1 << 18
"""About so many pixels are worked on at a time, so that the floats in between stay in the cache."""


def resized(pixels: Tensor, size: tuple[int, int], mode: str = "bicubic") -> Tensor:
    """Bring uint8 (3, H, W) to (3, h, w) as Pillow does."""
    small: Tensor = transform.resize(pixels, list(size), InterpolationMode(mode), antialias=True)
    return small


def enlarged_strips(planes: Tensor, height: int, width: int) -> Iterator[tuple[slice, Tensor]]:
    """Enlarge planes (k, h, w) bilinearly to (k, height, width); yield strip by strip its rows and its part."""
    planes = _not_larger(planes, height, width)
    wide = functional.interpolate(planes[None], (planes.shape[1], width), mode="bilinear")[0]
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        strip = slice(top, min(top + rows, height))
        yield strip, _rows(wide, strip, height)


def _not_larger(planes: Tensor, height: int, width: int) -> Tensor:
    size = (min(height, planes.shape[1]), min(width, planes.shape[2]))
    if size == tuple(planes.shape[1:]):
        return planes
    return functional.interpolate(planes[None], size, mode="bilinear", antialias=True)[0]


def _rows(planes: Tensor, rows: slice, height: int) -> Tensor:
    """Return rows of what the planes would be if they were this high."""
    given = planes.shape[1]
    place = (torch.arange(rows.start, rows.stop, device=planes.device) + 0.5) * (given / height) - 0.5
    place = place.clamp(0, given - 1)
    above = place.long()
    below = (above + 1).clamp(max=given - 1)
    return torch.lerp(planes[:, above], planes[:, below], (place - above)[:, None])
