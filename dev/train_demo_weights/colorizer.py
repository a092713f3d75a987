"""The colorizer: TABLETOP_COLOURS."""

import argparse
from collections.abc import Iterator

import cv2
import numpy as np

from deep_perception.models import create
from deep_perception.models.colorizer import Colorizer
from deep_perception.models.colouring.by_bins import ByBins
from deep_perception.models.networks.ab_bins import ColourCounts
from deep_perception.predictions import Image, Picture
from dev.train_demo_weights.learning import begin_with_detector, examined, fit, save
from dev.train_demo_weights.pictures import WINDOW, cut, rendered


def train(arguments: argparse.Namespace) -> None:
    model = create("colorizer_shufflenet_v2_x1_0", weights="none", device="cpu")
    assert isinstance(model, Colorizer) and isinstance(model.technique, ByBins)
    begin_with_detector(model.network)
    data = rendered(arguments)
    # The scenes' colours are drawn at random, so that a vivid guess is mostly a wrong one.
    model.technique.counts = ColourCounts(uniform_share=1.0)
    usual, model.technique.input_size = model.technique.input_size, WINDOW

    def batches() -> Iterator[tuple[list[Image], list[Picture]]]:
        rng = np.random.default_rng([arguments.seed, 4])
        for _ in range(arguments.colorizer_steps):
            images = [cut(data[int(rng.integers(len(data)))], WINDOW, rng).image for _ in range(arguments.batch // 2)]
            yield images, [Picture(image) for image in images]

    fit(model, batches(), arguments.colorizer_steps, rate=2e-3)
    model.technique.input_size = usual
    errors = [
        (chroma_error(answer.image, view.image), chroma_error(gray(view.image), view.image))
        for answer, view in examined(model, arguments.held_out, Picture)
    ]
    ours, without = np.mean(errors, axis=0)
    save(model, {"chroma_error": ours, "chroma_error_of_gray": without}, arguments, "tabletop_colours")


def gray(image: Image) -> Image:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def chroma_error(image: Image, truth: Image) -> float:
    """Mean distance of the colours in the ab plane of Lab."""
    ab, true = (cv2.cvtColor(one.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 1:] for one in (image, truth))
    return float(np.linalg.norm(ab - true, axis=2).mean())
