"""The classifier of table tops: TABLETOP_SURFACES."""

import argparse
from collections.abc import Iterator

import numpy as np

from deep_perception.models import create
from deep_perception.predictions import Classes, Image
from deep_perception.scenes import SURFACES
from dev.train_demo_weights.learning import examined, fit, save
from dev.train_demo_weights.pictures import flipped, recoloured, rendered


def train(arguments: argparse.Namespace) -> None:
    model = create("shufflenet_v2_x0_5", weights="none", labels=SURFACES, device="cpu")
    data = rendered(arguments)

    def batches() -> Iterator[tuple[list[Image], list[Classes]]]:
        rng = np.random.default_rng([arguments.seed, 1])
        for _ in range(arguments.classifier_steps):
            chosen = [data[int(rng.integers(len(data)))] for _ in range(2 * arguments.batch)]
            yield [recoloured(flipped(one.image, rng), rng) for one in chosen], [one.surface for one in chosen]

    fit(model, batches(), arguments.classifier_steps, rate=3e-3)
    right = [
        answer.labels[0] == view.surface.labels[0] for answer, view in examined(model, arguments.held_out, Classes)
    ]
    save(model, {"accuracy": float(np.mean(right)), "pictures": len(right)}, arguments, "tabletop_surfaces")
