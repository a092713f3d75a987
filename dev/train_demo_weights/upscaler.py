"""The upscaler: TABLETOP_X2."""

import argparse
import multiprocessing
from collections.abc import Iterator

import cv2
import numpy as np

from deep_perception.models import create
from deep_perception.models.model import Model
from deep_perception.predictions import Image, Picture
from deep_perception.scenes import Scene, render
from deep_perception.scenes.render import NOISE
from dev.train_demo_weights import HELD_OUT_SEEDS, TRAINING_SEEDS
from dev.train_demo_weights.learning import fit, save
from dev.train_demo_weights.pictures import moments

LARGE = (960, 1280)
"""What a camera of twice the resolution would see."""
PATCH = 24
"""Side of the small pictures to learn from."""
SCENES, VIEWS = 150, 2
PATCHES = 32
"""Taken of each picture."""


def train(arguments: argparse.Namespace) -> None:
    model, baseline = (create(name, weights="none", device="cpu", scale=2) for name in ("espcn", "bicubic"))
    data = patches(arguments)

    def batches() -> Iterator[tuple[list[Image], list[Picture]]]:
        rng = np.random.default_rng([arguments.seed, 5])
        for _ in range(arguments.upscaler_steps):
            large = [data[index] for index in rng.integers(len(data), size=arguments.batch)]
            yield [reduced(one, rng) for one in large], [Picture(one) for one in large]

    fit(model, batches(), arguments.upscaler_steps, rate=8e-3, decay=0.0)
    metrics = {
        "psnr": quality(model, arguments.held_out // 5),
        "psnr_bicubic": quality(baseline, arguments.held_out // 5),
    }
    save(model, metrics, arguments, "tabletop_x2")


def patches(arguments: argparse.Namespace) -> list[Image]:
    tasks = [(seed, VIEWS) for seed in range(TRAINING_SEEDS, TRAINING_SEEDS + min(SCENES, arguments.scenes))]
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        return [patch for group in pool.imap(patches_of, tasks, chunksize=4) for patch in group]


def patches_of(task: tuple[int, int]) -> list[Image]:
    """Cut-outs of the middle of large views, where the things are."""
    cv2.setNumThreads(1)
    found, rng, side = [], np.random.default_rng(task[0]), 2 * PATCH
    for scene, when in moments(*task):
        image = render(scene, when, LARGE).image
        for _ in range(PATCHES):
            top, left = rng.integers(LARGE[0] // 6, LARGE[0] - side), rng.integers(0, LARGE[1] - side)
            found.append(np.ascontiguousarray(image[top : top + side, left : left + side]))
    return found


def reduced(image: Image, rng: np.random.Generator) -> Image:
    """The same as a camera of half the resolution sees it: smoother, but with noise of its own."""
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.clip(small + rng.normal(0, NOISE, small.shape), 0, 255).round().astype(np.uint8)


def quality(model: Model, scenes: int) -> float:
    """Peak signal-to-noise ratio in decibels, over all pixels of scenes that were not learnt."""
    squares, pixels, rng = 0.0, 0, np.random.default_rng(0)
    for seed in range(HELD_OUT_SEEDS, HELD_OUT_SEEDS + scenes):
        large = render(Scene(seed), seed % 60, LARGE).image
        [answer] = model([reduced(large, rng)])
        assert isinstance(answer, Picture)
        squares += float(((answer.image.astype(np.float32) - large) ** 2).sum())
        pixels += large.size
    return float(10 * np.log10(255**2 * pixels / squares))
