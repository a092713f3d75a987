"""Masks of all things of a picture in one: each pixel holds the number of a thing, counted from 1."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deep_perception.data.formats.format import Loss
from deep_perception.data.record import Record, Thing
from deep_perception.data.targets import encoded, mask_of

MOST = 254
"""Things that eight bits can number when 255 is for something else."""

_OVERLAP: Loss = "pixels that belong to several masks, which the first of them has now"
_TOO_MANY: Loss = f"masks of things after the first {MOST} of a picture"


def masked(things: Sequence[Thing], numbers: NDArray[np.uint8]) -> tuple[Thing, ...]:
    """Return the things with their masks; without one where no pixel has their number."""
    masks = [numbers == number for number in range(1, len(things) + 1)]
    return tuple(
        replace(thing, mask=encoded(mask)) if mask.any() else thing for thing, mask in zip(things, masks, strict=True)
    )


def numbered(record: Record) -> tuple[NDArray[np.uint8], tuple[Loss, ...]]:
    """Return the number of the thing that each pixel belongs to (H, W), 0 = none, and what that could not hold."""
    numbers = np.zeros((record.height, record.width), np.uint8)
    losses = set()
    for number, thing in enumerate(record.things or (), 1):
        if thing.mask is None:
            continue
        if number > MOST:
            losses.add(_TOO_MANY)
            break
        mask = mask_of(thing, record)
        if numbers[mask].any():
            losses.add(_OVERLAP)
        numbers[mask & (numbers == 0)] = number
    return numbers, tuple(losses)
