"""FCOS on a ShuffleNetV2 pyramid: a detector small enough to ship.

Tian et al., FCOS: Fully Convolutional One-Stage Object Detection, ICCV 2019; Ma et al., ShuffleNet V2, ECCV 2018.
Built from torchvision's parts (BSD-3-Clause).
"""

from collections import OrderedDict

from torch import Tensor, nn
from torchvision.models import shufflenet_v2_x1_0
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection import FCOS
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOSHead
from torchvision.ops import FeaturePyramidNetwork

STAGES = {"stage2": "8", "stage3": "16", "stage4": "32"}
CHANNELS = (116, 232, 464)
WIDTH = 64
HEAD_DEPTH = 2
"""Convolutions before each output: half as many as in the paper, which is enough for few classes."""


class Pyramid(nn.Module):
    """Features of equal width at strides 8, 16 and 32."""

    out_channels = WIDTH

    def __init__(self) -> None:
        super().__init__()
        self.body = IntermediateLayerGetter(shufflenet_v2_x1_0(weights=None), STAGES)
        self.fpn = FeaturePyramidNetwork(list(CHANNELS), WIDTH)

    def forward(self, pictures: Tensor) -> "OrderedDict[str, Tensor]":
        """Return the features by stride."""
        features: OrderedDict[str, Tensor] = self.fpn(self.body(pictures))
        return features


def build(num_classes: int) -> nn.Module:
    """Build the detector; a 640x480 picture is looked at in 320x240."""
    anchors = AnchorGenerator(sizes=((8,), (16,), (32,)), aspect_ratios=((1.0,),) * len(STAGES))
    head = FCOSHead(WIDTH, num_anchors=1, num_classes=num_classes, num_convs=HEAD_DEPTH)
    return FCOS(Pyramid(), num_classes, anchor_generator=anchors, head=head, min_size=240, max_size=426)
