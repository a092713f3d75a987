"""torchvision's networks by torchvision's names, with the weights and preparation that torchvision publishes."""

import math
import re
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models as zoo
from torchvision.models import detection as detection_zoo
from torchvision.models import segmentation as segmentation_zoo
from torchvision.models._api import WeightsEnum
from torchvision.models.detection._utils import overwrite_eps
from torchvision.ops import FrozenBatchNorm2d

from deep_perception.models.classifier import Preparation
from deep_perception.models.origin import Origin
from deep_perception.models.store import NamedWeights

CLASSIFIERS = tuple(zoo.list_models(module=zoo))
DETECTORS = tuple(name for name in zoo.list_models(module=detection_zoo) if not re.match("maskrcnn|keypointrcnn", name))
INSTANCE_SEGMENTERS = tuple(name for name in zoo.list_models(module=detection_zoo) if name.startswith("maskrcnn"))
SEGMENTERS = tuple(zoo.list_models(module=segmentation_zoo))

IMAGENET_LABELS = tuple(zoo.MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"])
COCO_LABELS = tuple(detection_zoo.SSD300_VGG16_Weights.COCO_V1.meta["categories"])
VOC_LABELS = tuple(segmentation_zoo.LRASPP_MobileNet_V3_Large_Weights.COCO_WITH_VOC_LABELS_V1.meta["categories"])

# Trained with frozen norms that add nothing to the variance; torchvision says so in its builders only.
TRAINED_WITHOUT_EPS = tuple((f"{head}_resnet50_fpn", "COCO_V1") for head in ("fasterrcnn", "maskrcnn", "retinanet"))
FROZEN_NORM_EPS = 1e-5


def build_classifier(origin: Origin) -> nn.Module:
    """Build a classifier with random weights, in the form that it had when its weights were written."""
    arguments = _special_arguments(origin.name)
    network: nn.Module = zoo.get_model(origin.name, weights=None, num_classes=len(origin.labels), **arguments)
    return fit_to_origin(network, origin)


def build_detector(origin: Origin) -> nn.Module:
    """Build a detector with random weights, backbone included, in the form that it had when they were written."""
    network: nn.Module = zoo.get_model(origin.name, weights=None, weights_backbone=None, num_classes=len(origin.labels))
    return fit_to_origin(network, origin)


def build_segmenter(origin: Origin) -> nn.Module:
    """Build a segmenter with random weights; with the second judge that FCN and DeepLab learn from."""
    has_second = {} if origin.name.startswith("lraspp") else {"aux_loss": _has_second_judge(origin)}
    network: nn.Module = zoo.get_model(
        origin.name, weights=None, weights_backbone=None, num_classes=len(origin.labels), **has_second
    )
    return network


def named_weights(name: str) -> tuple[NamedWeights, ...]:
    """Return what torchvision publishes for this network, its recommended weights first."""
    enum = zoo.get_model_weights(name)
    # One entry has no classes: VGG-16's features, which are half a network.
    whole = (entry for entry in enum if entry.meta["categories"])
    return tuple(_named(name, entry) for entry in sorted(whole, key=lambda entry: entry != enum.DEFAULT))


@cache
def preparation(name: str, weights: str | None) -> Preparation:
    """Return how pictures were prepared for these weights; for unknown ones, as in the network's first recipe."""
    enum = zoo.get_model_weights(name)
    entry = enum[weights] if weights else next(iter(enum))
    return Preparation.of_preset(entry.transforms())


def _has_second_judge(origin: Origin) -> bool:
    return origin.checkpoint is None or any(name.startswith("aux_classifier.") for name in origin.checkpoint.state)


def fit_to_origin(network: nn.Module, origin: Origin) -> nn.Module:
    """Give the network the form it had when its weights were written, where torchvision's builders have a choice."""
    if origin.checkpoint is None:
        return network
    state = origin.checkpoint.state
    _freeze_norms_without_counters(network, state)
    overwrite_eps(network, _eps_of_frozen_norms(origin))
    positions = state.get("encoder.pos_embedding")
    if isinstance(network, zoo.VisionTransformer) and positions is not None:
        network.encoder.pos_embedding = nn.Parameter(torch.empty_like(positions))
        network.image_size = network.patch_size * round(math.sqrt(positions.shape[1] - 1))
    return network


def _freeze_norms_without_counters(network: nn.Module, state: dict[str, Tensor]) -> None:
    for path, module in list(network.named_modules()):
        for child_name, child in list(module.named_children()):
            key = f"{path}.{child_name}".lstrip(".")
            frozen = f"{key}.running_mean" in state and f"{key}.num_batches_tracked" not in state
            if frozen and isinstance(child, nn.BatchNorm2d):
                setattr(module, child_name, FrozenBatchNorm2d(child.num_features, child.eps))


def _eps_of_frozen_norms(origin: Origin) -> float:
    written = origin.setting("frozen_norm_eps")
    if isinstance(written, float):
        return written
    return 0.0 if (origin.name, origin.known_as) in TRAINED_WITHOUT_EPS else FROZEN_NORM_EPS


def _special_arguments(name: str) -> dict[str, Any]:
    if name in ("googlenet", "inception_v3"):
        # These expect ImageNet's pictures normalised their own way, and warn when not told how to start.
        return {"transform_input": True, "init_weights": True}
    if name.startswith("vit_"):
        return {"image_size": preparation(name, None).crop}
    return {}


def _named(model: str, entry: WeightsEnum) -> NamedWeights:
    digits = re.search(r"-([0-9a-f]{8,64})\.pth$", entry.url)
    return NamedWeights(
        model=model,
        name=entry.name,
        url=entry.url,
        sha256=digits.group(1) if digits else "",
        labels=tuple(entry.meta["categories"]),
        licence="CC-BY-NC-4.0" if "SWAG" in entry.name else "BSD-3-Clause",
        metrics=entry.meta["_metrics"],
    )
