"""Novelty by an autoencoder that has learnt what was collected."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from deep_perception.data.sampling.autoencoder import Autoencoder, learn, tensor_of
from deep_perception.data.sampling.novelty import Novelty
from deep_perception.errors import InputError, WeightsError
from deep_perception.models import checkpoint as checkpoints
from deep_perception.predictions import Image

KIND = "novelty_vae"
STEPS = 1000
LEAST_PICTURES = 50
"""With fewer, there is nothing usual yet."""

HELD_OUT = 5
"""Every so many pictures, one is not learnt from."""

MOST = 0.95
"""Share of the pictures held out that are not to count as new."""


class Unusual(Novelty):
    """How badly the autoencoder draws a picture, in units of what is just not new; does not learn on the way."""

    usual = 1.0

    def __init__(self, network: Autoencoder, limit: float, pictures: int) -> None:
        """`limit`: reconstruction + KL of what is just not new; `pictures`: how many it learnt from."""
        self.pictures = pictures
        self._network = network.eval().requires_grad_(False)
        self._limit = limit

    def __call__(self, image: Image) -> float:
        """Return reconstruction + KL over the limit."""
        return float(bounds(self._network, tensor_of([image]))[0]) / self._limit

    def remember(self, image: Image) -> None:
        """Do nothing: it takes many pictures to change what is usual."""

    def words(self, unlike: float) -> str:
        """Say how unusual it is."""
        return f"new: drawn {unlike:.2f} times worse than {MOST:.0%} of the pictures learnt from"

    def save(self, path: Path) -> None:
        """Write one self-describing file."""
        about = {"limit": self._limit, "pictures": self.pictures}
        checkpoints.save(path, model=KIND, labels=(), state=self._network.state_dict(), config=about)

    @classmethod
    def load(cls, path: Path) -> "Unusual":
        """Read what `save` wrote; raise WeightsError for any other file."""
        checkpoint = checkpoints.load(path)
        if checkpoint.model != KIND:
            raise WeightsError(f"weights: '{path}' is for {checkpoint.model or 'another network'}, expected {KIND}")
        network = Autoencoder()
        checkpoints.load_into(network, checkpoint)
        return cls(network, float(checkpoint.config["limit"]), int(checkpoint.config["pictures"]))


def fit_vae(images: Sequence[Image], steps: int = STEPS, seed: int = 0) -> Unusual:
    """Learn what is usual; equal arguments give equal weights. Raise InputError for too few pictures."""
    if len(images) < LEAST_PICTURES:
        raise InputError(
            f"novelty: an autoencoder learns from at least {LEAST_PICTURES} pictures, got {len(images)}. "
            "Collect with novelty tiny first"
        )
    pictures = tensor_of(images)
    mixed = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
    held_out, learnt = pictures[mixed[::HELD_OUT]], pictures[mixed[torch.arange(len(mixed)) % HELD_OUT > 0]]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Autoencoder()
    learn(network, learnt, steps, seed)
    limit = float(np.quantile(bounds(network, held_out).numpy(), MOST))
    return Unusual(network, limit, len(images))


def bounds(network: Autoencoder, pictures: Tensor) -> Tensor:
    """Return reconstruction + KL of each picture (n,) at the mean of what stands for it."""
    with torch.inference_mode():
        return torch.cat([network.bound(part) for part in pictures.split(64)])
