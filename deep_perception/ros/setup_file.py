"""The YAML file of a perception_container: which models there are, and which of them look at which camera.

    cameras:
      front: {image: /front/image_raw, models: [detector, segmenter]}
      rear: {image: /rear/image_raw, image_transport: compressed, models: [detector]}
    models:
      detector: {model: ssdlite320_mobilenet_v3_large, score_threshold: 0.6}

A model that several cameras name is loaded once. One that is named after a task may be left out below `models`.
Without `cameras` all models look at the one camera on `image`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from deep_perception.config import PerceptionConfig, check_topic, check_value
from deep_perception.errors import ConfigError, DeepPerceptionError, unknown
from deep_perception.models.table import find
from deep_perception.ros.frame import TRANSPORTS
from deep_perception.ros.post import Source
from deep_perception.tasks import TASKS, task_of

PARTS = ("cameras", "models")
OF_CAMERA = ("image", "image_transport", "models")
OF_MODEL = tuple(item.name for item in fields(PerceptionConfig) if item.name != "cameras")


@dataclass(frozen=True)
class Setup:
    """What the file says."""

    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The settings of each, its task among them."""
    cameras: Mapping[str, Source] = field(default_factory=dict)
    viewers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the models that look at a camera."""


def read_setup(path: str) -> Setup:
    """Read and check the file; raise ConfigError in one line."""
    try:
        content = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"setup: cannot read '{path}' ({err}), expected a YAML file with cameras and models") from err
    except yaml.YAMLError as err:
        raise ConfigError(f"setup: '{path}' is not YAML: {' '.join(str(err).split())}") from err
    try:
        return _setup(_mapping("the file", content, PARTS))
    except DeepPerceptionError as err:
        raise ConfigError(f"setup '{path}': {err}") from err


def settings_of(name: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the checked settings of a model, with the worker of its task among them."""
    values: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in settings.items()}
    PerceptionConfig(**values)
    return {**values, "task": TASKS[_task(name, values)].worker}


def _setup(content: Mapping[str, Any]) -> Setup:
    cameras = _named("cameras", content.get("cameras"), OF_CAMERA)
    written = _named("models", content.get("models"), OF_MODEL)
    viewers = {name: _viewers(name, camera, written) for name, camera in cameras.items()}
    used = [name for names in viewers.values() for name in names]
    if cameras and (idle := [name for name in written if name not in used]):
        raise ConfigError(f"models: {idle[0]} is named by no camera, expected it below one, or not at all")
    if not (names := dict.fromkeys([*written, *used])):
        raise ConfigError("models: got none, expected at least one, as in models: {detector: {}}")
    models = {name: _explained(f"models: {name}", name, written.get(name, {})) for name in names}
    return Setup(models, {name: _source(name, camera) for name, camera in cameras.items()}, viewers)


def _viewers(name: str, camera: Mapping[str, Any], written: Iterable[str]) -> tuple[str, ...]:
    names = camera.get("models")
    if not isinstance(names, list) or not names or not all(isinstance(one, str) for one in names):
        raise ConfigError(f"cameras: {name}: models: got {names!r}, expected a list of names, as in [detector]")
    workers = [task.worker for task in TASKS.values()]
    for one in names:
        if one not in (known := [*written, *workers]):
            raise ConfigError(f"cameras: {name}: {unknown('model', one, known)}")
    return tuple(dict.fromkeys(names))


def _source(name: str, camera: Mapping[str, Any]) -> Source:
    image, transport = camera.get("image", f"{name}/image"), camera.get("image_transport", "")
    check_topic(f"cameras: {name}: image", image if isinstance(image, str) else repr(image))
    if transport != "":
        check_value(f"cameras: {name}: image_transport", transport, "", choices=tuple(TRANSPORTS))
    return Source(image, transport)


def _explained(where: str, name: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return settings_of(name, settings)
    except DeepPerceptionError as err:
        raise ConfigError(f"{where}: {err}") from err


def _task(name: str, settings: Mapping[str, Any]) -> str:
    """Return what a model is for: as it says, as its network is made for, or as it is called."""
    task, network = settings.get("task", "auto"), settings.get("model", "auto")
    if task != "auto":
        return task_of(task)
    if network != "auto":
        return find(network).task
    workers = [task.worker for task in TASKS.values()]
    if name not in workers:
        expected = f"expected one of the two (task: {', '.join(workers)})"
        raise ConfigError(f"says neither its task nor its model, {expected}")
    return task_of(name)


def _named(part: str, content: object, keys: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Read names and what is written about each."""
    if content is None:
        return {}
    found = {}
    for name, about in _mapping(part, content).items():
        if not re.fullmatch(r"[A-Za-z]\w*", name):
            raise ConfigError(f"{part}: got the name '{name}', expected letters, digits and underscores")
        found[name] = _mapping(f"{part}: {name}", {} if about is None else about, keys)
    return found


def _mapping(where: str, content: object, keys: Iterable[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: got {content!r}, expected names with a colon behind each")
    for key in content:
        if keys is not None and key not in (known := tuple(keys)):
            raise ConfigError(f"{where}: {unknown('key', str(key), known)}")
    return {str(key): value for key, value in content.items()}
