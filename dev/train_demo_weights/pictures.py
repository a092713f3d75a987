"""Rendered pictures to learn from, and windows cut out of them."""

import argparse
import logging
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from deep_perception.predictions import UNLABELLED, Classes, Detections, Image, Instances, LabelMap
from deep_perception.scenes import Scene, View, render
from dev.train_demo_weights import TRAINING_SEEDS

SMALL = (240, 320)
WINDOW = (160, 192)
"""Height and width of the cut-outs that most steps learn from: faster than whole pictures, and full of things."""

KEPT = 0.35
"""A thing cut by the window counts while this share of its box is inside."""

log = logging.getLogger("train_demo_weights")


@dataclass(frozen=True)
class Sample:
    """A training picture at the detector's inner size."""

    image: Image
    truth: Detections
    owner: np.ndarray
    """Of each pixel: 0 = no thing, k = k-th thing of `truth`, 255 = a thing that does not count."""
    surface: Classes

    @property
    def instances(self) -> Instances:
        masks = self.owner[None] == np.arange(1, len(self.truth) + 1, dtype=np.uint8)[:, None, None]
        return Instances(self.truth.boxes, self.truth.labels, self.truth.scores, masks)

    @property
    def semantic(self) -> LabelMap:
        names = np.full(256, UNLABELLED, np.uint8)
        names[: len(self.truth) + 1] = [0, *self.truth.labels]
        return LabelMap(names[self.owner])


def rendered(arguments: argparse.Namespace, number: int = 0) -> list[Sample]:
    """Pictures of the scenes of round `number`."""
    began = time.monotonic()
    first = TRAINING_SEEDS + number * arguments.scenes
    tasks = [(seed, arguments.views) for seed in range(first, first + arguments.scenes)]
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        data = [one for group in pool.imap(samples, tasks, chunksize=8) for one in group]
    log.info("%d pictures of %d scenes in %.0f s", len(data), arguments.scenes, time.monotonic() - began)
    return data


def samples(task: tuple[int, int]) -> list[Sample]:
    """Views of one scene, spread over time. Half are rendered large and shrunk as the detector shrinks a camera's."""
    cv2.setNumThreads(1)
    return [sample(scene, when, large=number % 2 == 0) for number, (scene, when) in enumerate(moments(*task))]


def moments(seed: int, views: int) -> Iterator[tuple[Scene, float]]:
    """Times at which to look at a scene."""
    scene = Scene(seed)
    for when in np.random.default_rng(seed).uniform(0, 120, views):
        yield scene, float(when)


def sample(scene: Scene, when: float, large: bool) -> Sample:
    height, width = SMALL
    view = render(scene, when, (2 * height, 2 * width) if large else SMALL)
    image = np.asarray(cv2.resize(view.image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    step = 2 if large else 1
    found = view.instances
    boxes = found.boxes / np.float32(step)
    owner = np.ascontiguousarray(owner_of(view)[::step, ::step])
    return Sample(image, Detections(boxes, found.labels, found.scores), owner, view.surface)


def owner_of(view: View) -> np.ndarray:
    """Which thing each pixel shows."""
    owner = np.zeros(view.depth.shape, np.uint8)
    for number, mask in enumerate(view.instances.masks, 1):
        owner[mask] = number
    for mask in view.ignored.masks:
        owner[mask] = 255
    return owner


def cut(one: Sample, size: tuple[int, int], rng: np.random.Generator) -> Sample:
    """Cut out a window (height, width) near a random thing, zoomed, mirrored and recoloured a little."""
    window, picture, zoom = np.array(size[::-1]), np.array(SMALL[::-1]), rng.uniform(0.8, 1.25)
    boxes = one.truth.boxes
    middle = boxes[rng.integers(len(boxes))].reshape(2, 2).mean(axis=0) if len(boxes) else picture / 2
    shift = np.minimum(np.maximum(rng.uniform(0.1, 0.9, 2) * window - zoom * middle, window - zoom * picture), 0)
    matrix = np.column_stack([zoom * np.eye(2), shift])
    border = {"borderMode": cv2.BORDER_REPLICATE}
    image = np.asarray(cv2.warpAffine(one.image, matrix, size[::-1], flags=cv2.INTER_LINEAR, **border), np.uint8)
    owner = np.asarray(cv2.warpAffine(one.owner, matrix, size[::-1], flags=cv2.INTER_NEAREST, **border), np.uint8)
    boxes = (boxes * zoom + np.tile(shift, 2)).astype(np.float32)
    if rng.uniform() < 0.5:
        image, owner = image[:, ::-1], np.ascontiguousarray(owner[:, ::-1])
        boxes[:, [0, 2]] = size[1] - boxes[:, [2, 0]]
    clipped = np.clip(boxes, 0, np.tile(window, 2)).astype(np.float32)
    kept = area(clipped) >= KEPT * area(boxes)
    truth = Detections(clipped[kept], one.truth.labels[kept], one.truth.scores[kept])
    return Sample(recoloured(image, rng), truth, renumbered(owner, kept), one.surface)


def renumbered(owner: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Count on over the things that are kept."""
    numbers = np.full(256, 255, np.uint8)
    numbers[0] = 0
    numbers[1 : len(kept) + 1][kept] = np.arange(1, kept.sum() + 1)
    return numbers[owner]


def area(boxes: np.ndarray) -> np.ndarray:
    return np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)


def flipped(image: Image, rng: np.random.Generator) -> Image:
    return image[:, ::-1] if rng.uniform() < 0.5 else image


def recoloured(image: Image, rng: np.random.Generator) -> Image:
    """Another white balance, brightness and contrast."""
    gains = rng.uniform(0.8, 1.2) * rng.uniform(0.93, 1.07, 3)
    offset = rng.uniform(-12, 12)
    return np.clip(image * gains.astype(np.float32) + np.float32(offset), 0, 255).astype(np.uint8)
