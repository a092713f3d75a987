"""What it costs to grow the small masks of Mask R-CNN to the size of the picture, beside torchvision's own way."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torchvision.models.detection.roi_heads import paste_masks_in_image

from deep_perception.evaluation.speed import Figure, spread_ms, take_turns
from deep_perception.models.instance_segmenter import pasted
from deep_perception.predictions import Instances

COUNTS = (1, 10, 100)
"""Instances in a picture."""
SIZE = (480, 640)
SIDE = 28
SHARES = (0.05, 0.4)
"""Sides of the boxes, as shares of the picture's."""


def measure(rounds: int) -> list[Figure]:
    """Return the cost for each count: pasting as here, against torchvision's, and numbering for the message."""
    return [figure for count in COUNTS for figure in _figures(count, rounds)]


def _figures(count: int, rounds: int) -> list[Figure]:
    times = take_turns(contestants(count), rounds)
    ours, theirs, numbering = (np.asarray(times[name]) for name in ("ours", "torchvision's", "numbering"))
    name = f"masks of {count} instances"
    return [
        Figure(
            f"{name}: pasted", spread_ms(ours)["p50"], "ms", note=f"torchvision's {spread_ms(theirs)['p50']:.2f} ms"
        ),
        Figure(f"{name}: pasted / torchvision's", float(np.median(ours / theirs)), "x", 1.0, "paired"),
        Figure(f"{name}: numbered for instance_mask", spread_ms(numbering)["p50"], "ms"),
    ]


def contestants(count: int) -> dict[str, Callable[[], Any]]:
    """Return the calls to compare, on the same masks."""
    masks, boxes = _some(count)
    tensors = torch.from_numpy(masks)[:, None], torch.from_numpy(boxes)
    labels, scores = np.ones(count, np.int64), np.linspace(1, 0.5, count, dtype=np.float32)
    instances = Instances(boxes, labels, scores, pasted(masks, boxes, SIZE))
    return {
        "ours": lambda: pasted(masks, boxes, SIZE),
        "torchvision's": lambda: paste_masks_in_image(*tensors, SIZE)[:, 0] > 0.5,
        "numbering": instances.numbered,
    }


def _some(count: int) -> tuple[Any, Any]:
    """Masks (n, 28, 28) of round things in boxes (n, 4) all over the picture."""
    rng = np.random.default_rng(count)
    size = np.array(SIZE[::-1], np.float32)
    sides = rng.uniform(*SHARES, (count, 2)) * size
    corners = rng.uniform(0, 1, (count, 2)) * (size - sides)
    away = np.hypot(*np.meshgrid(*[np.linspace(-1, 1, SIDE)] * 2))
    mask = 1 / (1 + np.exp(12 * (away - 0.9)))
    masks = np.repeat(mask.astype(np.float32)[None], count, axis=0)
    return masks, np.concatenate([corners, corners + sides], axis=1).astype(np.float32)
