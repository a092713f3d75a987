"""Colours as the eye measures them: sRGB to CIE Lab (white D65) and back, with OpenCV's constants.

Every picture here is a tensor with its colour planes third from the end: (..., 3, H, W).
"""

from functools import cache

import torch
from torch import Tensor

FROM_RGB = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
"""Linear RGB to CIE XYZ; the sums of its rows are the white point, so that gray has no colour at all."""
WHITE = tuple(sum(row) for row in FROM_RGB)
LUMA = (0.299, 0.587, 0.114)
"""How bright red, green and blue are for television (ITU-R BT.601)."""
U_SCALE, V_SCALE = 0.492, 0.877

EDGE = 0.008856
"""Darker than this share of white, Lab is linear."""
SLOPE, OFFSET = 7.787, 16 / 116
FINE = 65535
"""So many steps of linear light are one twentieth of a level apart where sRGB is steepest."""


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """Turn sRGB in [0, 1] into Lab: L in [0, 100], a and b about -110 to 110."""
    linear = to_linear(rgb)
    x, y, z = (root_of(_mixed(row, linear) / white) for row, white in zip(FROM_RGB, WHITE, strict=True))
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), -3)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """Turn Lab into sRGB in [0, 1], each channel clipped where no screen shows such a colour."""
    lightness, a, b = lab.unbind(-3)
    root = (lightness + 16) / 116
    return from_linear(linear_rgb(root, a, b).clamp(0, 1))


def linear_rgb(root: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Turn (L + 16) / 116, a and b into linear RGB, unclipped."""
    xyz = [white * _cube(value) for white, value in zip(WHITE, (root + a / 500, root, root - b / 200), strict=True)]
    return torch.stack([row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2] for row in _to_rgb()], -3)


def luminance(linear: Tensor) -> Tensor:
    """Return CIE Y in [0, 1] of linear RGB, without the colour dimension."""
    return _mixed(FROM_RGB[1], linear)


def root_of(y: Tensor) -> Tensor:
    """Turn CIE Y in [0, 1] into (L + 16) / 116."""
    return torch.where(y > EDGE, y.clamp(min=0) ** (1 / 3), SLOPE * y + OFFSET)


def lightness(pixels: Tensor) -> Tensor:
    """Return L in [0, 100] of uint8 sRGB, without the colour dimension."""
    return 116 * root_of(luminance(linear_of(pixels))) - 16


def linear_of(pixels: Tensor) -> Tensor:
    """Turn uint8 sRGB into linear RGB in [0, 1]."""
    pixelwise = pixels.movedim(-3, -1)  # as they lie in memory: to sort them by colour first takes six times as long
    linear = _linear_levels(pixels.device).index_select(0, pixelwise.reshape(-1).int())
    return linear.view(pixelwise.shape).movedim(-1, -3)


def pixels_of(linear: Tensor) -> Tensor:
    """Turn linear RGB in [0, 1] into uint8 sRGB."""
    steps = (linear * FINE).round_().int()
    return _fine_levels(linear.device).index_select(0, steps.reshape(-1)).view(linear.shape)


def to_linear(rgb: Tensor) -> Tensor:
    """Undo the gamma of sRGB."""
    return torch.where(rgb > 0.04045, ((rgb.clamp(min=0) + 0.055) / 1.055) ** 2.4, rgb / 12.92)


def from_linear(linear: Tensor) -> Tensor:
    """Apply the gamma of sRGB."""
    return torch.where(linear > 0.0031308, 1.055 * linear.clamp(min=0) ** (1 / 2.4) - 0.055, linear * 12.92)


def chroma_of(rgb: Tensor) -> Tensor:
    """Return U and V of sRGB in [0, 1] as two planes, 0 for gray."""
    red, _, blue = rgb.unbind(-3)
    gray = luma(rgb)
    return torch.stack((U_SCALE * (blue - gray), V_SCALE * (red - gray)), -3)


def luma(rgb: Tensor) -> Tensor:
    """Return the luma of sRGB, without the colour dimension."""
    return _mixed(LUMA, rgb)


def yuv_to_rgb(gray: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Turn luma in [0, 1], U and V into sRGB, unclipped."""
    red = gray + v / V_SCALE
    blue = gray + u / U_SCALE
    return torch.stack((red, (gray - LUMA[0] * red - LUMA[2] * blue) / LUMA[1], blue), -3)


def towards_gray(rgb: Tensor, gray: Tensor) -> Tensor:
    """Fade colours that no screen shows towards the gray as bright as they are, until each channel is in [0, 1].

    Where `gray` is a weighted mean of the channels, which luminance and luma are, it stays as it was.
    """
    colour = rgb - gray.unsqueeze(-3)
    tiny = torch.finfo(rgb.dtype).tiny
    share = torch.minimum(
        (1 - gray) / colour.amax(-3).clamp(min=tiny), gray / (-colour.amin(-3)).clamp(min=tiny)
    ).clamp(0, 1)
    return (gray.unsqueeze(-3) + colour * share.unsqueeze(-3)).clamp(0, 1)


def _mixed(shares: tuple[float, float, float], rgb: Tensor) -> Tensor:
    red, green, blue = rgb.unbind(-3)
    return shares[0] * red + shares[1] * green + shares[2] * blue


def _cube(root: Tensor) -> Tensor:
    edge = SLOPE * EDGE + OFFSET
    return torch.where(root > edge, root**3, (root - OFFSET) / SLOPE)


# Looked up, a power costs a tenth. Tables outlive the call that made them, which may have been one without gradients.
@cache
def _linear_levels(device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        return to_linear(torch.arange(256, device=device) / 255)


@cache
def _fine_levels(device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        steps = torch.arange(FINE + 1, device=device, dtype=torch.float64)
        return (from_linear(steps / FINE) * 255).round().to(torch.uint8)


@cache
def _to_rgb() -> list[list[float]]:
    inverse: list[list[float]] = torch.linalg.inv(torch.tensor(FROM_RGB, dtype=torch.float64)).tolist()
    return inverse
