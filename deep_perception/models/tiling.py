"""Upscale a part of a picture tile by tile; each tile sees enough of what is around it to leave no seam."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from deep_perception.models.networks.upscaling.network import UpscalingNetwork

SMALLEST = 16
"""Tiles are not made smaller than this to fit into memory; by then their surroundings outweigh them."""


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels; `bottom` and `right` lie behind the last one."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, pictures: Tensor) -> "Box":
        """Return all of the pictures (..., H, W)."""
        return cls(0, 0, int(pictures.shape[-2]), int(pictures.shape[-1]))

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.height * self.width

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index an array with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, margin: int) -> "Box":
        """Return the box with a margin around it."""
        return Box(self.top - margin, self.left - margin, self.bottom + margin, self.right + margin)

    def within(self, frame: "Box") -> "Box":
        """Return the part inside another box, where there is one."""
        top, left = max(self.top, frame.top), max(self.left, frame.left)
        return Box(top, left, min(self.bottom, frame.bottom), min(self.right, frame.right))

    def joined(self, other: "Box") -> "Box":
        """Return the smallest box around both."""
        top, left = min(self.top, other.top), min(self.left, other.left)
        return Box(top, left, max(self.bottom, other.bottom), max(self.right, other.right))

    def snapped(self, grid: int) -> "Box":
        """Return the smallest box around this one whose sides lie on multiples of `grid`."""
        top, left = self.top // grid * grid, self.left // grid * grid
        return Box(top, left, math.ceil(self.bottom / grid) * grid, math.ceil(self.right / grid) * grid)

    def seen_from(self, other: "Box", scale: int) -> "Box":
        """Return where this box lies in an enlargement of another one."""
        top, left = scale * (self.top - other.top), scale * (self.left - other.left)
        return Box(top, left, top + scale * self.height, left + scale * self.width)


def upscaled(network: UpscalingNetwork, pictures: Tensor, part: Box, side: int) -> NDArray[np.uint8]:
    """Return `part` of uint8 pictures (N, 3, H, W) upscaled, as (N, scale * h, scale * w, 3) in the host's memory.

    No tile has a side longer than `side`.
    """
    scale, whole = network.scale, Box.around(pictures)
    answer = np.empty((len(pictures), scale * part.height, scale * part.width, 3), np.uint8)
    for tile in tiles(part, side):
        seen = tile.grown(network.reach).snapped(network.grid).within(whole)
        rows, columns = seen.slices
        small = pictures[..., rows, columns].float().div_(255)
        large: Tensor = network(small.contiguous(memory_format=torch.channels_last))
        rows, columns = tile.seen_from(seen, scale).slices
        pixels = large[..., rows, columns].float().mul(255).round_().clamp_(0, 255).to(torch.uint8)
        rows, columns = tile.seen_from(part, scale).slices
        answer[:, rows, columns] = pixels.permute(0, 2, 3, 1).contiguous().cpu()
    return answer


def tiles(part: Box, side: int) -> Iterator[Box]:
    """Divide a box into parts of about equal size, none of them longer than `side`."""
    rows, columns = _cuts(part.top, part.bottom, side), _cuts(part.left, part.right, side)
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            yield Box(top, left, bottom, right)


def _cuts(start: int, end: int, side: int) -> list[int]:
    count = math.ceil((end - start) / side)
    return [start + (end - start) * number // count for number in range(count + 1)]
