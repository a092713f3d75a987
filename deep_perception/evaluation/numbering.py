"""What a model answers, all of it that can be judged, in the numbers of the names that the truth goes by."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deep_perception.config import Selection
from deep_perception.data.dataset import BACKGROUND
from deep_perception.models.model import Model
from deep_perception.predictions import UNLABELLED, Classes, Detections, Instances, LabelMap, Picture, Prediction

Places = NDArray[np.int64] | None
"""The place among some names of each class number, -1 for none; None where names do not matter."""

NAMELESS = ("proposals", "colorization", "super_resolution")
"""Tasks that are judged without regard to names."""

LEAST_SCORE, MOST_FOUND = 0.001, 300
"""Average precision asks for doubtful findings too. Of each class COCO looks at a hundred in a picture at most."""

logger = logging.getLogger(__name__)


@contextmanager
def opened(model: Model, names: Sequence[str]) -> Iterator[None]:
    """Let a model answer all that can be judged by these names, for a while."""
    usual = model.selection
    model.selection = all_of(model, names)
    model.renew()
    try:
        yield
    finally:
        model.selection = usual


def all_of(model: Model, names: Sequence[str], top_k: int = 1) -> Selection:
    """Return what to ask of a model so that it answers all that can be judged by these names."""
    common = tuple(name for name in dict.fromkeys(model.labels) if name in names)
    if model.task in NAMELESS or len(common) == len(set(model.labels)):
        common = ()  # nothing has to be left out
    wanted = replace(model.selection, score_threshold=LEAST_SCORE, max_detections=MOST_FOUND)
    return replace(wanted, classes=common, top_k=top_k)


def places_of(model: Model, names: Sequence[str]) -> Places:
    """Return where the classes of a model stand in `names`; say so where none of them does."""
    if model.task in NAMELESS:
        return None
    if not {*model.labels} & {*names} - {BACKGROUND}:
        told = model.name, _listed(names), _listed(model.labels)
        logger.warning("%s knows none of the classes %s, so that nothing it finds counts (its own: %s)", *told)
    return places(model.labels, names)


def places(own: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    """Return the place in `names` of each of the `own`, -1 for none."""
    there = {name: place for place, name in enumerate(names)}
    return np.array([there.get(name, -1) for name in own], np.int64)


def renumbered(answer: Prediction, table: Places) -> Prediction:
    """Return an answer in the numbers of the names, without what has none."""
    if table is None or isinstance(answer, Picture):
        return answer
    if isinstance(answer, LabelMap):
        numbers = np.full(256, UNLABELLED, np.uint8)
        numbers[: len(table)] = np.where(table >= 0, table, UNLABELLED)
        return LabelMap(numbers[answer.labels], answer.confidence)
    labels = table[answer.labels]
    kept = labels >= 0
    if isinstance(answer, Classes):
        return Classes(labels[kept], answer.scores[kept])
    chosen = answer.boxes[kept], labels[kept], answer.scores[kept]
    return Instances(*chosen, answer.masks[kept]) if isinstance(answer, Instances) else Detections(*chosen)


def _listed(names: Sequence[str]) -> str:
    """Return the first few names."""
    known = [name for name in names if name != BACKGROUND]
    return f"{', '.join(known[:4])}{'…' if len(known) > 4 else ''}"
