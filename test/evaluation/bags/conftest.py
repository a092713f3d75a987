"""Lines as a passage over a bag writes them, of answers made up for each task."""

from dataclasses import replace

import numpy as np
import pytest

from deep_perception.evaluation.bags.entry import Entry
from deep_perception.evaluation.bags.evidence import EVIDENCE
from deep_perception.evaluation.bags.steadiness import steadiness
from deep_perception.evaluation.bags.truth import Known
from deep_perception.predictions import UNLABELLED, Classes, Detections, Instances, LabelMap, Picture
from deep_perception.tasks import TASKS

NAMES = ("__background__", "cup", "ball", "die")
SIZE = (48, 64)
PERIOD_NS = 100_000_000


def lines(task, *, bag="kitchen", camera="/front", count=12, seed=0, skill=0.7):
    """The lines of one stream; each went through JSON."""
    rng, truths = np.random.default_rng(seed), np.random.default_rng(100 + len(bag))
    evidence, meter, image = EVIDENCE[task], steadiness(task), np.zeros((*SIZE, 3), np.uint8)
    for number in range(count):
        truth = _truth(task, truths)
        answer = _answer(task, truth, rng, skill)
        entry = Entry(
            bag,
            camera,
            number,
            1_700_000_000_000_000_000 + number * PERIOD_NS,
            *SIZE[::-1],
            evidence=evidence.of(answer, Known(truth), image),
            judged=True,
            steady=meter(image, answer),
            seconds={"decode": 0.001, "model": 0.02 + rng.random() / 100},
        )
        yield Entry.from_json(entry.to_json())


def unjudged(entry, task):
    """The same picture where nobody knows the truth."""
    kept = {name: value for name, value in entry.evidence.items() if name in ("found", "labels", "scores")}
    return replace(entry, evidence=kept, judged=False)


def about(task, **changed):
    """What is known without the lines."""
    names = () if TASKS[task].prediction is Picture or task == "proposals" else NAMES
    return {
        "made": {"when": "now", "command": "deep_perception evaluate", "seconds": 2.0},
        "subject": {"kind": "model", "model": "some"},
        "task": task,
        "names": list(names),
        "inputs": [{"bag": "kitchen", "path": "/kitchen", "sha256": "", "damage": "", "cameras": []}],
        "truth": {"said": "/truth", "kind": "topic", "sha256": None, "unused": 0, "unused_stamps": []},
        "window": {"stride": 1},
        **changed,
    }


def _truth(task, rng):
    kind = TASKS[task].prediction
    if kind is Classes:
        return Classes(rng.integers(1, 4, 1), np.ones(1, np.float32))
    if kind is LabelMap:
        labels = rng.choice([1, 2, 3, UNLABELLED], (*SIZE,)).astype(np.uint8)
        return LabelMap(labels)
    if kind is Picture:
        return Picture(rng.integers(0, 256, (*SIZE, 3), np.uint8))
    corner = rng.integers(0, 30, (4, 2))
    boxes = np.concatenate([corner, corner + rng.integers(6, 18, (4, 2))], axis=1).astype(np.float32)
    labels = rng.integers(1, 4, 4) if task != "proposals" else np.zeros(4, np.int64)
    return _things(kind, boxes, labels, np.ones(4))


def _answer(task, truth, rng, skill):
    """The truth, with mistakes."""
    if isinstance(truth, Classes):
        first = truth.labels if rng.random() < skill else rng.integers(1, 4, 1)
        others = [label for label in (1, 2, 3) if label != first[0]]
        return Classes(np.array([*first, *others]), np.sort(rng.random(3)).astype(np.float32)[::-1].copy())
    if isinstance(truth, LabelMap):
        return LabelMap(np.where(rng.random(SIZE) < skill, truth.labels, 1).astype(np.uint8))
    if isinstance(truth, Picture):
        noise = rng.normal(0, 20 * (1 - skill), truth.image.shape)
        return Picture(np.clip(truth.image + noise, 0, 255).astype(np.uint8))
    made_up = rng.integers(0, 4)
    boxes = truth.boxes[rng.integers(0, 4, 4 + made_up)] + rng.normal(0, 3 * (1 - skill), (4 + made_up, 4))
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2])
    labels = np.append(truth.labels, truth.labels[:made_up])
    return _things(type(truth), boxes.astype(np.float32), labels, rng.random(len(boxes)))


def _things(kind, boxes, labels, scores):
    told = boxes, labels.astype(np.int64), scores.astype(np.float32)
    if kind is Detections:
        return Detections(*told)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    left, top, right, bottom = (side[:, None, None] for side in boxes.T)
    return Instances(*told, (x >= left) & (x < right) & (y >= top) & (y < bottom))


@pytest.fixture
def made_up():
    """Make lines of a task: see `lines`."""
    return lines


@pytest.fixture
def known():
    """Say what a result knows beside the lines: see `about`."""
    return about


@pytest.fixture
def without_truth():
    """Take the truth from a line: see `unjudged`."""
    return unjudged
