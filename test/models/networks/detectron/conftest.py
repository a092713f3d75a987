"""Backbones as narrow as they can be, on the trunks that the networks of the matrix stand on, and scenes to learn."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.resnet import Bottleneck, ResNet
from torchvision.ops import FeaturePyramidNetwork

from deep_perception.config import Selection
from deep_perception.evaluation.matching import Counts, compare
from deep_perception.models.detector import Detector
from deep_perception.models.networks.detectron.parts import HEADS
from deep_perception.models.networks.detectron.trunks import Kept, Trunk
from deep_perception.predictions import Image, Instances
from deep_perception.scenes import Scene, render

LABELS = ("__background__", "even", "odd")
"""Two kinds of things are quicker learnt than all eight of the scenes."""
SIZE = (120, 160)


class Narrow(ResNet):
    """A ResNet of four blocks with an eighth of the width; features have half the usual stride.

    It normalises by groups of channels, which needs no statistics from many pictures.
    """

    def __init__(self) -> None:
        super().__init__(Bottleneck, [1, 1, 1, 1], num_classes=1, norm_layer=lambda width: nn.GroupNorm(8, width))
        self.maxpool = nn.Identity()

    def _make_layer(self, block: Any, planes: int, *arguments: Any, **named: Any) -> nn.Sequential:
        return super()._make_layer(block, planes // 8, *arguments, **named)


class NarrowPyramid(nn.Module):
    """The pyramid of the small detectors on that."""

    out_channels = 64

    def __init__(self) -> None:
        super().__init__()
        self.body = IntermediateLayerGetter(Narrow(), {"layer3": "8", "layer4": "16"})
        self.fpn = FeaturePyramidNetwork([128, 256], self.out_channels)

    def forward(self, pictures: torch.Tensor) -> Any:
        return self.fpn(self.body(pictures))


@dataclass
class Lesson:
    """A few pictures and what is on them."""

    images: list[Image]
    truths: list[Instances]
    labels: tuple[str, ...] = LABELS

    def teach(self, model: Detector, steps: int, guides: Any = None, speed: float = 1e-3) -> list[float]:
        """Return the sum of the losses at each step; the steps become smaller."""
        optimizer = torch.optim.Adam(model.network.parameters(), lr=speed)
        slower = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
        sums = []
        for _ in range(steps):
            loss = sum(model.losses(self.images, self.truths, guides).values())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.network.parameters(), 5.0)
            optimizer.step()
            slower.step()
            sums.append(loss.item())
        return sums

    def found(self, model: Detector, guides: Any = None, **selection: Any) -> Counts:
        """Count what the model finds on these pictures."""
        model.selection = Selection(**selection)
        answers = model(self.images, guides)
        return sum(map(compare, answers, self.truths), Counts())


@pytest.fixture(scope="session")
def lesson() -> Lesson:
    views = [render(Scene(seed, things=3), 1.0, SIZE) for seed in (14, 69)]
    truths = [replace(view.instances, labels=1 + view.instances.labels % 2) for view in views]
    return Lesson([view.image for view in views], truths)


@pytest.fixture
def narrow() -> Callable[[str], nn.Module]:
    """Build a network with this head on a narrow backbone, from the parts and functions of the matrix."""

    def build(head: str, form: str) -> nn.Module:
        torch.manual_seed(0)
        trunk: Trunk = HEADS[head].trunks[form](Narrow() if form == "plain" else NarrowPyramid())
        of_pyramid = {"maps": {"8": 8, "16": 16}, "anchor_sizes": trunk.anchor_sizes[:2]}
        of_one_map = {"maps": {"0": 8}, "anchor_sizes": ((16, 24, 36),)}
        kept = Kept({"training": 300, "testing": 300}, {"training": 100, "testing": 50})
        sizes = of_one_map if form == "plain" else of_pyramid
        network = HEADS[head].build(replace(trunk, picture=SIZE, kept=kept, **sizes), len(LABELS))
        if head in ("fasterrcnn", "maskrcnn", "fastrcnn"):
            network.roi_heads.fg_bg_sampler.batch_size_per_image = 12
        return network

    return build
