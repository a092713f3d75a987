"""torchvision's networks by torchvision's names, with the weights and preparation that torchvision publishes."""

import math
import re
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models as zoo
from torchvision.models import detection as detection_zoo
from torchvision.models._api import WeightsEnum
from torchvision.models.detection._utils import overwrite_eps
from torchvision.ops import FrozenBatchNorm2d

from deep_perception.models.classifier import Preparation
from deep_perception.models.origin import Origin
from deep_perception.models.store import NamedWeights

CLASSIFIERS = tuple(zoo.list_models(module=zoo))
DETECTORS = tuple(name for name in zoo.list_models(module=detection_zoo) if not re.match("maskrcnn|keypointrcnn", name))

IMAGENET_LABELS = tuple(zoo.MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"])
COCO_LABELS = tuple(detection_zoo.SSD300_VGG16_Weights.COCO_V1.meta["categories"])

# Trained with frozen norms that add nothing to the variance; torchvision says so in its builders only.
TRAINED_WITHOUT_EPS = (("fasterrcnn_resnet50_fpn", "COCO_V1"), ("retinanet_resnet50_fpn", "COCO_V1"))
FROZEN_NORM_EPS = 1e-5


def build_classifier(name: str, num_classes: int) -> nn.Module:
    """Build a classifier with random weights."""
    network: nn.Module = zoo.get_model(name, weights=None, num_classes=num_classes, **_special_arguments(name))
    return network


def build_detector(name: str, num_classes: int) -> nn.Module:
    """Build a detector with random weights, backbone included."""
    network: nn.Module = zoo.get_model(name, weights=None, weights_backbone=None, num_classes=num_classes)
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


def fit_to_origin(network: nn.Module, origin: Origin) -> None:
    """Give the network the form it had when its weights were written, where torchvision's builders have a choice."""
    assert origin.checkpoint is not None
    state = origin.checkpoint.state
    _freeze_norms_without_counters(network, state)
    overwrite_eps(network, _eps_of_frozen_norms(origin))
    positions = state.get("encoder.pos_embedding")
    if isinstance(network, zoo.VisionTransformer) and positions is not None:
        network.encoder.pos_embedding = nn.Parameter(torch.empty_like(positions))
        network.image_size = network.patch_size * round(math.sqrt(positions.shape[1] - 1))


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
