"""ResNeXt-152 32x8d: Xie et al., Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017.

Built from torchvision's blocks (BSD-3-Clause), which stop at 101 layers.
"""

from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet


def build(num_classes: int) -> nn.Module:
    """Build ResNeXt-152 with 32 groups 8 wide."""
    return ResNet(Bottleneck, [3, 8, 36, 3], num_classes=num_classes, groups=32, width_per_group=8)
