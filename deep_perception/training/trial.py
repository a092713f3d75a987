"""Trials: steps that are made to learn something about a training, and then undone."""

import contextlib
import copy
from collections.abc import Iterator, Sequence
from itertools import chain

import torch
from torch import Tensor

from deep_perception.data.examples import Example
from deep_perception.models.model import Model


@contextlib.contextmanager
def undone(model: Model) -> Iterator[None]:
    """Give back, at the end, every bit of the model and of what is random as it was."""
    network = model.network.to(model.device)
    before = {name: tensor.detach().clone() for name, tensor in _tensors(model)}
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    modes = {module: module.training for module in network.modules()}
    others = copy.deepcopy(
        {name: value for name, value in vars(model).items() if name not in ("network", "_answering")}
    )
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
            vars(model).update(others)
            model.renew()


def total_loss(model: Model, batch: Sequence[Example]) -> Tensor:
    """Return the sum of the losses of a batch."""
    losses = model.losses([one.image for one in batch], [one.target for one in batch])
    return torch.stack(list(losses.values())).sum()


def _tensors(model: Model) -> Iterator[tuple[str, Tensor]]:
    return chain(model.network.named_parameters(), model.network.named_buffers())
