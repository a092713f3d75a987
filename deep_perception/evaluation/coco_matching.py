"""Which findings are right, at each overlap that COCO asks for: raw verdicts on one picture."""

from collections.abc import Callable, Sequence
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

    labels: NDArray[np.integer]
    scores: NDArray[np.float32]
    near: NDArray[np.integer]
    """Places of the findings that are not wrong at every overlap: far fewer than all."""
    right: NDArray[np.int8]
    """RIGHT, WRONG or NEITHER (near, overlaps)."""
    asked: NDArray[np.integer]
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
    found = surest(found)
    things = [truth] if ignored is None else [truth, ignored]
    labels = np.concatenate([one.labels for one in things])
    crowd = np.arange(len(labels)) >= len(truth)
    overlap = overlaps(shapes(found, size), [shape for one in things for shape in shapes(one, size)], crowd)
    overlap = np.where(found.labels[:, None] == labels, overlap, 0)
    near, [right] = matched(overlap, ~crowd[None], crowd)
    return Verdicts(found.labels, found.scores, near, right, truth.labels)


def surest(found: Detections) -> Detections:
    """Return the findings, the surest first, of each class no more than MOST."""
    order = np.argsort(-found.scores, kind="stable")
    labels = found.labels[order]
    together = np.argsort(labels, kind="stable")
    place = np.empty(len(labels), np.int64)
    place[together] = np.arange(len(labels)) - np.searchsorted(labels[together], labels[together])
    kept = order[place < MOST]
    chosen = found.boxes[kept], found.labels[kept], found.scores[kept]
    return Instances(*chosen, found.masks[kept]) if isinstance(found, Instances) else Detections(*chosen)


def overlaps(found: Any, wanted: Sequence[Any], crowd: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the overlap of findings (rows) with things (columns); with a crowd, the share of the finding."""
    if not len(found) or not len(wanted):
        return np.zeros((len(found), len(wanted)))
    alike = wanted if isinstance(wanted[0], dict) else np.stack(wanted)
    return np.asarray(run_lengths.iou(found, alike, crowd.astype(int).tolist()))


def matched(
    overlap: NDArray[np.float64], counts: NDArray[np.bool_], crowd: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Give each finding (rows, the surest first) the thing (columns) that it overlaps most, each but crowds once.

    `counts` (ways, things) says which things count, each way by itself. Only who gets none of those is compared with
    the others. Return the places of findings that are near a thing, and their verdicts (ways, near, overlaps).
    """
    near = np.flatnonzero((overlap >= OVERLAPS[0]).any(1))
    ways, things = counts.shape
    counting = np.repeat(counts, len(OVERLAPS), axis=0)
    free = np.ones_like(counting)
    rows = np.arange(len(counting))
    right = np.zeros((len(near), len(counting)), np.int8)
    least = np.tile(OVERLAPS, ways)[:, None]
    for place, finding in enumerate(near):
        fits = free & (overlap[finding] >= least)
        better = fits & counting
        hit = better.any(1)
        fits = np.where(hit[:, None], better, fits)
        # Of equals COCO takes the last.
        best = things - 1 - np.argmax(np.where(fits, overlap[finding], -1)[:, ::-1], axis=1)
        met = fits.any(1)
        right[place] = np.where(hit, RIGHT, np.where(met, NEITHER, WRONG))
        taken = met & ~crowd[best]
        free[rows[taken], best[taken]] = False
    return near, right.reshape(len(near), ways, len(OVERLAPS)).swapaxes(0, 1)
