"""Trunks: backbones cut to the length that a head stands on, with the settings that their papers give them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from deep_perception.models.networks import fcos_shufflenet
from deep_perception.models.networks.detectron.box_heads import Conv5, FullyConnected, TwoLayers

PYRAMID_WIDTH = 256
MOBILENET_STAGES, MOBILENET_CHANNELS = {"6": "8", "12": "16", "16": "32"}, [40, 112, 960]


@dataclass(frozen=True)
class Kept:
    """How many proposals survive: the best on each map, then, after overlaps are suppressed, the best of all."""

    of_map: Mapping[str, int]
    of_picture: Mapping[str, int]


FEW = Kept({"training": 12000, "testing": 6000}, {"training": 2000, "testing": 300})
"""Faster R-CNN on a single map."""
MANY = Kept({"training": 2000, "testing": 1000}, {"training": 2000, "testing": 1000})
"""FPN."""
DENSE = Kept({"training": 6000, "testing": 6000}, {"training": 300, "testing": 300})
"""R-FCN, which learns from all of them."""
SMALL = Kept({"training": 1000, "testing": 400}, {"training": 500, "testing": 200})


@dataclass(frozen=True)
class Trunk:
    """What a head needs to know of the features it stands on."""

    features: nn.Module
    """From pictures to maps by name, or to one map; `out_channels` is their width."""
    maps: Mapping[str, int]
    """Strides of the maps that regions are cut from."""
    anchor_sizes: tuple[tuple[int, ...], ...]
    """Sides of the anchors on each map that boxes are proposed on."""
    picture: tuple[int, int] = (800, 1333)
    """A picture is resized to this shorter side, or to this longer one if that makes it smaller."""
    kept: Kept = MANY
    box_head: Any = None
    """From regions of `side` x `side` cells to vectors of `out_features`."""
    mask_widths: tuple[int, ...] = (256, 256, 256, 256)
    """Convolutions of the mask head; none: it shares conv5 with the box head."""


class Body(nn.Module):
    """A plain stack of layers with one map as its output."""

    def __init__(self, layers: nn.Module, out_channels: int) -> None:
        super().__init__()
        self.body = layers
        self.out_channels = out_channels

    def forward(self, pictures: Tensor) -> Any:
        """Return what the layers return."""
        return self.body(pictures)


class MobilePyramid(fcos_shufflenet.Pyramid):
    """The pyramid of the small detector, on MobileNetV3."""

    def __init__(self, mobilenet: Any) -> None:
        nn.Module.__init__(self)
        self.body = IntermediateLayerGetter(mobilenet.features, MOBILENET_STAGES)
        self.fpn = FeaturePyramidNetwork(MOBILENET_CHANNELS, self.out_channels)


def c4(resnet: Any) -> Trunk:
    """Share conv1 to conv4 (stride 16) and judge each region of 14x14 by conv5: He et al. 2016, and Detectron's C4."""
    layer4, channels = resnet.layer4, resnet.inplanes
    body = IntermediateLayerGetter(resnet, {"layer3": "0"})
    return Trunk(
        Body(body, channels // 2),
        maps={"0": 16},
        anchor_sizes=((32, 64, 128, 256, 512),),
        kept=FEW,
        box_head=Conv5(layer4, channels),
        mask_widths=(),
    )


def dilated(resnet: Any) -> Trunk:
    """As C4, but conv5 keeps stride 16 so that it can run once over the picture: Dai et al. 2016."""
    dilate(resnet.layer4)
    return replace(c4(resnet), picture=(600, 1000), kept=DENSE)


def vgg(network: Any) -> Trunk:
    """Share all convolutions of VGG-16 (stride 16, without pool5); fc6 and fc7 judge regions: Ren et al. 2015."""
    fc6, fc7 = network.classifier[0], network.classifier[3]
    assert fc6.in_features == 512 * FullyConnected.side**2
    return Trunk(
        Body(network.features[:-1], 512),
        maps={"0": 16},
        anchor_sizes=((64, 128, 256, 512),),
        picture=(600, 1000),
        kept=FEW,
        box_head=FullyConnected(network.classifier[:-1], fc7.out_features),
    )


def fpn(resnet: Any) -> Trunk:
    """Pyramid of P2 to P6, strides 4 to 64, one anchor size each: Lin et al. 2017 (Feature Pyramid Networks)."""
    stages = {f"layer{number}": str(number - 1) for number in (1, 2, 3, 4)}
    channels = [resnet.inplanes >> halvings for halvings in (3, 2, 1, 0)]
    return Trunk(
        BackboneWithFPN(resnet, stages, channels, PYRAMID_WIDTH),
        maps={"0": 4, "1": 8, "2": 16, "3": 32},
        anchor_sizes=((32,), (64,), (128,), (256,), (512,)),
        box_head=TwoLayers(PYRAMID_WIDTH, 1024),
    )


def retina(resnet: Any) -> Trunk:
    """Pyramid of P3 to P7, strides 8 to 128, P6 made from C5, three sizes an octave: Lin et al. 2017 (RetinaNet)."""
    stages = {f"layer{number}": str(number - 2) for number in (2, 3, 4)}
    channels = [resnet.inplanes >> halvings for halvings in (2, 1, 0)]
    last = LastLevelP6P7(resnet.inplanes, PYRAMID_WIDTH)
    return Trunk(
        BackboneWithFPN(resnet, stages, channels, PYRAMID_WIDTH, last),
        maps={"0": 8, "1": 16, "2": 32},
        anchor_sizes=octaves(32, 64, 128, 256, 512),
    )


def small(pyramid: nn.Module) -> Trunk:
    """Pyramid 64 wide at strides 8 to 32 with slim heads, for a 640x480 picture that is looked at in 320x240."""
    width = fcos_shufflenet.WIDTH
    return Trunk(
        pyramid,
        maps={"8": 8, "16": 16, "32": 32},
        anchor_sizes=((20, 32), (45, 64), (90, 128)),
        picture=(240, 426),
        kept=SMALL,
        box_head=TwoLayers(width, 256),
        mask_widths=(64, 64),
    )


def small_retina(pyramid: nn.Module) -> Trunk:
    """As `small`, with three sizes an octave."""
    return replace(small(pyramid), anchor_sizes=octaves(24, 48, 96))


def octaves(*sizes: int) -> tuple[tuple[int, ...], ...]:
    """Return each size with those a third and two thirds of an octave above it."""
    return tuple(tuple(int(size * 2 ** (third / 3)) for third in range(3)) for size in sizes)


def dilate(stage: nn.Module) -> None:
    """Take the stride out of a stage of residual blocks: between its old outputs come new ones, the old ones stay."""
    for layer in stage.modules():
        if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2):
            layer.stride = (1, 1)
        elif isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
            layer.dilation = layer.padding = (2, 2)
