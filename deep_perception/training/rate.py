"""The learning rate range test: how fast can this model learn from these pictures before it breaks?

Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import torch
from torch import nn
from torch.optim import Optimizer

from deep_perception.data.examples import Example
from deep_perception.errors import ConfigError
from deep_perception.models.model import Model
from deep_perception.training.trial import total_loss, undone

LOWEST, HIGHEST = 1e-7, 10.0
STEPS = 100
"""From the lowest rate to the highest; most tests end sooner."""
BATCHES = 8
"""So many batches are taken in turn, each compared with what its loss was before the first step."""
MEMORY = 0.8
"""Share of the smoothed loss that stays from step to step."""


@dataclass(frozen=True)
class RateFinding:
    """What became of the loss as the rate rose, and the rate that follows from it."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """Smoothed, and as if all batches were equally hard."""
    chosen: float
    why: str


def range_test(
    model: Model,
    batches: Iterable[Sequence[Example]],
    make_optimizer: Callable[[float], Optimizer],
    *,
    clip: float = 0.0,
    steps: int = STEPS,
):
    few = list(islice(batches, BATCHES))
    with undone(model):
        with torch.no_grad():
            before = [total_loss(model, batch).item() for batch in few]
        start = sum(before) / len(before)
        optimizer = make_optimizer(LOWEST)
        rates, losses = [], []
        smooth = start
        raw=[]
        for step, place in zip(range(steps), cycle(range(len(few)))):
            rate = LOWEST * (HIGHEST / LOWEST) ** (step / (steps - 1))
            for group in optimizer.param_groups: group["lr"] = rate
            loss = total_loss(model, few[place])
            value = loss.item() - before[place] + start
            smooth = MEMORY * smooth + (1 - MEMORY) * value
            rates.append(rate); losses.append(smooth); raw.append(value)
            if not math.isfinite(smooth) or smooth > min(losses) + start: break
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if clip: nn.utils.clip_grad_norm_(model.network.parameters(), clip)
            optimizer.step()
    return rates, losses, raw, start
