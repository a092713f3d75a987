"""What a training begins with: a network for the classes of a data set that keeps what its weights already know."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from deep_perception.config import TrainConfig
from deep_perception.data.dataset import BACKGROUND
from deep_perception.errors import InputError, ModelError
from deep_perception.models.creation import find_origin, model_of, read_labels
from deep_perception.models.fitting import check_fit
from deep_perception.models.model import Model
from deep_perception.models.networks.detectron.pretrained import SHARED
from deep_perception.models.origin import Origin
from deep_perception.models.store import Store
from deep_perception.models.table import find
from deep_perception.models.unallocated import unallocated
from deep_perception.predictions import Picture
from deep_perception.tasks import TASKS
from deep_perception.training.heads import begin, carry_rows, class_tensors, judges_regions

SHOWN = 8
"""Names that a sentence lists."""

Parts: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Names of layers: kept, partly kept, new."""


@dataclass(frozen=True, eq=False)
class Transfer:
    """A model that is ready to learn, and where its layers come from."""

    model: Model
    """On the CPU. Its labels are the data set's in an order of their own: number targets by them."""
    kept: tuple[str, ...]
    """Layers with the weights that it began with."""
    partly: tuple[str, ...]
    """Layers that know some of the classes."""
    new: tuple[str, ...]
    """Layers that know nothing yet."""
    sentences: tuple[str, ...]

    @property
    def pretrained(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.kept)


def prepare(config: TrainConfig, labels: Sequence[str], task: str) -> Transfer:
    """Build the network `config.model` for these labels and keep whatever its weights know of them.

    Rows of a head go over by the name of their class, so a class that is added costs no other one anything. Regime
    scratch begins with random weights whatever else is said. Raises a DeepPerceptionError for weights that do not fit,
    and where there is nothing to tell apart.
    """
    origin = _origin(config, task)
    heads = class_tensors(origin)
    known = origin.labels if origin.checkpoint is not None and not origin.backbone_only else ()
    if heads:
        _check_enough(labels, task)
        origin = replace(origin, labels=labels_for(known, labels))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = find(origin.name).build(origin)
        begin(network, heads, config.initial)
    kept, partly, new = _fill(network, origin, heads, known)
    sentences = [_of_layers(config, origin, kept, new), *_of_classes(config, origin, known), *_drop(network, config)]
    model = model_of(network, origin, torch.device("cpu"), torch.float32)
    return Transfer(model, kept, partly, new, tuple(sentences))


def labels_for(known: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the data set's labels, those that the weights know first and in their order; background is number 0.

    The data set has the last word on which classes there are: what it does not name, nobody labelled in it, and a model
    that learns from it would learn to overlook those things. Whoever adds a class to a running model has the collector
    name all classes of that model, and these keep their numbers.
    """
    names = dict.fromkeys((*(name for name in known if name in wanted), *wanted))
    return tuple(sorted(names, key=lambda name: name != BACKGROUND))


def _origin(config: TrainConfig, task: str) -> Origin:
    weights = "none" if config.regime == "scratch" else config.weights
    if config.model != "auto":
        _check_task(config.model, task)  # before anything is fetched
    origin = find_origin(config.model, weights, read_labels(config.labels), config.scale, Store(), config.download)
    _check_task(origin.name, task)
    return origin


def _check_task(name: str, task: str) -> None:
    own = find(name).task
    if own != task:
        raise ModelError(
            f"model: {name} is a {TASKS[own].worker}, expected a {TASKS[task].worker}. Name one, such as "
            f"{TASKS[task].default_model}, or set task to {TASKS[own].worker}"
        )


def _check_enough(labels: Sequence[str], task: str) -> None:
    if len(labels) < 2 and TASKS[task].prediction is not Picture:
        names = f"{len(labels)} ({', '.join(labels)})" if labels else "none"
        raise InputError(
            f"labels: got {names}, expected at least 2 for a {TASKS[task].worker}, background included where it has "
            "one. Label something else too"
        )


def _fill(network: nn.Module, origin: Origin, heads: Sequence[str], known: tuple[str, ...]) -> Parts:
    """Put in what the weights know; return the layers that are kept, partly kept and new."""
    layers = _layers(network.state_dict())
    if origin.checkpoint is None:
        return (), (), layers
    if origin.backbone_only:
        find(origin.name).load(network, origin)
        kept = tuple(layer for layer in layers if layer.startswith(SHARED))
        return kept, (), tuple(layer for layer in layers if layer not in kept)
    if known == origin.labels:
        find(origin.name).load(network, origin)
        return layers, (), ()
    _carry(network, origin, heads, known)
    judging = _layers(heads)
    kept = tuple(layer for layer in layers if layer not in judging)
    return (kept, judging, ()) if set(known) & set(origin.labels) else (kept, (), judging)


def _carry(network: nn.Module, origin: Origin, heads: Sequence[str], known: tuple[str, ...]) -> None:
    """Copy every tensor that does not depend on the classes, and of the others what both sets of classes have."""
    assert origin.checkpoint is not None
    with unallocated():
        like = find(origin.name).build(replace(origin, labels=known))
    named = origin.checkpoint.labels
    state = check_fit(like, origin.checkpoint.state, origin.name, named, None if named else known)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name in heads:
                carry_rows(tensor, state[name], known, origin.labels, judges_regions(network, name))
            elif name in state:
                tensor.copy_(state[name])


def _layers(tensors: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the layers that these tensors belong to, in their order."""
    return tuple(dict.fromkeys(name.rpartition(".")[0] or name for name in tensors))


def _of_layers(config: TrainConfig, origin: Origin, kept: Sequence[str], new: Sequence[str]) -> str:
    if not kept:
        return f"{origin.name} begins with random weights"
    made = f"; new layers: {_few(new)}" if new else ""
    return f"kept {len(kept)} layers of {origin.name} with weights {config.weights}{made}"


def _of_classes(config: TrainConfig, origin: Origin, known: Sequence[str]) -> Iterator[str]:
    if not known or not origin.labels:
        return
    if both := [name for name in origin.labels if name in known]:
        yield f"the head keeps its rows of the classes {_few(both)}"
    if added := [name for name in origin.labels if name not in known]:
        yield f"new classes: {_few(added)}, whose rows begin by {config.initial}"
    if lost := [name for name in known if name not in origin.labels]:
        yield f"classes that the weights know and the data set does not name are given up: {_few(lost)}"


def _drop(network: nn.Module, config: TrainConfig) -> Iterator[str]:
    """Set the share of every dropout layer, if one is asked for."""
    if config.dropout < 0:
        return
    layers = [module for module in network.modules() if isinstance(module, _DropoutNd)]
    for layer in layers:
        layer.p = config.dropout
    yield f"dropout {config.dropout} in {len(layers)} layers" if layers else f"{config.model} has no dropout to set"


def _few(names: Sequence[str]) -> str:
    return f"{', '.join(names[:SHOWN])}{'…' if len(names) > SHOWN else ''} ({len(names)})"
