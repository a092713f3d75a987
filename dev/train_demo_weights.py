"""Train the two small models that come with the package, on scenes rendered on the fly.

    nice .venv/bin/python -m dev.train_demo_weights

makes deep_perception/weights/tabletop_*.safetensors again, on two free CPU cores in about three quarters of an hour.
Every number is drawn from --seed; different machines still round differently.
"""

import argparse
import logging
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from deep_perception.evaluation.matching import Counts, compare
from deep_perception.models import checkpoint, create
from deep_perception.models.model import Model
from deep_perception.predictions import Classes, Detections, Image
from deep_perception.scenes import LABELS, SURFACES, Scene, View, render

TRAINING_SEEDS, HELD_OUT_SEEDS = 1_000_000, 2_000_000
"""First seeds; the demo and the tests use small ones, so nobody is examined on what was learnt."""

SMALL = (240, 320)
WINDOW = (160, 192)
"""Height and width of the cut-outs that most steps learn from: faster than whole pictures, and full of things."""

WHOLE_SHARE = 0.2
"""Share of the steps, the last ones, that see whole pictures."""

KEPT = 0.35
"""A thing cut by the window counts while this share of its box is inside."""

Answer = TypeVar("Answer", Classes, Detections)

log = logging.getLogger("train_demo_weights")


@dataclass(frozen=True)
class Sample:
    """A training picture at the detector's inner size."""

    image: Image
    truth: Detections
    surface: Classes


def main() -> None:
    arguments = parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.workers)
    arguments.out.mkdir(parents=True, exist_ok=True)
    if "detector" in arguments.only:
        train_detector(arguments)
    if "classifier" in arguments.only:
        train_classifier(arguments)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="rounds of the detector, each on new scenes")
    parser.add_argument("--scenes", type=int, default=700, help="scenes of each round")
    parser.add_argument("--views", type=int, default=5, help="pictures of each scene")
    parser.add_argument("--detector-steps", type=int, default=1600, help="steps of each round")
    parser.add_argument("--classifier-steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--held-out", type=int, default=100, help="scenes to examine on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=("detector", "classifier"), nargs="+", default=("detector", "classifier"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "deep_perception" / "weights")
    return parser.parse_args()


def rendered(arguments: argparse.Namespace, number: int) -> list[Sample]:
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
    seed, views = task
    scene = Scene(seed)
    times = np.random.default_rng(seed).uniform(0, 120, views)
    return [sample(scene, when, large=number % 2 == 0) for number, when in enumerate(times)]


def sample(scene: Scene, when: float, large: bool) -> Sample:
    height, width = SMALL
    view = render(scene, when, (2 * height, 2 * width) if large else SMALL)
    image = np.asarray(cv2.resize(view.image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    found, shrink = view.instances, np.float32(0.5 if large else 1)
    return Sample(image, Detections(found.boxes * shrink, found.labels, found.scores), view.surface)


def train_detector(arguments: argparse.Namespace) -> None:
    model = create("fcos_shufflenet_v2_x1_0_fpn", weights="none", labels=LABELS, device="cpu")
    for number in range(arguments.rounds):
        improve_detector(model, rendered(arguments, number), arguments, number)
    total = examine_detector(model, arguments.held_out)
    rates = {"recall": round(total.recall, 4), "precision": round(total.precision, 4)}
    save(model, {**rates, "things": total.found + total.missed}, arguments, "tabletop_detector")


def improve_detector(model: Model, data: Sequence[Sample], arguments: argparse.Namespace, number: int) -> None:
    """One round: most steps on windows, the last on whole pictures; gentler after the first round."""
    steps, resize = arguments.detector_steps, model.network.get_submodule("transform")
    assert isinstance(resize, GeneralizedRCNNTransform)
    usual = resize.min_size, resize.max_size

    def batches() -> Iterator[tuple[list[Image], list[Detections]]]:
        rng = np.random.default_rng([arguments.seed, number])
        for step in range(steps):
            on_windows = step < steps * (1 - WHOLE_SHARE)
            size, count = (WINDOW, arguments.batch) if on_windows else (SMALL, arguments.batch // 2)
            resize.min_size, resize.max_size = (size[0],), size[1]
            cuts = [cut(data[int(rng.integers(len(data)))], size, rng) for _ in range(count)]
            yield [image for image, _ in cuts], [truth for _, truth in cuts]

    model.network.load_state_dict(fit(model, batches(), steps, rate=1e-3 if number else 2e-3))
    resize.min_size, resize.max_size = usual


def train_classifier(arguments: argparse.Namespace) -> None:
    model = create("shufflenet_v2_x0_5", weights="none", labels=SURFACES, device="cpu")
    data = rendered(arguments, 0)

    def batches() -> Iterator[tuple[list[Image], list[Classes]]]:
        rng = np.random.default_rng([arguments.seed, 1])
        for _ in range(arguments.classifier_steps):
            chosen = [data[int(rng.integers(len(data)))] for _ in range(2 * arguments.batch)]
            yield [recoloured(flipped(one.image, rng), rng) for one in chosen], [one.surface for one in chosen]

    model.network.load_state_dict(fit(model, batches(), arguments.classifier_steps, rate=3e-3))
    right = [
        answer.labels[0] == view.surface.labels[0] for answer, view in examined(model, arguments.held_out, Classes)
    ]
    save(model, {"accuracy": round(float(np.mean(right)), 4), "pictures": len(right)}, arguments, "tabletop_surfaces")


def fit(model: Model, batches: Iterator[tuple[list, list]], steps: int, rate: float) -> dict[str, torch.Tensor]:
    """Train, and return the running average of the weights, which is better than the last ones."""
    network = model.network.to(memory_format=torch.channels_last)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}])
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
            log.info("step %d of %d, loss %.3f", step, steps, np.mean(recent[-25:]))
    return averaged.module.state_dict()


def drift(average: torch.Tensor, latest: torch.Tensor, count: torch.Tensor | int) -> torch.Tensor:
    """A running average over 200 steps; over fewer at first, or the random start would stay in it."""
    return average + (latest - average) * max(1 / 200, 9 / (10 + int(count)))


def cut(one: Sample, size: tuple[int, int], rng: np.random.Generator) -> tuple[Image, Detections]:
    """Cut out a window (height, width) near a random thing, zoomed, mirrored and recoloured a little."""
    window, picture, zoom = np.array(size[::-1]), np.array(SMALL[::-1]), rng.uniform(0.8, 1.25)
    boxes = one.truth.boxes
    middle = boxes[rng.integers(len(boxes))].reshape(2, 2).mean(axis=0) if len(boxes) else picture / 2
    shift = np.minimum(np.maximum(rng.uniform(0.1, 0.9, 2) * window - zoom * middle, window - zoom * picture), 0)
    matrix = np.column_stack([zoom * np.eye(2), shift])
    view = cv2.warpAffine(one.image, matrix, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    image = np.asarray(view, np.uint8)
    boxes = (boxes * zoom + np.tile(shift, 2)).astype(np.float32)
    if rng.uniform() < 0.5:
        image = image[:, ::-1]
        boxes[:, [0, 2]] = size[1] - boxes[:, [2, 0]]
    clipped = np.clip(boxes, 0, np.tile(window, 2)).astype(np.float32)
    kept = area(clipped) >= KEPT * area(boxes)
    return recoloured(image, rng), Detections(clipped[kept], one.truth.labels[kept], one.truth.scores[kept])


def area(boxes: np.ndarray) -> np.ndarray:
    return np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)


def flipped(image: Image, rng: np.random.Generator) -> Image:
    return image[:, ::-1] if rng.uniform() < 0.5 else image


def recoloured(image: Image, rng: np.random.Generator) -> Image:
    """Another white balance, brightness and contrast."""
    gains = rng.uniform(0.8, 1.2) * rng.uniform(0.93, 1.07, 3)
    offset = rng.uniform(-12, 12)
    return np.clip(image * gains.astype(np.float32) + np.float32(offset), 0, 255).astype(np.uint8)


def examined(model: Model, scenes: int, kind: type[Answer]) -> Iterator[tuple[Answer, View]]:
    """Answers for camera pictures of scenes that were not learnt, with the truth."""
    for seed in range(HELD_OUT_SEEDS, HELD_OUT_SEEDS + scenes):
        view = render(Scene(seed), seed % 60)
        answer = model([view.image])[0]
        assert isinstance(answer, kind)
        yield answer, view


def examine_detector(model: Model, scenes: int) -> Counts:
    total = Counts()
    by_label = {label: Counts() for label in range(1, len(LABELS))}
    for answer, view in examined(model, scenes, Detections):
        total += compare(answer, view.instances, view.ignored)
        for label in by_label:
            found, truth, ignored = (of_label(side, label) for side in (answer, view.instances, view.ignored))
            by_label[label] += compare(found, truth, ignored)
    for label, counts in by_label.items():
        log.info("%-8s recall %.3f precision %.3f", LABELS[label], counts.recall, counts.precision)
    log.info("all      recall %.3f precision %.3f", total.recall, total.precision)
    return total


def of_label(found: Detections, label: int) -> Detections:
    chosen = found.labels == label
    return Detections(found.boxes[chosen], found.labels[chosen], found.scores[chosen])


def save(model: Model, metrics: dict[str, float], arguments: argparse.Namespace, name: str) -> None:
    """Write the weights in 16 bits, with what they were made from and how good they are."""
    recipe = {key: value for key, value in vars(arguments).items() if key not in ("out", "only", "workers")}
    checkpoint.save(
        arguments.out / f"{name}.safetensors",
        model=model.name,
        labels=model.labels,
        state=model.network.state_dict(),
        config={**model.settings, "training": recipe},
        metrics=metrics,
        half=True,
    )
    log.info("%s: %s", name, metrics)


if __name__ == "__main__":
    main()
