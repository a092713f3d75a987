"""From a trunk to boxes: the parts that heads of two stages have in common."""

import math
from collections import OrderedDict

from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.poolers import LevelMapper

from deep_perception.models.networks.detectron.trunks import Trunk

ASPECT_RATIOS = (0.5, 1.0, 2.0)
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def transform(trunk: Trunk) -> GeneralizedRCNNTransform:
    """Resize and normalise pictures, and turn boxes back."""
    return GeneralizedRCNNTransform(*trunk.picture, IMAGENET_MEAN, IMAGENET_STD)


def maps_of(backbone: nn.Module, pictures: Tensor) -> "OrderedDict[str, Tensor]":
    """Return the maps of a backbone by name; a single one is "0"."""
    features = backbone(pictures)
    return OrderedDict([("0", features)]) if isinstance(features, Tensor) else features


def anchors(trunk: Trunk) -> AnchorGenerator:
    """Anchors of three shapes at each place."""
    return AnchorGenerator(trunk.anchor_sizes, (ASPECT_RATIOS,) * len(trunk.anchor_sizes))


def proposal_network(trunk: Trunk, kind: type[RegionProposalNetwork] = RegionProposalNetwork) -> RegionProposalNetwork:
    """Propose boxes for objects of any class: Ren et al. 2015."""
    generator = anchors(trunk)
    return kind(
        generator,
        RPNHead(trunk.features.out_channels, generator.num_anchors_per_location()[0]),
        fg_iou_thresh=0.7,
        bg_iou_thresh=0.3,
        batch_size_per_image=256,
        positive_fraction=0.5,
        pre_nms_top_n=dict(trunk.kept.of_map),
        post_nms_top_n=dict(trunk.kept.of_picture),
        nms_thresh=0.7,
    )


def region_judge(trunk: Trunk, num_classes: int) -> RoIHeads:
    """Cut regions out of the maps, name what they show and correct their boxes: Girshick 2015."""
    return RoIHeads(
        region_pool(trunk, trunk.box_head.side),
        trunk.box_head,
        FastRCNNPredictor(trunk.box_head.out_features, num_classes),
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.5,
        batch_size_per_image=512,
        positive_fraction=0.25,
        bbox_reg_weights=None,
        score_thresh=0.05,
        nms_thresh=0.5,
        detections_per_img=100,
    )


def region_pool(trunk: Trunk, side: int) -> MultiScaleRoIAlign:
    """Cut regions of `side` x `side` cells, large ones from coarse maps."""
    pool = MultiScaleRoIAlign(list(trunk.maps), side, sampling_ratio=2)
    # Left alone it guesses the strides from the first picture, wrongly from a narrow strip, and keeps them for ever.
    finest, *_, coarsest = (round(math.log2(stride)) for stride in (*trunk.maps.values(), *trunk.maps.values()))
    pool.scales = [1 / stride for stride in trunk.maps.values()]
    pool.map_levels = LevelMapper(finest, coarsest)
    return pool
