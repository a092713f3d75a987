"""Colorization as a choice among 313 colours: Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016.

Layers and their names as in github.com/richzhang/colorization (BSD-2-Clause), so that the released file
loads as it is.
"""

import torch
from torch import Tensor, nn

from deep_perception.colour import lightness
from deep_perception.models.networks.ab_bins import ab_bins
from deep_perception.models.resizing import resized
from deep_perception.models.store import NamedWeights

MIDDLE, L_RANGE, AB_RANGE = 50.0, 100.0, 110.0
"""The network reads (L - 50) / 100 and writes ab / 110."""
INPUT_SIZE = (256, 256)
LICENCE = "BSD-2-Clause"
SHA256 = "9b330a0bae53f4ded77b1e23defbf78beaa09c10ebc4c4999e8e4f4a160b93f9"
"""The authors give the first eight digits, as part of the name; the others are noted by projects that use the file."""


class Eccv16(nn.Module):
    """Lightness in, colours out; `scores` tells how likely each of the 313 is."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        narrow, double, wide, full = width, 2 * width, 4 * width, 8 * width
        self.model1 = block(1, narrow, narrow, stride=2)
        self.model2 = block(narrow, double, double, stride=2)
        self.model3 = block(double, wide, wide, wide, stride=2)
        self.model4 = block(wide, full, full, full)
        self.model5 = block(full, full, full, full, dilation=2)
        self.model6 = block(full, full, full, full, dilation=2)
        self.model7 = block(full, full, full, full)
        self.model8 = nn.Sequential(
            nn.ConvTranspose2d(full, wide, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            *convolutions(wide, wide, wide),
            nn.Conv2d(wide, len(ab_bins()), 1),
        )
        self.softmax = nn.Softmax(dim=1)
        # The centres of the bins: they come with the weights, but are nothing to learn.
        self.model_out = nn.Conv2d(len(ab_bins()), 2, 1, bias=False).requires_grad_(False)
        self.model_out.weight.copy_(torch.from_numpy(ab_bins().T[:, :, None, None] / AB_RANGE))
        self.upsample4 = nn.Upsample(scale_factor=4, mode="bilinear")

    def forward(self, light: Tensor) -> Tensor:
        """Turn L (N, 1, h, w) into ab (N, 2, h, w), the mean colour of what is likely."""
        shares = self.softmax(self.scores(light))
        colours: Tensor = self.upsample4(self.model_out(shares))
        return colours * AB_RANGE

    def scores(self, light: Tensor) -> Tensor:
        """Turn L (N, 1, h, w) into scores of the bins (N, 313, h / 4, w / 4); h and w are multiples of 8."""
        features = (light - MIDDLE) / L_RANGE
        for number in range(1, 9):
            features = self.get_submodule(f"model{number}")(features)
        return features


def convolutions(*channels: int, stride: int = 1, dilation: int = 1) -> list[nn.Module]:
    """Make 3x3 convolutions with ReLUs from one number of channels to the next; the last one has the stride."""
    layers: list[nn.Module] = []
    for number in range(1, len(channels)):
        steps = stride if number == len(channels) - 1 else 1
        before, after = channels[number - 1 : number + 1]
        layers += [nn.Conv2d(before, after, 3, steps, dilation, dilation), nn.ReLU(inplace=True)]
    return layers


def block(*channels: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Make convolutions with a norm behind them."""
    return nn.Sequential(*convolutions(*channels, stride=stride, dilation=dilation), nn.BatchNorm2d(channels[-1]))


def build() -> nn.Module:
    """Build the network with random weights."""
    return Eccv16()


def prepare(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Turn uint8 RGB (3, H, W) into L (1, h, w)."""
    return lightness(resized(pixels, size))[None]


def named_weights(name: str) -> tuple[NamedWeights, ...]:
    """Return what the authors of the network released."""
    file = "https://colorizers.s3.us-east-2.amazonaws.com/colorization_release_v2-9b330a0b.pth"
    return (NamedWeights(name, "RELEASE_V2", file, SHA256, labels=(), licence=LICENCE),)
