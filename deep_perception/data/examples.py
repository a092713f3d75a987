"""What a model learns from and is judged by, one batch after the other."""

import copy
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from deep_perception.data.augment import Augmentation
from deep_perception.data.crew import Crew
from deep_perception.data.dataset import Dataset
from deep_perception.data.record import Record
from deep_perception.data.targets import KIND, image_of, target_of, things
from deep_perception.errors import InputError
from deep_perception.predictions import Detections, Image, Instances, LabelMap, Picture, Prediction

KEPT_BYTES = 512 * 1024**2
"""So much of a data set is kept in memory once it was read."""


@dataclass(frozen=True, eq=False)
class Example:
    """A picture and what is true of it."""

    id: str
    image: Image
    target: Prediction
    ignored: Detections | None = None
    """Things that count neither as found nor as missed; known while nothing is changed at random."""


class Examples(torch.utils.data.Dataset):
    """Examples of some records, the same for the same seed, epoch and place, whatever process makes them."""

    def __init__(
        self,
        dataset: Dataset,
        records: Sequence[Record],
        task: str,
        names: Sequence[str],
        *,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        scale: int = 1,
    ) -> None:
        """`scale` is how many times smaller the picture is than the truth."""
        self.epoch = 0
        self.seed, self.scale, self.task, self.names = seed, scale, task, tuple(names)
        self.augmentation = augmentation
        self._dataset = replace(dataset, records=(), split=None)
        self._records = tuple(records)
        self._kept: dict[int, Example] = {}
        self._room = KEPT_BYTES
        self._crew: tuple[int, Crew] | None = None

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> Example:
        return self.at(self.epoch, index)

    def at(self, epoch: int, index: int) -> Example:
        """Return an example as it is in this epoch; raise InputError for a picture or label that cannot be used."""
        example = self._kept.get(index) or self._read(index)
        if self.augmentation is not None:
            rng = np.random.default_rng([self.seed, epoch, index])
            image, target = self.augmentation(example.image, example.target, rng)
            example = Example(example.id, image, target)
        return self._shrunk(example) if self.scale > 1 else example

    def crew(self, workers: int) -> Crew:
        """Return processes that make these examples, no more than there are cores; they live as long as this object."""
        workers = min(workers, len(os.sched_getaffinity(0)))
        if self._crew is None or self._crew[0] != workers:
            twin = copy.copy(self)
            twin._kept, twin._room, twin._crew = {}, KEPT_BYTES // workers, None
            self._crew = (workers, Crew(twin, workers))
        return self._crew[1]

    def _read(self, index: int) -> Example:
        record = self._records[index]
        image = image_of(self._dataset, record)
        if self.task not in KIND:
            return self._keep(index, Example(record.id, image, Picture(image)))
        target = target_of(self._dataset, record, self.task, self.names)
        self._check_size(record, image, target)
        ignored = None
        if any(thing.ignored for thing in record.things or ()) and isinstance(target, Detections):
            ignored = things(record, self.names, masks=isinstance(target, Instances), ignored=True)
        return self._keep(index, Example(record.id, image, target, ignored))

    def _check_size(self, record: Record, image: Image, target: Prediction) -> None:
        height, width = image.shape[:2]
        if (record.height, record.width) != (height, width):
            raise InputError(
                f"{self._dataset.folder / record.image} is {width}x{height}, but the manifest says "
                f"{record.width}x{record.height}. See what else is wrong: deep_perception dataset verify "
                f"{self._dataset.folder}"
            )
        if isinstance(target, LabelMap) and target.labels.shape != (height, width):
            raise InputError(
                f"{record.pixels}: got {target.labels.shape[1]}x{target.labels.shape[0]} pixels, expected those of its "
                f"picture, {width}x{height}"
            )

    def _keep(self, index: int, example: Example) -> Example:
        """Remember an example while there is room: reading it again is most of the work on a small data set."""
        size = example.image.nbytes + sum(
            part.nbytes for part in vars(example.target).values() if isinstance(part, np.ndarray)
        )
        example.image.flags.writeable = False
        if size <= self._room:
            self._room -= size
            self._kept[index] = example
        return example

    def _shrunk(self, example: Example) -> Example:
        assert isinstance(example.target, Picture)
        large = example.target.image
        height, width = (side // self.scale for side in large.shape[:2])
        if not height or not width:
            raise InputError(
                f"{example.id}: {large.shape[1]}x{large.shape[0]} pixels cannot be made {self.scale} times smaller. "
                "Leave it out"
            )
        large = np.ascontiguousarray(large[: height * self.scale, : width * self.scale])
        pixels = torch.tensor(large).permute(2, 0, 1)
        small = functional.resize(pixels, [height, width], InterpolationMode.BICUBIC, antialias=True)
        return Example(example.id, small.permute(1, 2, 0).contiguous().numpy(), Picture(large))


def batches(
    examples: Examples, size: int, *, shuffle: bool, workers: int, skip: int = 0, rank: int = 0, world: int = 1
) -> Iterator[list[Example]]:
    """Return the batches of the epoch that `examples` is at, all but the first `skip`.

    They are of nearly equal sizes, at most `size`. A few pictures come twice where several processes (`world`) would
    not have equally many, or where it is shuffled, to learn from, and a batch would have one picture only.
    """
    epoch, count = examples.epoch, len(examples)
    order = np.random.default_rng([examples.seed, epoch]).permutation(count) if shuffle else np.arange(count)
    number, share = number_of_batches(count, size, world), -(-count // world)
    if shuffle:
        share = max(share, min(size, 2) * number)
    own = np.resize(order, share * world)[rank::world]
    parts: list[NDArray[np.int64]] = np.array_split(own, number)
    keys = [[(epoch, int(index)) for index in part] for part in parts[skip:]]
    if workers:
        return examples.crew(workers).bring(keys)
    return ([examples.at(*key) for key in batch] for batch in keys)


def number_of_batches(count: int, size: int, world: int = 1) -> int:
    """Return how many batches an epoch of `count` examples has in each of `world` processes."""
    return -(-count // (world * size))
