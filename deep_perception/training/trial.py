"""Trials: steps that are made to learn something about a training, and then undone."""

import contextlib
import copy
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import torch
from torch import Tensor, nn

from deep_perception.data.examples import Example
from deep_perception.models.model import Model

FEWEST = 2
"""Pictures that are looked at whatever they cost; a norm cannot learn from one picture."""


@contextlib.contextmanager
def undone(model: Model) -> Iterator[None]:
    """Give back, at the end, every bit of the model and of what is random as it was."""
    network = model.network.to(model.device)
    before = {name: tensor.detach().clone() for name, tensor in _tensors(model)}
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    modes = {module: module.training for module in network.modules()}
    # Some losses count what they have seen, outside the network.
    rest = copy.deepcopy({name: value for name, value in vars(model).items() if not isinstance(value, nn.Module)})
    devices = [model.device] if model.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            with torch.no_grad():
                for name, tensor in _tensors(model):
                    tensor.copy_(before[name])
            for name, parameter in network.named_parameters():
                parameter.grad = gradients[name]
            for module, mode in modes.items():
                module.training = mode
            vars(model).update(rest)
            model.renew()


def losses_of(model: Model, batch: Sequence[Example]) -> dict[str, Tensor]:
    """Return the named losses of a batch."""
    return model.losses([one.image for one in batch], [one.target for one in batch])


def total_loss(model: Model, batch: Sequence[Example]) -> Tensor:
    """Return the sum of the losses of a batch."""
    return torch.stack(list(losses_of(model, batch).values())).sum()


def affordable(
    trial: Callable[[Sequence[Example]], object], batch: Sequence[Example], steps: int, shortest: int, limit_s: float
) -> tuple[int, int]:
    """Return how many pictures of a batch, and how many steps, at least `shortest`, come to about `limit_s`.

    Pictures are given up first. What one costs is seen in the second of two trials of a few.
    """
    few = batch[:FEWEST]
    for _ in range(2):
        began = time.monotonic()
        trial(few)
        each = (time.monotonic() - began) / len(few)
    pictures = max(len(few), min(len(batch), int(limit_s / (each * steps))))
    return pictures, min(steps, max(shortest, int(limit_s / (each * pictures))))


def _tensors(model: Model) -> Iterator[tuple[str, Tensor]]:
    return chain(model.network.named_parameters(), model.network.named_buffers())
