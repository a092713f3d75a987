"""Lite R-ASPP on ShuffleNetV2: a segmenter small enough to ship.

Howard et al., Searching for MobileNetV3, ICCV 2019 (the head); Ma et al., ShuffleNet V2, ECCV 2018.
Built from torchvision's parts (BSD-3-Clause).
"""

from torch import nn
from torchvision.models import shufflenet_v2_x1_0
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.segmentation import LRASPP

LOW, HIGH = 116, 232
"""Channels at strides 8 and 16."""
SIDE = 240
"""The shorter side of a picture as the network looks at it."""


def build(num_classes: int) -> nn.Module:
    """Build the segmenter with random weights."""
    body = IntermediateLayerGetter(shufflenet_v2_x1_0(weights=None), {"stage2": "low", "stage3": "high"})
    return LRASPP(body, LOW, HIGH, num_classes)
