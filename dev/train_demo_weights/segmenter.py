"""The segmenter of things: TABLETOP_PIXELS."""

import argparse
from collections.abc import Iterator

import numpy as np

from deep_perception.evaluation.pixel_counts import PixelCounts
from deep_perception.models import create
from deep_perception.models.segmenter import Segmenter
from deep_perception.predictions import Image, LabelMap
from deep_perception.scenes import LABELS
from dev.train_demo_weights.learning import begin_with_detector, examined, fit, save
from dev.train_demo_weights.pictures import WINDOW, cut, log, rendered


def train(arguments: argparse.Namespace) -> None:
    model = create("lraspp_shufflenet_v2_x1_0", weights="none", labels=LABELS, device="cpu")
    assert isinstance(model, Segmenter)
    begin_with_detector(model.network)
    data = rendered(arguments)
    usual, model.resize = model.resize, WINDOW[0]

    def batches() -> Iterator[tuple[list[Image], list[LabelMap]]]:
        rng = np.random.default_rng([arguments.seed, 2])
        for _ in range(arguments.segmenter_steps):
            cuts = [cut(data[int(rng.integers(len(data)))], WINDOW, rng) for _ in range(arguments.batch // 2)]
            yield [one.image for one in cuts], [one.semantic for one in cuts]

    fit(model, batches(), arguments.segmenter_steps, rate=2e-3)
    model.resize = usual
    total = PixelCounts(len(LABELS))
    for answer, view in examined(model, arguments.held_out, LabelMap):
        total.add(answer, view.semantic)
    for name, share in zip(LABELS, total.intersection_over_union(), strict=True):
        log.info("%-14s IoU %.3f", name, share)
    save(model, {"mean_iou": total.mean_iou(), "pixel_accuracy": total.accuracy()}, arguments, "tabletop_pixels")
