"""Faster R-CNN (Ren et al. 2015) and Mask R-CNN (He et al. 2017) on any trunk.

The parts are torchvision's (BSD-3-Clause), the settings those of Detectron (Apache-2.0).
"""

from typing import Any

from torch import Tensor, nn
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor

from deep_perception.models.networks.detectron.box_heads import Conv5
from deep_perception.models.networks.detectron.regions import proposal_network, region_judge, region_pool, transform
from deep_perception.models.networks.detectron.trunks import Trunk

MASK_CELLS = 14
"""Side of the regions that masks are made from; without conv5 in between, a mask has twice as many pixels a side."""


class SharedConv5(nn.Module):
    """The box head's conv5, for masks: regions keep their cells."""

    def __init__(self, box_head: Conv5) -> None:
        super().__init__()
        # Its weights are the box head's: a list hides them here, so that no file holds them twice.
        self._owner = [box_head]

    def forward(self, regions: Tensor) -> Tensor:
        """Turn 14x14 cells into 7x7."""
        cells: Tensor = self._owner[0].layer4(regions)
        return cells


def faster_rcnn(trunk: Trunk, num_classes: int) -> Any:
    """Propose boxes, then judge each."""
    return GeneralizedRCNN(trunk.features, proposal_network(trunk), region_judge(trunk, num_classes), transform(trunk))


def mask_rcnn(trunk: Trunk, num_classes: int) -> Any:
    """Faster R-CNN with a mask of every class for each box."""
    network = faster_rcnn(trunk, num_classes)
    judge, widths = network.roi_heads, trunk.mask_widths
    judge.mask_roi_pool = region_pool(trunk, MASK_CELLS)
    if widths:
        judge.mask_head = MaskRCNNHeads(trunk.features.out_channels, widths, 1)
        judge.mask_predictor = MaskRCNNPredictor(widths[-1], widths[-1], num_classes)
    else:
        judge.mask_head = SharedConv5(trunk.box_head)
        judge.mask_predictor = MaskRCNNPredictor(trunk.box_head.out_features, 256, num_classes)
    return network
