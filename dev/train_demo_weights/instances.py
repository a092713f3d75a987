"""The instance segmenter: TABLETOP_INSTANCES."""

import argparse
from collections.abc import Iterator

import numpy as np

from deep_perception.evaluation.matching import mask_overlap
from deep_perception.models import create
from deep_perception.predictions import Image, Instances
from deep_perception.scenes import LABELS
from dev.train_demo_weights.detector import examine, windows
from dev.train_demo_weights.learning import begin_with_detector, examined, fit, save
from dev.train_demo_weights.pictures import rendered


def train(arguments: argparse.Namespace) -> None:
    model = create("maskrcnn_shufflenet_v2_x1_0_fpn", weights="none", labels=LABELS, device="cpu")
    begin_with_detector(model.network)
    data, rng = rendered(arguments), np.random.default_rng([arguments.seed, 3])

    def batches() -> Iterator[tuple[list[Image], list[Instances]]]:
        for cuts in windows(model, data, arguments.instances_steps, arguments.batch // 2, rng):
            yield [one.image for one in cuts], [one.instances for one in cuts]

    fit(model, batches(), arguments.instances_steps, rate=2e-3)
    counts = examine(model, arguments.held_out)
    overlaps = [
        share
        for answer, view in examined(model, arguments.held_out, Instances)
        for share in mask_overlap(answer, view.instances)
    ]
    metrics = {"recall": counts.recall, "precision": counts.precision, "mask_iou": float(np.mean(overlaps))}
    save(model, metrics, arguments, "tabletop_instances")
