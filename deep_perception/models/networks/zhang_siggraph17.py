"""Colorization that takes hints: Zhang, Zhu, Isola, Geng, Lin, Yu, Efros, "Real-Time User-Guided Image Colorization
with Learned Deep Priors", SIGGRAPH 2017, the local hints network.

Layers and their names as in github.com/richzhang/colorization (BSD-2-Clause), so that the released file
loads as it is.
"""

import torch
from torch import Tensor, nn

from deep_perception.models.networks.zhang_eccv16 import (
    AB_RANGE,
    L_RANGE,
    LICENCE,
    MIDDLE,
    block,
    convolutions,
)
from deep_perception.models.store import NamedWeights

STEP, REACH = 10, 110
PER_AXIS = 2 * REACH // STEP + 1
CLASSES = PER_AXIS**2
"""The judgement half way has a class for each colour of the whole grid, whether a screen shows it or not."""

SHA256 = "df00044c0a4d7c3edcecf6f75437ce346a66e7a42612d9b968e1a7e17dbc6f66"
"""The authors give the first eight digits, as part of the name; the others are noted by projects that use the file."""


class Siggraph17(nn.Module):
    """Lightness and what is known of the colours in, colours out."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        narrow, double, wide, full = width, 2 * width, 4 * width, 8 * width
        self.model1 = block(4, narrow, narrow)
        self.model2 = block(narrow, double, double)
        self.model3 = block(double, wide, wide, wide)
        self.model4 = block(wide, full, full, full)
        self.model5 = block(full, full, full, full, dilation=2)
        self.model6 = block(full, full, full, full, dilation=2)
        self.model7 = block(full, full, full, full)
        self.model8up = _doubled(full, wide)
        self.model3short8 = nn.Sequential(nn.Conv2d(wide, wide, 3, padding=1))
        self.model8 = nn.Sequential(nn.ReLU(inplace=True), *block(wide, wide, wide))
        self.model9up = _doubled(wide, double)
        self.model2short9 = nn.Sequential(nn.Conv2d(double, double, 3, padding=1))
        self.model9 = nn.Sequential(nn.ReLU(inplace=True), *block(double, double))
        self.model10up = _doubled(double, double)
        self.model1short10 = nn.Sequential(nn.Conv2d(narrow, double, 3, padding=1))
        self.model10 = nn.Sequential(
            nn.ReLU(inplace=True), *convolutions(double, double)[:1], nn.LeakyReLU(negative_slope=0.2)
        )
        self.model_class = nn.Sequential(nn.Conv2d(wide, CLASSES, 1))
        self.model_out = nn.Sequential(nn.Conv2d(double, 2, 1), nn.Tanh())

    def forward(self, light: Tensor, hints: Tensor | None = None) -> Tensor:
        """Turn L (N, 1, h, w) and hints (N, 3, h, w), which are a, b and 1 where they hold, into ab (N, 2, h, w)."""
        ab, _ = self.colours_and_features(light, hints)
        return ab

    def colours_and_features(self, light: Tensor, hints: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return ab and the features that `model_class` judges; h and w are multiples of 8."""
        if hints is None:
            hints = light.new_zeros(1).expand(len(light), 3, *light.shape[2:])
        given = torch.cat(((light - MIDDLE) / L_RANGE, hints[:, :2] / AB_RANGE, hints[:, 2:]), 1)
        first = self.model1(given)
        second = self.model2(first[:, :, ::2, ::2])
        third = self.model3(second[:, :, ::2, ::2])
        deep = self.model7(self.model6(self.model5(self.model4(third[:, :, ::2, ::2]))))
        eighth = self.model8(self.model8up(deep) + self.model3short8(third))
        ninth = self.model9(self.model9up(eighth) + self.model2short9(second))
        tenth = self.model10(self.model10up(ninth) + self.model1short10(first))
        return self.model_out(tenth) * AB_RANGE, eighth


def _doubled(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1))


def build() -> nn.Module:
    """Build the network with random weights."""
    return Siggraph17()


def grid_classes(ab: Tensor) -> Tensor:
    """Return the class (N, h, w) of colours (N, 2, h, w), numbered by a and then by b."""
    a, b = ((ab + REACH) / STEP).round().long().clamp(0, PER_AXIS - 1).unbind(1)
    return a * PER_AXIS + b


def named_weights(name: str) -> tuple[NamedWeights, ...]:
    """Return what the authors of the network released."""
    file = "https://colorizers.s3.us-east-2.amazonaws.com/siggraph17-df00044c.pth"
    return (NamedWeights(name, "RELEASE", file, SHA256, labels=(), licence=LICENCE),)
