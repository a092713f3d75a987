"""Which findings are right, at each overlap that COCO asks for: raw verdicts on one picture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_coco_eval.core import mask as run_lengths
from numpy.typing import NDArray

from deep_perception.predictions import Detections, Instances

OVERLAPS = np.linspace(0.5, 0.95, 10)
MOST = 100
"""Findings of one class that are looked at in a picture, the surest."""

RIGHT, WRONG, NEITHER = 1, 0, -1

Shapes = Callable[[Detections, tuple[int, int]], Any]
"""From findings in a picture of (height, width) to what the overlap is measured of."""


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What was found in one picture, and what there was to find."""

    labels: NDArray[np.int64]
    scores: NDArray[np.float32]
    right: NDArray[np.int8]
    """RIGHT, WRONG or NEITHER (findings, overlaps)."""
    asked: NDArray[np.int64]
    """Labels of the things that count."""


def boxes(found: Detections, size: tuple[int, int]) -> Any:
    """Return boxes as COCO writes them, x y width height."""
    corners = found.boxes.astype(np.float64)
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def masks(found: Detections, size: tuple[int, int]) -> Any:
    """Return run lengths; of findings without masks, those of their boxes."""
    if isinstance(found, Instances):
        return [run_lengths.encode(np.asfortranarray(mask, np.uint8)) for mask in found.masks]
    return run_lengths.frPyObjects(boxes(found, size), *size) if len(found) else []


def judged(
    found: Detections,
    truth: Detections,
    ignored: Detections | None = None,
    shapes: Shapes = boxes,
    size: tuple[int, int] = (0, 0),
) -> Verdicts:
    """Match findings with the truth, the surest first; `ignored` are COCO's crowds, which match any number of times."""
    found = _surest(found)
    things = [truth] if ignored is None else [truth, ignored]
    labels = np.concatenate([one.labels for one in things])
    counts = np.arange(len(labels)) < len(truth)
    overlap = np.zeros((len(found), len(labels)))
    if overlap.size:
        wanted = [shape for one in things for shape in shapes(one, size)]
        overlap = np.asarray(run_lengths.iou(shapes(found, size), _alike(wanted), (~counts).astype(int).tolist()))
    overlap = np.where(found.labels[:, None] == labels, overlap, 0)
    return Verdicts(found.labels, found.scores, _verdicts(overlap, counts), truth.labels)


def _alike(shapes: list[Any]) -> Any:
    return shapes if isinstance(shapes[0], dict) else np.stack(shapes)


def _surest(found: Detections) -> Detections:
    """Return the findings, the surest first, of each class no more than MOST."""
    order = np.argsort(-found.scores, kind="stable")
    labels = found.labels[order]
    place = np.array([np.count_nonzero(labels[:place] == label) for place, label in enumerate(labels)], np.int64)
    kept = order[place < MOST]
    chosen = found.boxes[kept], found.labels[kept], found.scores[kept]
    return Instances(*chosen, found.masks[kept]) if isinstance(found, Instances) else Detections(*chosen)


def _verdicts(overlap: NDArray[np.float64], counts: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Give each finding (rows, the surest first) the thing (columns) that it overlaps most, each thing once.

    Only who gets none of the things that count is compared with the others.
    """
    verdicts = np.full((len(overlap), len(OVERLAPS)), WRONG, np.int8)
    free = np.repeat(counts[None], len(OVERLAPS), axis=0)
    for place in np.flatnonzero((overlap >= OVERLAPS[0]).any(1)):
        near = overlap[place] >= OVERLAPS[:, None]
        # Of equals COCO takes the last.
        best = len(counts) - 1 - np.argmax(np.where(near & free, overlap[place], -1)[:, ::-1], axis=1)
        right = (near & free).any(1)
        free[right, best[right]] = False
        verdicts[place, (near & ~counts).any(1)] = NEITHER
        verdicts[place, right] = RIGHT
    return verdicts
