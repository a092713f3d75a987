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
from deep_perception.training.optimisers import set_rate
from deep_perception.training.trial import total_loss, undone

LOWEST, HIGHEST = 1e-7, 10.0
STEPS = 100
"""From the lowest rate to the highest; most tests end sooner."""
BATCHES = 8
"""So many batches are taken in turn."""
MEMORY = 0.8
"""Share of the smoothed loss that stays from step to step."""
MOST_OF_THE_FALL, CAUTION = 0.9, 3
"""Chosen is the rate at which that share of the fall was made, divided by the other."""
NOTEWORTHY = 0.05
"""Share of the loss that a fall must have to be told from noise."""
FROM_THE_END = 100
"""Without such a fall, the rate at which the loss rose is divided by this."""


@dataclass(frozen=True)
class RateFinding:
    """What became of the loss as the rate rose, and the rate that follows from it."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """Smoothed, and as if all batches were equally hard; the last one may be no number."""
    chosen: float
    why: str


def range_test(
    model: Model,
    batches: Iterable[Sequence[Example]],
    make_optimizer: Callable[[float], Optimizer],
    *,
    clip: float = 0.0,
    steps: int = STEPS,
) -> RateFinding:
    """Learn at a rate that rises from tiny until the loss does; then undo it all and choose a rate.

    The first few of `batches` are taken, gradients are cut to `clip` (0: not at all). Raises ConfigError where the loss
    follows no rate.
    """
    few = list(islice(batches, BATCHES))
    with undone(model):
        curve = list(_rising(model, few, make_optimizer(LOWEST), clip, steps))
    rates, losses = zip(*curve, strict=True)
    chosen, why = choose_rate(rates, losses)
    return RateFinding(rates, losses, chosen, why)


def choose_rate(rates: Sequence[float], losses: Sequence[float]) -> tuple[float, str]:
    """Return a rate and why: a third of the one at which the loss had made nine tenths of its fall.

    That is where it falls steeply, short of where the fall ends; one wave more or less at the bottom moves it little.
    A loss that hardly falls, as with weights that know it all, says where the rise is: a hundredth of that. Raises
    ConfigError where it does neither.
    """
    lowest, start = min(loss for loss in losses if math.isfinite(loss)), losses[0]
    fall = start - lowest
    if fall >= NOTEWORTHY * start:
        enough = start - MOST_OF_THE_FALL * fall
        turn = next(rate for rate, loss in zip(rates, losses, strict=True) if loss <= enough)
        why = f"a third of {turn:.2g}, where the loss had made nine tenths of its fall from {start:.3g} to {lowest:.3g}"
        return _rounded(turn / CAUTION), why
    if not losses[-1] < (1 + NOTEWORTHY) * start:
        return _rounded(
            rates[-1] / FROM_THE_END
        ), f"a hundredth of {rates[-1]:.2g}, where the loss rose, as it fell nowhere"
    raise ConfigError(
        f"lr: found none, as the loss stays at {start:.3g} at any rate up to {rates[-1]:.2g}. Give one, as in --lr 0.001"
    )


def _rising(
    model: Model, few: Sequence[Sequence[Example]], optimizer: Optimizer, clip: float, steps: int
) -> Iterator[tuple[float, float]]:
    """Learn at rising rates; yield each with the smoothed loss, corrected by how hard the batch was at first."""
    with torch.no_grad():
        before = [total_loss(model, batch).item() for batch in few]
    usual = smooth = lowest = sum(before) / len(before)
    if not math.isfinite(usual):
        raise ConfigError(
            f"lr: found none, as the loss is {usual} before the first step. See what --overfit-batch says"
        )
    for step, place in zip(range(steps), cycle(range(len(few))), strict=False):
        rate = LOWEST * (HIGHEST / LOWEST) ** (step / (steps - 1))
        loss = total_loss(model, few[place])
        smooth = MEMORY * smooth + (1 - MEMORY) * (loss.item() - before[place] + usual)
        lowest = min(lowest, smooth)
        yield rate, smooth
        if not smooth < lowest + usual:
            return
        set_rate(optimizer, rate)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.network.parameters(), clip)
        optimizer.step()


def _rounded(rate: float) -> float:
    return float(f"{rate:.2g}")
