"""How fast our training is, in pictures a second, beside torchvision's own reference loop on the same data."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from deep_perception.config import UNSEEN_SEEDS, TrainConfig
from deep_perception.data.augment import Augmentation
from deep_perception.data.dataset import Dataset
from deep_perception.data.examples import Examples, batches
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.data.targets import KIND
from deep_perception.data.writer import Writer
from deep_perception.evaluation.reference_training import reference
from deep_perception.evaluation.speed import Figure, take_turns
from deep_perception.models import Model, create
from deep_perception.scenes import LABELS, SURFACES, Scene, render
from deep_perception.training.devices import launch
from deep_perception.training.learner import Learner

OURS, THEIRS = "our training", "torchvision's reference"
LEAST_RATIO = 0.95
RATE = 1e-4
"""Small, so that neither of the two diverges from random weights."""


def write_scenes(folder: Path, pictures: int) -> Dataset:
    """Write rendered scenes, with the things in them and the table they stand on, as a data set."""
    with Writer(folder) as writer:
        for seed in range(UNSEEN_SEEDS - pictures, UNSEEN_SEEDS):
            view = render(Scene(seed), 0.0)
            found = zip(view.instances.labels, view.instances.boxes.tolist(), strict=True)
            things = tuple(Thing(LABELS[label], tuple(box)) for label, box in found)
            tags = (Tag(SURFACES[int(view.surface.labels[0])]),)
            height, width = view.image.shape[:2]
            writer.add(Record(str(seed), ".jpg", width, height, tags=tags, things=things), view.image)
    return Dataset.open(folder)


def config_of(name: str, workers: int, batch: int) -> TrainConfig:
    """Return the settings that both sides can follow."""
    return TrainConfig(
        model=name,
        weights="none",
        batch=batch,
        lr=str(RATE),
        schedule="constant",
        warmup=0.0,
        optimizer="sgd",
        augment=("flip",),
        workers=workers,
    )


def contestants(dataset: Dataset, config: TrainConfig) -> dict[str, Callable[[], None]]:
    """Return what to compare: an epoch of each, from the same random weights."""
    task = create(config.model, "none").task
    model, other = (create(config.model, "none", labels=dataset.labels[KIND[task]]) for _ in range(2))
    other.network.load_state_dict(model.network.state_dict())
    return {THEIRS: reference(other, dataset, config, RATE), OURS: ours(model, dataset, config)}


def ours(model: Model, dataset: Dataset, config: TrainConfig) -> Callable[[], None]:
    """Return a call that trains for an epoch as `deep_perception train` does."""
    change = Augmentation(config.augment, model.task)
    examples = Examples(dataset, dataset.records, model.task, model.labels, augmentation=change, seed=config.seed)
    learner = Learner(launch(config), model, config, RATE, steps=1)

    def epoch() -> None:
        for number, batch in enumerate(batches(examples, config.batch, shuffle=True, workers=config.workers)):
            learner.step(batch, number)
        examples.epoch += 1

    return epoch


def measure(dataset: Dataset, config: TrainConfig, rounds: int) -> dict[str, list[float]]:
    """Return the pictures a second of both in each round; they take turns, after an epoch that does not count."""
    seconds = take_turns(contestants(dataset, config), rounds, warm_ups=1)
    return {name: [len(dataset.records) / each for each in values] for name, values in seconds.items()}


def figures(rates: Mapping[str, Sequence[float]]) -> list[Figure]:
    """Return the lines of the table."""
    lines = [Figure(name, float(np.median(values)), "pictures/s") for name, values in rates.items()]
    ratio = np.asarray(rates[OURS]) / np.asarray(rates[THEIRS])
    low, middle, high = np.percentile(ratio, (25, 50, 75))
    note = f"paired; half of the rounds {low:.2f} to {high:.2f}"
    return [*lines, Figure(f"{OURS} / {THEIRS}", float(middle), "x", note=note, least=LEAST_RATIO)]
