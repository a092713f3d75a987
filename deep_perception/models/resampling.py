"""Cubic resampling with the kernel that super-resolution is measured with: a = -0.5, as in MATLAB's imresize.

Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981. torch's own bicubic mode has a = -0.75.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from deep_perception.predictions import Image

A = -0.5
HALF_WIDTH = 2
"""The kernel is zero beyond this distance, in pixels of the coarser picture."""


class Enlarge(nn.Module):
    """Makes pictures (N, C, H, W) `scale` times larger; beyond the border, the last pixel goes on."""

    taps: Tensor

    def __init__(self, scale: int, *, stored: bool = False) -> None:
        """`stored` writes the kernel into state dicts, for a network that has nothing else."""
        super().__init__()
        self.scale = scale
        self.register_buffer("taps", _enlarging_taps(scale), persistent=stored)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return float32 pictures (N, C, scale * H, scale * W)."""
        # Fewer bits than these would show as steps in smooth areas.
        with torch.autocast(pictures.device.type, enabled=False):
            padded = functional.pad(pictures.float().contiguous(), (HALF_WIDTH,) * 4, "replicate")
            return _stretched(_stretched(padded, 2, self.taps), 3, self.taps)


def reduced(image: Image, scale: int) -> Image:
    """Make a picture `scale` times smaller, smoothed as published evaluations do; odd rows and columns are cut off."""
    height, width = (length // scale * scale for length in image.shape[:2])
    if not height or not width:
        raise ValueError(f"image: got {image.shape[1]}x{image.shape[0]}, expected at least {scale}x{scale}")
    pixels = torch.from_numpy(np.array(image[:height, :width])).permute(2, 0, 1)[:, None].float()
    taps, before = _reducing_taps(scale)
    padded = functional.pad(pixels, (before,) * 4, "replicate")
    small = functional.conv2d(padded, taps.outer(taps)[None, None], stride=scale)
    return small[:, 0].round_().clamp_(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()


def _cubic(distance: Tensor) -> Tensor:
    far = distance.abs()
    inside = (A + 2) * far**3 - (A + 3) * far**2 + 1
    outside = A * far**3 - 5 * A * far**2 + 8 * A * far - 4 * A
    return torch.where(far <= 1, inside, torch.where(far < HALF_WIDTH, outside, torch.zeros_like(far)))


def _enlarging_taps(scale: int) -> Tensor:
    """Return (scale, 5): for each pixel that one becomes along a line, the weights of the five around that one."""
    offsets = torch.arange(-HALF_WIDTH, HALF_WIDTH + 1, dtype=torch.float64)
    positions = (torch.arange(scale, dtype=torch.float64) + 0.5) / scale - 0.5
    line = _cubic(offsets[None] - positions[:, None])
    return (line / line.sum(1, keepdim=True)).float()


def _stretched(padded: Tensor, axis: int, taps: Tensor) -> Tensor:
    """Enlarge along one axis; on a CPU several times quicker than a convolution of one channel."""
    shape = list(padded.shape)
    shape[axis] -= 2 * HALF_WIDTH
    large = padded.new_empty(*shape[: axis + 1], len(taps), *shape[axis + 1 :])
    for number, weights in enumerate(taps):
        phase = padded.narrow(axis, 0, shape[axis]) * weights[0]
        for offset in range(1, len(weights)):
            phase.addcmul_(padded.narrow(axis, offset, shape[axis]), weights[offset])
        large.select(axis + 1, number).copy_(phase)
    return large.flatten(axis, axis + 1)


def _reducing_taps(scale: int) -> tuple[Tensor, int]:
    """Return the weights of the pixels that become one, and how many lie on each side of the `scale` it replaces."""
    centre = (scale - 1) / 2
    before = math.ceil(HALF_WIDTH * scale - centre) - 1
    line = _cubic((torch.arange(-before, scale + before, dtype=torch.float64) - centre) / scale)
    return (line / line.sum()).float(), before
