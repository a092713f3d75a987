"""How much of a model learns: little where there are few pictures, which would teach the rest nothing good."""

import math
from collections.abc import Collection

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from deep_perception.errors import ConfigError, ModelError
from deep_perception.models.model import Model
from deep_perception.models.origin import Origin
from deep_perception.tasks import TASKS
from deep_perception.training.heads import class_tensors

FEW, MANY = 50, 100
"""Below the first, regime small; from the second, large: with 136 pictures it already gains more than medium."""
LATE = 1 / 3
"""Share of the layers before the head that regime medium trains, the last ones."""

TRAINED = {
    "small": "only the head learns",
    "medium": "the head and the last third of the other layers learn",
    "large": "all layers learn on",
    "scratch": "all layers learn from random weights",
}


def choose(regime: str, pictures: int, pretrained: bool) -> tuple[str, str]:
    """Return the regime and why; raise ConfigError for one that would keep what is random."""
    if regime == "auto":
        return _usual(pictures, pretrained)
    if regime != "scratch" and not pretrained:
        raise ConfigError(
            f"regime: got {regime}, but there are no weights to begin with. Take scratch, or name weights or a file"
        )
    return regime, f"{regime}, as asked: {TRAINED[regime]}"


def _usual(pictures: int, pretrained: bool) -> tuple[str, str]:
    if not pretrained:
        return "scratch", f"scratch: there are no weights to begin with, so {TRAINED['scratch']}"
    regime = "small" if pictures < FEW else "medium" if pictures < MANY else "large"
    bound = {"small": f"fewer than {FEW}", "medium": f"{FEW} to {MANY - 1}", "large": f"at least {MANY}"}[regime]
    return regime, f"{regime}: with {bound} pictures ({pictures}) {TRAINED[regime]}"


def freeze(model: Model, regime: str, new: Collection[str] = ()) -> list[str]:
    """Freeze what does not learn in this regime; return the names of the parameters that do.

    `new` are layers that know nothing yet: they learn in every regime. The batch norms of the others keep their mean
    and variance from then on, whoever turns to training mode. What is frozen already stays so. Raises ModelError where
    nothing is left to learn.
    """
    if regime in ("small", "medium"):
        learning = _learning(model, regime).union(new)
        for name, parameter in model.network.named_parameters():
            if _owner(name) not in learning:
                parameter.requires_grad_(False)
    if regime != "scratch":
        _keep_still(model.network, new)
    if not (names := [name for name, one in model.network.named_parameters() if one.requires_grad]):
        raise ModelError(
            f"{model.name} has nothing to learn. Take another network, as {TASKS[model.task].default_model}"
        )
    return names


def _learning(model: Model, regime: str) -> set[str]:
    layers = _layers(model.network)
    head = _head(model, layers)
    others = [layer for layer in layers if layer not in head]
    late = math.ceil(LATE * len(others)) if regime == "medium" else 0
    return head.union(others[len(others) - late :])


def _keep_still(network: nn.Module, new: Collection[str]) -> None:
    """Have batch norms use the mean and variance that came with the weights, in training too, and keep them.

    A few pictures at a time say too little to improve on those, and some weights have theirs folded into the
    convolutions. Whatever else a frozen layer counts stays too. Hooks do it, since losses turn to training mode first.
    """
    for name, layer in network.named_modules():
        own = list(layer.parameters(recurse=False))
        frozen = not any(parameter.requires_grad for parameter in own)
        counts = bool(own) and any(True for _ in layer.buffers(recurse=False))
        if counts and name not in new and (frozen or isinstance(layer, _BatchNorm)):
            layer.register_forward_pre_hook(_stand_still, prepend=True)


def _stand_still(layer: nn.Module, _: object) -> None:
    layer.training = False


def _head(model: Model, layers: list[str]) -> set[str]:
    """Return the layers of the head: what judges the backbone's features, else the classes, else the last layer."""
    if hasattr(model.network, "backbone"):
        return {layer for layer in layers if layer.split(".")[0] != "backbone"}
    judging = {_owner(name) for name in class_tensors(Origin(model.name, model.labels))}
    return judging or set(layers[-1:])


def _layers(network: nn.Module) -> list[str]:
    """Return the layers that can learn, from the first to the last."""
    return list(dict.fromkeys(_owner(name) for name, one in network.named_parameters() if one.requires_grad))


def _owner(name: str) -> str:
    return name.rpartition(".")[0] or name
