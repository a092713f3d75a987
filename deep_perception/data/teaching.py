"""What holds of a picture when a model and a person have spoken about it."""

from collections.abc import Sequence

import numpy as np

from deep_perception.data.record import HUMAN, Tag, Thing
from deep_perception.evaluation.matching import FOUND, overlaps


def corrected(before: Sequence[Thing] | None, by_human: Sequence[Thing], *, complete: bool) -> tuple[Thing, ...]:
    """Return what a person says now, and what the model says of other places unless that is complete.

    What a person said earlier no longer counts.
    """
    by_model = [] if complete else [thing for thing in before or () if thing.source != HUMAN]
    taken = np.array([thing.box for thing in by_human], np.float32).reshape(-1, 4)
    return (*by_human, *(thing for thing in by_model if not _is_taken(thing, taken)))


def named(by_model: Sequence[Tag] | None, label: str) -> tuple[Tag, ...] | None:
    """Return what a picture shows: what a person says of it as a whole leaves no room for a model's guesses."""
    if label:
        return (Tag(label),)
    return None if by_model is None else tuple(by_model)


def _is_taken(thing: Thing, boxes: np.ndarray) -> bool:
    return bool((overlaps(np.array(thing.box, np.float32), boxes) > FOUND).any())
