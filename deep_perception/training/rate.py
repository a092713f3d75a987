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
from deep_perception.training.trial import affordable, total_loss, undone

LOWEST, HIGHEST = 1e-7, 10.0
STEPS = 100
"""From the lowest rate to the highest; most tests end sooner."""
BATCHES = 8
"""So many batches are taken in turn."""
LIMIT_S, SHORTEST = 180.0, 30
"""About so long it takes at most: of what costs more, fewer pictures of a batch are taken, then fewer steps, but so
many whatever they cost."""
MEMORY = 0.8
"""Share of the smoothed loss that stays from step to step."""
MOST_OF_THE_FALL, CAUTION = 0.9, 3
"""The rate at which that share of the fall was made, divided by the other, is chosen."""
FROM_THE_RISE = 10
"""It is at most the rate at which the loss rose, divided by this; without a fall, divided by this twice."""
NOTEWORTHY = 0.05
"""Share of the loss that a fall or a rise must have to be told from noise."""


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
    limit_s: float = LIMIT_S,
) -> RateFinding:
    """Learn at a rate that rises from tiny until the loss does; then undo it all and choose a rate.

    The first few of `batches` are taken, gradients are cut to `clip` (0: not at all). Raises ConfigError where the loss
    follows no rate.
    """
    few = list(islice(batches, BATCHES))
    with undone(model):
        pictures, steps = affordable(lambda some: total_loss(model, some).backward(), few[0], steps, SHORTEST, limit_s)
    few = [batch[:pictures] for batch in few]
    with undone(model):
        curve = list(_rising(model, few, make_optimizer(LOWEST), clip, steps))
    rates, losses = zip(*curve, strict=True)
    chosen, why = choose_rate(rates, losses)
    shown = len(losses) if math.isfinite(losses[-1]) else -1
    return RateFinding(rates[:shown], losses[:shown], chosen, why)


def choose_rate(rates: Sequence[float], losses: Sequence[float]) -> tuple[float, str]:
    """Return a rate and why: a third of the one at which the loss had made nine tenths of its fall.

    That is where it falls steeply, short of the bottom, whose waves say little. It is at most a tenth of the rate at
    which the loss rose. A loss that hardly falls, as with weights that know it all, has only its rise to tell: a
    hundredth of that rate. Raises ConfigError where it does neither.
    """
    lowest, start = min(loss for loss in losses if math.isfinite(loss)), losses[0]
    rose = rates[-1] if not losses[-1] < (1 + NOTEWORTHY) * start else math.inf
    if start - lowest >= NOTEWORTHY * start:
        enough = start - MOST_OF_THE_FALL * (start - lowest)
        turn = next(rate for rate, loss in zip(rates, losses, strict=True) if loss <= enough)
        if turn / CAUTION <= rose / FROM_THE_RISE:
            return _rounded(turn / CAUTION), f"a third of {turn:.2g}, where the loss had nearly ended its fall"
        return _rounded(rose / FROM_THE_RISE), f"a tenth of {rose:.2g}, where the loss rose after its fall"
    if math.isfinite(rose):
        return _rounded(rose / FROM_THE_RISE**2), f"a hundredth of {rose:.2g}, where the loss rose and had not fallen"
    raise ConfigError(
        f"lr: found none, as the loss stays near {start:.3g} at any rate up to {rates[-1]:.2g}. Give one: --lr 0.001"
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
