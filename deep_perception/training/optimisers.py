"""What moves the weights, and how fast at which step."""

import math

import torch
from torch import nn
from torch.optim import Optimizer

from deep_perception.config import TrainConfig

LEAST = 0.01
"""Share of the learning rate that is left at the end of a cosine."""

FALLS = (2 / 3, 8 / 9)
"""Shares of the steps after which the step schedule takes a tenth of the rate."""


def optimizer_of(network: nn.Module, config: TrainConfig, rate: float) -> Optimizer:
    """Make the optimiser of what can be trained; only tensors of more than one dimension decay."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [one for one in trained if one.ndim > 1], "weight_decay": config.weight_decay},
        # Biases and norms have no length to lose: decay would only pull them away from where they belong.
        {"params": [one for one in trained if one.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=config.momentum)
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=rate)


def share_at(step: int, steps: int, config: TrainConfig) -> float:
    """Return the share of the learning rate at `step` (from 0) of `steps`: it rises first, then falls."""
    rising = round(config.warmup * steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    done = (step - rising) / max(1, steps - rising)
    if config.schedule == "cosine":
        return LEAST + (1 - LEAST) * (1 + math.cos(math.pi * done)) / 2
    if config.schedule == "step":
        return 0.1 ** sum(done >= fall for fall in FALLS)
    return 1.0


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Have the next step made at this rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate
