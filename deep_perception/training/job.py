"""What is to be learnt, by which network and from which pictures; whatever is wrong with that is found here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from deep_perception.config import TrainConfig
from deep_perception.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from deep_perception.data.record import Record
from deep_perception.data.targets import KIND, usable
from deep_perception.errors import ConfigError, InputError
from deep_perception.models.creation import find_origin
from deep_perception.models.store import Store
from deep_perception.models.table import find
from deep_perception.tasks import TASKS, task_of
from deep_perception.training.search import read_grid

FORMAT = 1
PARTS = (TRAIN, VALIDATION, TEST)

USUAL = {"things": "detection", "tags": "classification", "pixels": "semantic_segmentation"}
"""What labels of a kind are usually for."""


@dataclass(frozen=True, eq=False)
class Job:
    """What `deep_perception train` is asked for."""

    given: TrainConfig
    config: TrainConfig
    """The same, with the network and the task by their names."""
    replaces: str
    """Weights to compare with; empty: those that the training begins with."""
    search: tuple[str, ...]
    """Settings of which to find the best, as NAME=VALUE,VALUE."""
    dataset: Dataset
    task: str
    names: tuple[str, ...]
    """Of the classes to learn; none where a picture is the answer."""
    parts: Mapping[str, tuple[Record, ...]]
    """Records by part that somebody has labelled for this task."""

    @classmethod
    def of(cls, folder: Path, config: TrainConfig, replaces: str = "", search: Sequence[str] = ()) -> "Job":
        """Settle what is open; raise a DeepPerceptionError for what cannot be done."""
        read_grid(search)
        dataset = Dataset.open(folder)
        model = _model(config, dataset)
        task = find(model).task
        if config.task != "auto" and task_of(config.task) != task:
            raise ConfigError(
                f"task: got {config.task}, but {model} is a {TASKS[task].worker}. "
                f"Name another network or other weights, or leave --task out"
            )
        names = tuple(dataset.labels.get(KIND[task], ())) if task in KIND else ()
        settled = replace(config, model=model, task=TASKS[task].worker)
        return cls(config, settled, replaces, tuple(search), dataset, task, names, _parts(dataset, task))

    def record(self) -> dict[str, Any]:
        """Return what is written down of it, for people and for going on with it."""
        return {
            "format": FORMAT,
            **asdict(self.config),
            "given": asdict(self.given),
            "replaces": self.replaces,
            "search": self.search,
            "task": self.task,
            "dataset": str(self.dataset.folder.resolve()),
            "counts": {part: len(records) for part, records in self.parts.items()},
        }


def _model(config: TrainConfig, dataset: Dataset) -> str:
    """Return the name of the network: as given, else the one of the weights, else the usual one for these labels."""
    if config.model != "auto":
        return config.model
    if Path(config.weights).expanduser().is_file():
        return find_origin("auto", config.weights, (), 0, Store(), download=False).name
    task = task_of(config.task) if config.task != "auto" else _usual_task(dataset)
    return TASKS[task].default_model


def _usual_task(dataset: Dataset) -> str:
    labelled = _labelled(dataset)
    if not any(labelled.values()):
        raise InputError(
            f"{dataset.folder}: none of its {len(dataset.records)} pictures is labelled. Label some, or name a task "
            "that learns from pictures alone: --task colorizer or upscaler"
        )
    return USUAL[max(USUAL, key=lambda kind: labelled[kind])]


def _labelled(dataset: Dataset) -> dict[str, int]:
    return {kind: sum(getattr(record, kind) is not None for record in dataset.records) for kind in USUAL}


def _parts(dataset: Dataset, task: str) -> dict[str, tuple[Record, ...]]:
    ids = {record.id for record in usable(dataset, task)}
    if not ids:
        has = ", ".join(f"{kind} ({count})" for kind, count in _labelled(dataset).items() if count) or "no labels"
        wanted = "things with masks" if task == "instance_segmentation" else KIND[task]
        raise InputError(
            f"{dataset.folder}: a {TASKS[task].worker} learns from {wanted}, but its {len(dataset.records)} pictures "
            f"have {has}. Label them, or take another network"
        )
    return {part: tuple(record for record in dataset.part(part) if record.id in ids) for part in PARTS}
