"""What every upscaling network is: pictures in, pictures `scale` times larger out."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from deep_perception.models.resampling import Enlarge

LUMA = (65.481 / 255, 128.553 / 255, 24.966 / 255)
"""Share of red, green and blue in the luminance of ITU-R BT.601, which runs from 16 to 235 of 255."""
LUMA_OF_BLACK = 16 / 255


class UpscalingNetwork(nn.Module):
    """Turns RGB pictures (N, 3, H, W) from 0 to 1 into ones `scale` times larger.

    Attributes
    ----------
    reach: how many pixels away from a pixel its answer may depend on; where that has no bound, how many matter.
    grid: what a picture is divided into begins at multiples of this many pixels.
    prefers_whole: whether dividing a picture may show.

    """

    scale: int
    reach: int
    grid: int = 1
    prefers_whole: bool = False


class LuminanceNetwork(UpscalingNetwork, ABC):
    """Upscales the luminance by what it learnt and the two colour channels by a cubic kernel."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.enlarge = Enlarge(scale)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return RGB pictures of the large size."""
        large: Tensor = self.enlarge(pictures)
        plain = luminance(large)
        return large + as_colour(self.upscale_luminance(luminance(pictures), plain) - plain)

    @abstractmethod
    def upscale_luminance(self, small: Tensor, plain: Tensor) -> Tensor:
        """Return large luminance (N, 1, sH, sW) from the small one, or from the one that the cubic kernel made."""


def luminance(pictures: Tensor) -> Tensor:
    """Return the luminance (N, 1, H, W) of RGB pictures, 16/255 for black to 235/255 for white."""
    shares = torch.tensor(LUMA, device=pictures.device).view(1, 3, 1, 1)
    return (pictures * shares).sum(1, keepdim=True) + LUMA_OF_BLACK


def as_colour(gain: Tensor) -> Tensor:
    """Return what a gain of luminance adds to red, green and blue alike; Cb and Cr stay as they are."""
    return gain / sum(LUMA)
