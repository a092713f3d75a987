"""What every stage of a training works with."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lightning_fabric import Fabric

from deep_perception.config import TrainConfig
from deep_perception.data.augment import Augmentation
from deep_perception.data.dataset import TEST, TRAIN
from deep_perception.data.examples import Examples, number_of_batches
from deep_perception.data.judging import as_judged
from deep_perception.data.record import Record
from deep_perception.models.model import Model
from deep_perception.training.job import Job
from deep_perception.training.learner import Learner
from deep_perception.training.listener import Listener
from deep_perception.training.run_folder import RunFolder


@dataclass(frozen=True, eq=False)
class Course:
    """What is to be learnt by which model and how, where it is written down, on which devices, and who is told."""

    job: Job
    model: Model
    regime: str
    why: str
    run: RunFolder
    fabric: Fabric
    listener: Listener

    @property
    def config(self) -> TrainConfig:
        """Return the settings."""
        return self.job.config

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return number_of_batches(len(self.job.parts[TRAIN]), self.config.batch, self.fabric.world_size)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that truths are numbered by: the model's order, but whoever proposes boxes knows none."""
        return self.job.names if self.job.task == "proposals" else self.model.labels

    def record(self) -> dict[str, Any]:
        """Return what is written down of a training before its first step."""
        return {
            **self.job.record(),
            "regime": self.regime,
            "regime_why": self.why,
            "examples": hashlib.sha256(repr(self.job.parts).encode()).hexdigest(),
            "classes": self.model.labels,
            "began_with": self.model.identity,
            "device": str(self.fabric.device),
            "processes": self.fabric.world_size,
        }

    def learner(self, rate: float) -> Learner:
        """Return who does the steps."""
        return Learner(self.fabric, self.model, self.config, rate, self.steps * self.config.epochs)

    def learning(self) -> Examples:
        """Return the training part as the network sees it."""
        return self._examples(self.job.parts[TRAIN], Augmentation(self.config.augment, self.job.task))

    def plain(self, part: str) -> Examples:
        """Return a part as it is; in several processes the share of this one."""
        return self._examples(self._share(self.job.parts[part]), None)

    def judging(self) -> Examples | None:
        """Return what people say of the test part; None where they say nothing."""
        judged = as_judged(self.job.parts[TEST], self.job.task)
        return self._examples(self._share(judged), None) if judged else None

    def _share(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return those that fall to this process."""
        return records[self.fabric.global_rank :: self.fabric.world_size]

    def _examples(self, records: Sequence[Record], augmentation: Augmentation | None) -> Examples:
        return Examples(
            self.job.dataset,
            records,
            self.job.task,
            self.names,
            augmentation=augmentation,
            seed=self.config.seed,
            scale=getattr(self.model, "scale", 1),  # upscalers alone have one
        )
