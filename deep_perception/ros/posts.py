"""Who works in a perception_container: a post for each model, and which topics it has to itself."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from deep_perception.config import ContainerConfig
from deep_perception.errors import ConfigError
from deep_perception.ros.messages import ANSWERS
from deep_perception.ros.post import Post
from deep_perception.ros.setup_file import Setup, read_setup, settings_of
from deep_perception.tasks import TASKS, task_of

ALWAYS_BELOW = frozenset({"label_info", "vision_info", "image_annotated"})
"""What every node has."""


def posts(config: ContainerConfig, common: Mapping[str, Any]) -> list[Post]:
    """Return the posts; `common` is what was given to all nodes. Raises ConfigError."""
    setup = read_setup(config.setup) if config.setup else Setup()
    workers = [TASKS[task_of(text)].worker for text in config.tasks]
    if not workers and not setup.models:
        raise ConfigError(
            "neither tasks nor setup is given. Set tasks, as in [detector, segmenter], or setup to a YAML file"
        )
    models = {**setup.models, **{name: settings_of(name, {}) for name in workers if name not in setup.models}}
    cameras = {name: _cameras(name, setup) for name in models}
    claims = {name: _claims(settings["task"], cameras[name]) for name, settings in models.items()}
    return [_post(name, models, claims, cameras[name], setup, common) for name in models]


def _post(
    name: str,
    models: Mapping[str, Mapping[str, Any]],
    claims: Mapping[str, Mapping[str, str]],
    cameras: Sequence[str],
    setup: Setup,
    common: Mapping[str, Any],
) -> Post:
    ranks = {one: list(TASKS).index(task_of(settings["task"])) for one, settings in models.items()}
    below = {topic for full, topic in claims[name].items() if not _keeps(name, full, claims, ranks)}
    return Post(
        name,
        settings={**models[name], **({"cameras": tuple(cameras)} if cameras else {})},
        common=common,
        known=tuple(item.name for item in fields(ContainerConfig)),
        sources={camera: setup.cameras[camera] for camera in cameras},
        below=ALWAYS_BELOW | below,
    )


def _cameras(name: str, setup: Setup) -> tuple[str, ...]:
    """Return the cameras that a model looks at: all, where the setup does not name it."""
    return tuple(camera for camera, names in setup.viewers.items() if name in names or name not in setup.models)


def _claims(worker: str, cameras: Sequence[str]) -> dict[str, str]:
    """Return the topics that a model would like to have, in full, and what each is called."""
    outputs = ANSWERS[task_of(worker)]
    return {f"{camera}/{output.topic}": output.topic for camera in cameras or ("",) for output in outputs}


def _keeps(name: str, topic: str, claims: Mapping[str, Mapping[str, str]], ranks: Mapping[str, int]) -> bool:
    """Tell whether a topic stays this model's own: nobody whose task comes sooner, or is the same, wants it too."""
    return all(ranks[one] > ranks[name] for one, wanted in claims.items() if one != name and topic in wanted)
