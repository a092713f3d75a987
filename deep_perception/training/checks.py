"""A check before a long training: a model that cannot learn one batch by heart will not learn a data set."""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd
from torchvision.ops import StochasticDepth

from deep_perception.data.examples import Example
from deep_perception.models.model import Model
from deep_perception.predictions import UNLABELLED, LabelMap, Picture
from deep_perception.training.trial import affordable, losses_of, undone

STEPS, RATE, LONGEST = 150, 1e-3, 5.0
"""Steps at most, their learning rate, and the length that gradients are cut to."""
LIMIT_S = 60.0
"""About so long it takes at most: of what costs more, fewer pictures are learnt, and if that is not enough in fewer
steps."""
SHORTEST = 3
"""Steps that are taken whatever they cost."""
NEAR_ZERO = 0.1
"""A loss of so much, or of this share of what it was at first, is near zero."""
FLOORS = {"bbox_ctrness": math.log(2), "loss_colour": math.log(5)}
"""What can stay of losses whose truth is a share: how near to the middle a place is, which of five bins a colour is."""
NOTEWORTHY = 0.02
"""A loss that changes by less than this share does not move."""
LOOK = "Look at the contact sheet"


@dataclass(frozen=True)
class OverfitFinding:
    """What became of the loss of one batch, less what can stay of it."""

    first: float
    last: float
    pictures: int
    steps: int
    good: bool
    """False where something is wrong; where time was too short to tell, nothing is."""
    what: str
    """A sentence: all is fine, or what is wrong."""


@dataclass(frozen=True)
class _Moment:
    """One step: the losses, less what can stay of them, and the length of the gradient."""

    losses: Mapping[str, float]
    gradient: float

    @property
    def total(self) -> float:
        """The loss that is made small."""
        return sum(self.losses.values())


def overfit_batch(
    model: Model, batch: Sequence[Example], *, steps: int = STEPS, limit_s: float = LIMIT_S
) -> OverfitFinding:
    """Learn one batch by heart, by gentle steps without dropout; then undo them. The loss must come near zero."""
    if not any(map(_has_truth, batch)):
        what = f"nothing is labelled in the {len(batch)} pictures of the batch. {LOOK}"
        return OverfitFinding(0.0, 0.0, len(batch), 0, good=False, what=what)
    if not any(parameter.requires_grad for parameter in model.network.parameters()):
        what = f"all of {model.name} is frozen. Take another regime"
        return OverfitFinding(0.0, 0.0, len(batch), 0, good=False, what=what)
    batch = sorted(batch, key=_has_truth, reverse=True)  # where only some are learnt, these
    with undone(model), _without_dropout(model.network):
        pictures, most = affordable(lambda few: list(_course(model, few, 0)), batch, steps, SHORTEST, limit_s)
        course = list(_course(model, batch[:pictures], most))
    good, what = _judged(course, f"{pictures} pictures of " if pictures < len(batch) else "", cut=most < steps)
    what = f"{what}, in {len(course) - 1} steps"
    return OverfitFinding(course[0].total, course[-1].total, pictures, len(course) - 1, good, what)


def _course(model: Model, batch: Sequence[Example], steps: int) -> Iterator[_Moment]:
    """Learn until the loss is near zero, or no number; yield what it is before each step and after the last."""
    learning = [parameter for parameter in model.network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=RATE)
    first = math.nan
    for step in range(steps + 1):
        losses = losses_of(model, batch)
        optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        gradient = nn.utils.clip_grad_norm_(learning, LONGEST).item()
        moment = _Moment({name: _above_floor(name, loss.item()) for name, loss in losses.items()}, gradient)
        yield moment
        first = moment.total if step == 0 else first
        if step == steps or _is_near_zero(moment.total, first) or not math.isfinite(moment.total):
            return
        optimizer.step()


def _judged(course: Sequence[_Moment], part: str, *, cut: bool) -> tuple[bool, str]:
    """Say whether all is well and what became of the loss; `cut`: fewer steps were done than it may need."""
    first, last = course[0].total, course[-1].total
    went = f"from {first:.3g} to {last:.3g}"
    if _is_near_zero(last, first):
        return True, f"fine: the loss of {part}one batch fell {went}"
    if cut and math.isfinite(last) and any(moment.gradient for moment in course):
        return True, f"too slow on this device to be settled: the loss of {part}one batch went {went}"
    return False, _trouble(course)


def _trouble(course: Sequence[_Moment]) -> str:
    """Say what is wrong with a loss that did not come near zero."""
    first, last = course[0], course[-1]
    name = max(last.losses, key=lambda each: last.losses[each])
    if broken := [each for each, loss in last.losses.items() if not math.isfinite(loss)]:
        when = "from the start" if len(course) == 1 else "after a while"
        return f"{broken[0]} is {last.losses[broken[0]]} {when}. Weights, a picture or a label hold what is no number"
    if max(moment.gradient for moment in course) == 0:
        return f"the loss stays at {first.total:.3g}, because nothing that learns has a part in it. Take another regime"
    if last.total > (1 - NOTEWORTHY) * first.total:
        return (
            f"the loss does not fall, it went from {first.total:.3g} to {last.total:.3g}, most of it {name}. "
            f"{LOOK}: are the labels right?"
        )
    return (
        f"the loss fell from {first.total:.3g} to no less than {last.total:.3g}, most of it {name}. {LOOK}: does one "
        "label contradict another? If not, too little learns: take a larger regime"
    )


def _is_near_zero(loss: float, first: float) -> bool:
    return loss <= max(NEAR_ZERO, NEAR_ZERO * first)


def _above_floor(name: str, loss: float) -> float:
    return loss if math.isnan(loss) else max(0.0, loss - FLOORS.get(name, 0.0))


def _has_truth(example: Example) -> bool:
    target = example.target
    if isinstance(target, LabelMap):
        return bool((target.labels != UNLABELLED).any())
    return isinstance(target, Picture) or len(target) > 0


@contextlib.contextmanager
def _without_dropout(network: nn.Module) -> Iterator[None]:
    layers = [module for module in network.modules() if isinstance(module, (_DropoutNd, StochasticDepth))]
    before = [layer.p for layer in layers]
    for layer in layers:
        layer.p = 0.0
    try:
        yield
    finally:
        for layer, share in zip(layers, before, strict=True):
            layer.p = share
