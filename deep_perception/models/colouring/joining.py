"""Few colours, many pixels: chroma of a network's size laid over the full-size picture, whose brightness stays.

Where brightness and colour together are beyond what screens show, the colour gives way: networks are wrong about
colours more often than cameras are about brightness.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from deep_perception.colour import (
    linear_of,
    linear_rgb,
    luma,
    luminance,
    pixels_of,
    root_of,
    towards_gray,
    yuv_to_rgb,
)
from deep_perception.models.resizing import enlarged_strips


def with_ab(pixels: Tensor, ab: Tensor) -> Tensor:
    """Give a uint8 picture (3, H, W) a and b (2, h, w) of Lab and leave it its L; return uint8 (H, W, 3)."""
    return _in_strips(pixels, ab, _lab_strip)


def with_uv(pixels: Tensor, uv: Tensor) -> Tensor:
    """Give a uint8 picture (3, H, W) U and V (2, h, w) and leave it its luma; return uint8 (H, W, 3)."""
    return _in_strips(pixels, uv, _yuv_strip)


def _in_strips(pixels: Tensor, chroma: Tensor, join: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    height, width = pixels.shape[-2:]
    whole = torch.empty(height, width, 3, dtype=torch.uint8, device=pixels.device)
    for rows, part in enlarged_strips(chroma.float(), height, width):
        whole[rows] = join(pixels[:, rows], part).permute(1, 2, 0)
    return whole


def _lab_strip(pixels: Tensor, ab: Tensor) -> Tensor:
    gray = luminance(linear_of(pixels))
    linear = linear_rgb(root_of(gray), ab[0], ab[1])
    return pixels_of(towards_gray(linear, gray))


def _yuv_strip(pixels: Tensor, uv: Tensor) -> Tensor:
    gray = luma(pixels.float() / 255)
    return (towards_gray(yuv_to_rgb(gray, uv[0], uv[1]), gray) * 255).round_().to(torch.uint8)
