"""A model that learns: one step at a time, on whatever devices there are."""

import copy
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from deep_perception.config import TrainConfig
from deep_perception.data.examples import Example
from deep_perception.errors import DeepPerceptionError
from deep_perception.models.model import Model
from deep_perception.training.averaging import average_of
from deep_perception.training.optimisers import optimizer_of, set_rate, share_at

HALF_STEPS = 20
"""So many steps in a row may be lost to numbers too large for 16 bits, while the scale of the loss is sought."""


class DivergedError(DeepPerceptionError):
    """The loss or its gradient is no number any more."""


@dataclass(frozen=True)
class Step:
    """What one step came to, on average over the devices."""

    losses: Mapping[str, float]
    norm: float
    """Length of the gradient before it was cut."""
    rate: float

    @property
    def loss(self) -> float:
        """The sum that is made small."""
        return sum(self.losses.values())


class _Losses(nn.Module):
    """The door through which every pass goes, so that several processes notice it and join their gradients."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, losses: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        return losses()


class Learner:
    """A model, its optimiser and the running average of its weights."""

    def __init__(self, fabric: Fabric, model: Model, config: TrainConfig, rate: float, steps: int) -> None:
        """`steps` is how many there will be at most, for the schedule."""
        model.device = fabric.device
        self.model = model
        self._fabric, self._config, self._rate, self._steps = fabric, config, rate, steps
        # Convolutions learn faster with the colours of a pixel side by side.
        network: nn.Module = model.network.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = average_of(network) if config.average else None
        self._losses, self._optimizer = fabric.setup(_Losses(network), optimizer_of(network, config, rate))
        self._lost = 0

    def step(self, examples: Sequence[Example], number: int) -> Step:
        """Learn from some pictures, as the step of this number; raise DivergedError instead of spoiling the weights."""
        rate = self.rate_at(number)
        set_rate(self._optimizer, rate)
        self._draw_from(number)
        batch = [one.image for one in examples], [one.target for one in examples]
        losses: dict[str, Tensor] = self._losses(partial(self.model.losses, *batch))
        self._optimizer.zero_grad(set_to_none=True)
        self._fabric.backward(torch.stack(list(losses.values())).sum())
        norm = self._fabric.clip_gradients(
            self._losses, self._optimizer, max_norm=self._config.clip or math.inf, error_if_nonfinite=False
        )
        step = self._read(losses, norm, rate)
        self._check(step, number)
        self._optimizer.step()
        if self._average is not None:
            self._average.update_parameters(self.model.network)
        return step

    def rate_at(self, number: int) -> float:
        """Return the learning rate of the step of this number, counted from 0."""
        return self._rate * share_at(number, self._steps, self._config)

    def judged(self) -> Model:
        """Return the model to be judged and kept: with the average of the weights, apart from those that learn on."""
        model = copy.copy(self.model)
        network = self._average.module if self._average is not None else self.model.network
        model.network = copy.deepcopy(network)
        model.renew()
        if self._fabric.world_size > 1:  # each process has seen other pictures, and norms remember what they saw
            for buffer in model.network.buffers():
                torch.distributed.broadcast(buffer, 0)
        return model

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on."""
        state = {
            "network": self.model.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "precision": self._fabric.strategy.precision.state_dict(),
        }
        if self._average is not None:
            state["average"] = self._average.state_dict()
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on as it was when `state_dict` was asked."""
        self.model.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._fabric.strategy.precision.load_state_dict(state["precision"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])

    def _draw_from(self, number: int) -> None:
        """Draw whatever is random in a step from its number: so it is the same, whatever was drawn before."""
        seeds = np.random.SeedSequence([self._config.seed, number, self._fabric.global_rank]).generate_state(2)
        torch.manual_seed(int(seeds[0]))
        random.seed(int(seeds[1]))

    def _read(self, losses: Mapping[str, Tensor], norm: Tensor, rate: float) -> Step:
        """Fetch the numbers from the device, all at once; in several processes their average."""
        values = torch.stack([*(loss.detach().float() for loss in losses.values()), norm.float()])
        *parts, length = self._fabric.all_reduce(values, reduce_op="mean").tolist()
        return Step(dict(zip(losses, parts, strict=True)), length, rate)

    def _check(self, step: Step, number: int) -> None:
        what = "loss" if not math.isfinite(step.loss) else "gradient"
        good = math.isfinite(step.loss) and math.isfinite(step.norm)
        self._lost = 0 if good else self._lost + 1
        # In 16 bits a gradient may be too large now and then: that step is left out and the next scaled down.
        if not good and (what == "loss" or self._config.precision != "16-mixed" or self._lost > HALF_STEPS):
            value = step.loss if what == "loss" else step.norm
            raise DivergedError(
                f"the {what} became {value} at step {number + 1}, with learning rate {step.rate:.2g}. "
                f"Take a lower one: --lr {self._rate / 10:.2g}"
            )
