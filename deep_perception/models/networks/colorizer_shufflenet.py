"""Colorization on a ShuffleNetV2 pyramid: a colorizer small enough to ship.

What is learnt is as in Zhang et al., "Colorful Image Colorization", ECCV 2016: a choice among 313 colours; the body is
Ma et al., ShuffleNet V2, ECCV 2018, from torchvision's parts (BSD-3-Clause).
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from deep_perception.colour import luma
from deep_perception.models.networks.ab_bins import ab_bins, annealed_mean
from deep_perception.models.networks.fcos_shufflenet import STAGES, WIDTH, Pyramid
from deep_perception.models.resizing import resized

INPUT_SIZE = (256, 320)
"""Height and width, multiples of 32."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
EDGE_CHANNELS = 24
"""Of the body's first layers, which still see where things end."""


class ColorizerShuffleNet(nn.Module):
    """A gray picture in, colours out at a quarter of its size.

    `backbone` has the names and shapes of the detector's, whose weights it can take over.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Pyramid()
        self.merge = _convolution(WIDTH + EDGE_CHANNELS, WIDTH, 1)
        self.refine = nn.Sequential(_convolution(WIDTH, WIDTH, 3, groups=WIDTH), _convolution(WIDTH, WIDTH, 1))
        self.classify = nn.Conv2d(WIDTH, len(ab_bins()), 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Turn pictures (N, 3, h, w) into ab (N, 2, h / 4, w / 4)."""
        return annealed_mean(self.scores(pictures))

    def scores(self, pictures: Tensor) -> Tensor:
        """Turn pictures (N, 3, h, w) into scores of the bins (N, 313, h / 4, w / 4)."""
        edges, finest, *others = self._features(pictures)
        wide = finest + sum(_enlarged(level, finest) for level in others)
        scores: Tensor = self.classify(self.refine(self.merge(torch.cat((_enlarged(wide, edges), edges), 1))))
        return scores

    def _features(self, pictures: Tensor) -> list[Tensor]:
        """Return what the first layers see, at stride 4, and the levels of the pyramid, at 8, 16 and 32."""
        stages: OrderedDict[str, Tensor] = OrderedDict()
        features, edges = pictures, pictures
        for name, layer in self.backbone.body.items():
            features = layer(features)
            if name in STAGES:
                stages[STAGES[name]] = features
            elif name == "maxpool":
                edges = features
        return [edges, *self.backbone.fpn(stages).values()]


def _enlarged(features: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(features, (like.shape[2], like.shape[3]), mode="bilinear")


def _convolution(before: int, after: int, size: int, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, size, padding=size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


def build() -> nn.Module:
    """Build the network with random weights."""
    return ColorizerShuffleNet()


def prepare(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Turn uint8 RGB (3, H, W) into its gray picture (3, h, w) with equal channels, normalised as for the body."""
    gray = luma(resized(pixels, size, "bilinear").float() / 255)
    mean, std = (gray.new_tensor(values)[:, None, None] for values in (MEAN, STD))
    return (gray - mean) / std
