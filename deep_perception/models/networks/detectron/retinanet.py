"""RetinaNet on any pyramid.

Lin et al., Focal Loss for Dense Object Detection, ICCV 2017. The parts are torchvision's (BSD-3-Clause).
"""

from torch import nn
from torchvision.models.detection import RetinaNet

from deep_perception.models.networks.detectron.regions import anchors
from deep_perception.models.networks.detectron.trunks import Trunk


def retinanet(trunk: Trunk, num_classes: int) -> nn.Module:
    """Judge nine anchors at every place of every map."""
    min_size, max_size = trunk.picture
    return RetinaNet(trunk.features, num_classes, min_size, max_size, anchor_generator=anchors(trunk))
