"""Backbones that start from a classifier's weights, as every paper of the matrix begins."""

from collections.abc import Mapping

from torch import Tensor, nn
from torchvision import models as zoo
from torchvision.ops import FrozenBatchNorm2d

from deep_perception.errors import WeightsError
from deep_perception.models.networks.detectron.names import parse
from deep_perception.models.networks.detectron.parts import BACKBONES

PLACES = (
    ("layer4.", "roi_heads.box_head.layer4."),
    ("layer4.", "roi_heads.layer4."),
    ("classifier.", "roi_heads.box_head.classifier."),
    ("features.", "backbone.body."),
    ("", "backbone.body."),
)
"""Where tensors whose names begin so in the classifier are in a detector, the first that exists."""
SHARED = tuple(place for _, place in PLACES)
LEFT_OUT = ("fc.", "classifier.", "conv5.", "layer4.")
"""What a classifier may have that a detector has not: its last layers."""


def classifier_of(name: str) -> str | None:
    """Return torchvision's name of the classifier whose weights a network can start from; None: it has none."""
    classifier = BACKBONES[parse(name)[1]].classifier
    return classifier if classifier in zoo.list_models(module=zoo) else None


def load_backbone(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put a classifier's weights into the backbone, and into conv5 or fc6 and fc7 where the head has them.

    Its norms are frozen: a few pictures at a time say too little about mean and variance to improve on ImageNet's.
    Raises WeightsError for any tensor but those of the classifier's last layers that has no place.
    """
    own = network.state_dict()
    placed = {_place(name, own): tensor for name, tensor in state.items() if _place(name, own)}
    lost = [name for name in state if not _place(name, own) and not name.startswith(LEFT_OUT) and not _counts(name)]
    missing = [name for name in own if name.startswith(SHARED) and name not in placed and not _counts(name)]
    other = [
        f"{name} {tuple(tensor.shape)} for {tuple(own[name].shape)}"
        for name, tensor in placed.items()
        if tensor.shape != own[name].shape
    ]
    kinds = {"missing": missing, "unexpected": lost, "of another shape": other}
    if found := ", ".join(f"{len(names)} {kind} ({names[0]})" for kind, names in kinds.items() if names):
        raise WeightsError(
            f"weights do not fit the backbone: {found}. Give those of the classifier that the backbone is part of"
        )
    network.load_state_dict({**own, **placed})
    _freeze_norms(network)


def _place(name: str, own: Mapping[str, Tensor]) -> str:
    """Return the name of a classifier's tensor in the detector, or nothing."""
    places = (place + name.removeprefix(begin) for begin, place in PLACES if name.startswith(begin))
    return next((place for place in places if place in own), "")


def _counts(name: str) -> bool:
    return name.endswith("num_batches_tracked")


def _freeze_norms(network: nn.Module) -> None:
    for name, norm in list(network.named_modules()):
        if isinstance(norm, nn.BatchNorm2d) and name.startswith(SHARED):
            frozen = FrozenBatchNorm2d(norm.num_features, norm.eps)
            frozen.load_state_dict({key: value for key, value in norm.state_dict().items() if not _counts(key)})
            network.set_submodule(name, frozen)
