"""Train a model, examine it on scenes that it did not learn from, and write it down."""

import argparse
from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel

from deep_perception.models import checkpoint, create
from deep_perception.models.model import Model
from deep_perception.predictions import Prediction
from deep_perception.scenes import Scene, View, render
from dev.train_demo_weights import HELD_OUT_SEEDS
from dev.train_demo_weights.pictures import log

Answer = TypeVar("Answer", bound=Prediction)


def fit(model: Model, batches: Iterator[tuple[list, list]], steps: int, rate: float, decay: float = 0.02) -> None:
    """Train, and keep the running average of the weights, which is better than the last ones."""
    network = model.network.to(memory_format=torch.channels_last)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}])
    schedule = OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    averaged = AveragedModel(network, avg_fn=drift, use_buffers=True)
    recent: list[float] = []
    for step, (images, targets) in enumerate(batches, 1):
        loss = torch.stack(list(model.losses(images, targets).values())).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        averaged.update_parameters(network)
        recent.append(loss.item())
        if step % 25 == 0:
            log.info("%s: step %d of %d, loss %.3f", model.name, step, steps, np.mean(recent[-25:]))
    network.load_state_dict(averaged.module.state_dict())


def drift(average: Tensor, latest: Tensor, count: Tensor | int) -> Tensor:
    """A running average over 200 steps; over fewer at first, or the random start would stay in it."""
    return average + (latest - average) * max(1 / 200, 9 / (10 + int(count)))


def begin_with_detector(network: nn.Module) -> None:
    """Take over what the shipped detector learnt of these scenes, wherever the backbones have a layer in common."""
    learnt = create("fcos_shufflenet_v2_x1_0_fpn", device="cpu").network.state_dict()
    own = network.state_dict()
    common: dict[str, Tensor] = {}
    for name, tensor in learnt.items():
        for here in (name, name.replace("backbone.body.", "backbone."), name.replace("backbone.", "")):
            if here in own and own[here].shape == tensor.shape:
                common[here] = tensor
    assert common, "the backbone must be the detector's"
    log.info("%d of %d tensors begin as the detector's", len(common), len(own))
    network.load_state_dict(common, strict=False)


def examined(model: Model, scenes: int, kind: type[Answer]) -> Iterator[tuple[Answer, View]]:
    """Answers for camera pictures of scenes that were not learnt, with the truth."""
    for seed in range(HELD_OUT_SEEDS, HELD_OUT_SEEDS + scenes):
        view = render(Scene(seed), seed % 60)
        answer = model([view.image])[0]
        assert isinstance(answer, kind)
        yield answer, view


def save(model: Model, metrics: Mapping[str, float], arguments: argparse.Namespace, name: str) -> None:
    """Write the weights in 16 bits, with what they were made from and how good they are."""
    recipe = {key: value for key, value in vars(arguments).items() if key not in ("out", "only", "workers")}
    checkpoint.save(
        arguments.out / f"{name}.safetensors",
        model=model.name,
        labels=model.labels,
        state=model.network.state_dict(),
        config={**model.settings, "training": recipe},
        metrics={key: round(float(value), 4) for key, value in metrics.items()},
        half=True,
    )
    log.info("%s: %s", name, metrics)
