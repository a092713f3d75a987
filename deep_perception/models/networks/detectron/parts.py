"""The heads and the backbones there are, and what a head stands on; every network of the matrix follows from these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torchvision import models as zoo

from deep_perception.models.networks import fcos_shufflenet, resnext
from deep_perception.models.networks.detectron import trunks
from deep_perception.models.networks.detectron.fast_rcnn import fast_rcnn
from deep_perception.models.networks.detectron.retinanet import retinanet
from deep_perception.models.networks.detectron.rfcn import rfcn
from deep_perception.models.networks.detectron.rpn import rpn
from deep_perception.models.networks.detectron.trunks import Trunk
from deep_perception.models.networks.detectron.two_stages import faster_rcnn, mask_rcnn

RESNETS = (
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext152_32x8d",
)


@dataclass(frozen=True)
class Backbone:
    """What a name says about the backbone."""

    classifier: str
    """The classifier that it is part of."""
    form: str
    """How it is cut and joined: a key of `Head.trunks`."""


BACKBONES: dict[str, Backbone] = {
    "vgg16": Backbone("vgg16", "vgg"),
    **{name: Backbone(name, "plain") for name in RESNETS},
    **{f"{name}_fpn": Backbone(name, "pyramid") for name in RESNETS},
    "mobilenet_v3_large_fpn": Backbone("mobilenet_v3_large", "small"),
    "shufflenet_v2_x1_0_fpn": Backbone("shufflenet_v2_x1_0", "small"),
}


@dataclass(frozen=True)
class Head:
    """What a name says about the head."""

    build: Callable[[Trunk, int], nn.Module]
    """Make a network for that many classes, background included."""
    trunks: Mapping[str, Callable[[Any], Trunk]]
    """What it stands on, by the form of the backbone; forms that are not here do not go with it."""


EVERYWHERE: Mapping[str, Callable[[Any], Trunk]] = {
    "vgg": trunks.vgg,
    "plain": trunks.c4,
    "pyramid": trunks.fpn,
    "small": trunks.small,
}

HEADS: dict[str, Head] = {
    "fasterrcnn": Head(faster_rcnn, EVERYWHERE),
    "maskrcnn": Head(mask_rcnn, EVERYWHERE),
    "retinanet": Head(retinanet, {"pyramid": trunks.retina, "small": trunks.small_retina}),
    "rpn": Head(rpn, EVERYWHERE),
    "fastrcnn": Head(fast_rcnn, EVERYWHERE),
    "rfcn": Head(rfcn, {"plain": trunks.dilated}),
}


def build(head: str, backbone: str, num_classes: int) -> nn.Module:
    """Build a network with random weights and live batch norms, as training from scratch needs them."""
    part = HEADS[head]
    trunk = part.trunks[BACKBONES[backbone].form](network_of(BACKBONES[backbone].classifier))
    return part.build(trunk, num_classes)


def network_of(classifier: str) -> nn.Module:
    """Build what a backbone is cut from, with random weights."""
    if classifier == "resnext152_32x8d":
        return resnext.build(num_classes=1)
    if classifier == "shufflenet_v2_x1_0":
        return fcos_shufflenet.Pyramid()
    network: nn.Module = zoo.get_model(classifier, weights=None)
    return trunks.MobilePyramid(network) if classifier == "mobilenet_v3_large" else network
