"""From the words of a user, a name and some weights, to a model that answers."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from deep_perception.config import PerceptionConfig
from deep_perception.errors import ConfigError, WeightsError
from deep_perception.models import checkpoint as checkpoints
from deep_perception.models.family import Family
from deep_perception.models.model import Model
from deep_perception.models.origin import Origin
from deep_perception.models.store import Store
from deep_perception.models.table import MODELS, find, named_weights, usual_scale
from deep_perception.runtime.device import choose_device, choose_precision
from deep_perception.tasks import DEFAULT_TASK, TASKS

WEIGHTS_SUFFIXES = (".pth", ".pt", ".bin", ".safetensors", ".ckpt")


def create(
    name: str = "auto",
    weights: str | Path = "default",
    *,
    labels: Sequence[str] = (),
    device: str = "auto",
    precision: str = "auto",
    scale: int = 0,
    download: bool = False,
    store: Store | None = None,
) -> Model:
    """Make a model ready to answer.

    `weights` is `default`, `none` (random), a name of published weights, or a file; `auto` takes the network that the
    file names, else the default detector. `labels` names the classes where the weights carry no names. `scale` is how
    many times larger an upscaler makes a picture; 0 takes its own. Nothing is fetched without `download`. Raises a
    DeepPerceptionError for whatever the user can mend.
    """
    chosen_device = choose_device(device)
    chosen_precision = choose_precision(precision, chosen_device)
    origin = find_origin(name, str(weights), tuple(labels), scale, store or Store(), download)
    family = find(origin.name)
    network = family.build(origin)
    if origin.checkpoint is not None:
        family.load(network, origin)
    return model_of(network, origin, chosen_device, chosen_precision)


def model_of(network: nn.Module, origin: Origin, device: torch.device, precision: torch.dtype) -> Model:
    """Make a model of a network that was built for this origin."""
    family = find(origin.name)
    return family.model(
        network,
        name=origin.name,
        labels=origin.labels,
        device=device,
        precision=precision,
        identity=origin.identity,
        **family.arguments(origin),
    )


def create_configured(config: PerceptionConfig) -> Model:
    """Make the model that these settings describe, and let it keep what they select."""
    model = create(
        config.model,
        config.weights,
        labels=read_labels(config.labels),
        device=config.device,
        precision=config.precision,
        scale=config.scale,
        download=config.download,
    )
    model.check_classes(config.classes)
    model.selection = config.selection()
    return model


def save(model: Model, path: Path, *, metrics: dict[str, Any] | None = None, half: bool = False) -> None:
    """Write a model as one self-describing file, which is all that `create` needs."""
    checkpoints.save(
        path,
        model=model.name,
        labels=model.labels,
        state=model.network.state_dict(),
        config=model.settings,
        metrics=metrics,
        half=half,
    )


def read_labels(path: str) -> tuple[str, ...]:
    """Read a text file with a class name a line; "" stands for none."""
    if not path:
        return ()
    try:
        lines = Path(path).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(
            f"labels: cannot read '{path}' ({err}), expected a text file with a class name a line"
        ) from err
    if not (names := tuple(line.strip() for line in lines if line.strip())):
        raise ConfigError(f"labels: '{path}' is empty, expected a class name a line")
    return names


def find_origin(name: str, weights: str, labels: tuple[str, ...], scale: int, store: Store, download: bool) -> Origin:
    """Find out which network is meant, with which weights, names and scale."""
    origin = _found(name, weights, labels, scale, store, download)
    return replace(origin, scale=_scale(find(origin.name), origin, scale))


def _found(name: str, weights: str, labels: tuple[str, ...], scale: int, store: Store, download: bool) -> Origin:
    if _is_file(weights):
        return _origin_of_file(name, Path(weights).expanduser(), labels)
    name = TASKS[DEFAULT_TASK].default_model if name == "auto" else name
    family = find(name)
    if weights == "none":
        return Origin(name, labels or family.labels)
    named = named_weights(name, weights, scale)
    checkpoint = checkpoints.load(store.require(named, consent=download))
    if named.backbone_only:
        return Origin(name, labels or family.labels, checkpoint, named.name, backbone_only=True)
    return Origin(name, labels or checkpoint.labels or named.labels, checkpoint, named.name)


def _is_file(weights: str) -> bool:
    looks_like_one = os.sep in weights or weights.endswith(WEIGHTS_SUFFIXES)
    return looks_like_one or (weights not in ("default", "none") and Path(weights).is_file())


def _origin_of_file(name: str, path: Path, labels: tuple[str, ...]) -> Origin:
    if not path.exists():
        expected = "the path of a file, default, none, or a name that `deep_perception weights list` shows"
        raise WeightsError(f"weights: '{path}' does not exist, expected {expected}")
    checkpoint = checkpoints.load(path)
    name = _network_of(path, checkpoint) if name == "auto" else name
    if checkpoint.model not in (None, name):
        raise WeightsError(f"weights: '{path}' is for {checkpoint.model}, got model {name}. Set model to auto")
    family = find(name)
    # A published file is known by its hash, whatever it is called now.
    known = next((w for w in family.weights(name) if w.sha256 and checkpoint.sha256.startswith(w.sha256)), None)
    names = labels or checkpoint.labels or (known.labels if known else family.labels)
    return Origin(name, names, checkpoint, known.name if known else None)


def _network_of(path: Path, checkpoint: checkpoints.Checkpoint) -> str:
    """Return the name of the network that a file is for, as it says or as its tensors show."""
    if checkpoint.model is not None:
        return checkpoint.model
    for family in MODELS:
        if family.recognises(checkpoint.state):
            return family.names[0]
    raise WeightsError(f"weights: '{path}' does not say which network it is for. Name it with the model parameter")


def _scale(family: Family, origin: Origin, wanted: int) -> int:
    """Return the scale of the network: as asked for, else as its weights were made for, else as usual."""
    written = origin.setting("scale")
    seen = family.scale_of(origin.checkpoint.state) if origin.checkpoint else 0
    made_for = written if isinstance(written, int) else seen
    if wanted and not family.scales:
        raise ConfigError(f"scale: got {wanted}, but {origin.name} has no scale to choose. Leave it at 0")
    if wanted and wanted not in family.scales:
        choices = ", ".join(map(str, family.scales))
        raise ConfigError(f"scale: got {wanted}, expected one of {choices} (model {origin.name})")
    if wanted and made_for and wanted != made_for and not family.one_for_all_scales:
        raise WeightsError(f"weights were made for scale {made_for}, got scale {wanted}. Set scale to 0")
    return wanted or made_for or usual_scale(family)
