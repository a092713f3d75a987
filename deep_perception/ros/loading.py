"""From a node's settings to a model that has shown that it works."""

from dataclasses import replace

from deep_perception.config import PerceptionConfig
from deep_perception.errors import ConfigError
from deep_perception.models import Model
from deep_perception.models.creation import create_configured
from deep_perception.models.table import find
from deep_perception.models.warmup import warm_up
from deep_perception.predictions import Image
from deep_perception.tasks import TASKS, task_of

ANY = "auto"


def load(config: PerceptionConfig, image: Image | None) -> Model:
    """Make the model of these settings and try it out on `image`; raise a DeepPerceptionError."""
    network = _network(config)
    if network != ANY:
        _check(config.task, network, find(network).task)
    model = create_configured(replace(config, model=network))
    _check(config.task, model.name, model.task)
    warm_up(model, image)
    return model


def _network(config: PerceptionConfig) -> str:
    """Return the name of the network: of several tasks each has its usual one, unless a file says another."""
    if config.model != ANY or config.task == ANY:
        return config.model
    usual = TASKS[task_of(config.task)].default_model
    published = {"default", "none", *(weights.name for weights in find(usual).weights(usual))}
    return usual if config.weights in published else ANY


def _check(wanted: str, name: str, task: str) -> None:
    if wanted != ANY and task_of(wanted) != task:
        raise ConfigError(
            f"model: {name} is for {task}, expected one for {task_of(wanted)}, since task is {wanted}. "
            "`deep_perception models` lists all"
        )
