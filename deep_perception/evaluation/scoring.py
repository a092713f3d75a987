"""How good a model is at its task: the tally of each task, and the examination that fills it."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from deep_perception.data.dataset import BACKGROUND
from deep_perception.evaluation.class_scores import PixelTally, TopOneTally
from deep_perception.evaluation.picture_scores import ColourTally, SharpnessTally
from deep_perception.evaluation.tally import Tally
from deep_perception.evaluation.thing_scores import BoxTally, MaskTally, ProposalTally
from deep_perception.models.model import Model
from deep_perception.predictions import (
    UNLABELLED,
    Classes,
    Detections,
    Image,
    Instances,
    LabelMap,
    Picture,
    Prediction,
)

TALLIES: dict[str, type[Tally]] = {
    "classification": TopOneTally,
    "detection": BoxTally,
    "proposals": ProposalTally,
    "instance_segmentation": MaskTally,
    "semantic_segmentation": PixelTally,
    "colorization": ColourTally,
    "super_resolution": SharpnessTally,
}
"""By task."""

NAMELESS = ("proposals", "colorization", "super_resolution")
"""Tasks that are judged without regard to names."""

TOGETHER = 4
"""Pictures that are answered at once."""
LEAST_SCORE, MOST_FOUND = 0.001, 300
"""Average precision asks for doubtful findings too. Of each class COCO looks at a hundred in a picture at most."""

logger = logging.getLogger(__name__)


class Example(Protocol):
    """A picture and the truth about it, its labels numbered by the names of the examination."""

    @property
    def image(self) -> Image:
        """What the model sees."""

    @property
    def target(self) -> Prediction:
        """What is true."""

    @property
    def ignored(self) -> Detections | None:
        """What counts neither as found nor as missed."""


def tally(task: str, names: Sequence[str]) -> Tally:
    """Return an empty tally; `names` are those that the truth is numbered by."""
    return TALLIES[task](names)


def examine(model: Model, examples: Iterable[Example], names: Sequence[str]) -> Tally:
    """Judge a model as it is now; what it calls by none of `names` is left out."""
    counts = tally(model.task, names)
    table = _table(model, names)
    remaining = iter(examples)
    with _open(model, names):
        while batch := list(islice(remaining, TOGETHER)):
            for example, answer in zip(batch, model([one.image for one in batch]), strict=True):
                counts.add(_renumbered(answer, table), example.target, example.ignored)
    return counts


@contextmanager
def _open(model: Model, names: Sequence[str]) -> Iterator[None]:
    """Let a model answer all that can be judged, for a while."""
    usual = model.selection
    common = tuple(name for name in dict.fromkeys(model.labels) if name in names)
    if model.task in NAMELESS or len(common) == len(set(model.labels)):
        common = ()  # nothing has to be left out
    model.selection = replace(usual, score_threshold=LEAST_SCORE, max_detections=MOST_FOUND, classes=common, top_k=1)
    model.renew()
    try:
        yield
    finally:
        model.selection = usual


def _table(model: Model, names: Sequence[str]) -> NDArray[np.int64] | None:
    """Return the place in `names` of each class of the model, -1 for none; None where names do not matter."""
    if model.task in NAMELESS:
        return None
    places = {name: place for place, name in enumerate(names)}
    if not {*model.labels} & {*names} - {BACKGROUND}:
        told = model.name, _listed(names), _listed(model.labels)
        logger.warning("%s knows none of the classes %s, so that nothing it finds counts (its own: %s)", *told)
    return np.array([places.get(name, -1) for name in model.labels], np.int64)


def _renumbered(answer: Prediction, table: NDArray[np.int64] | None) -> Prediction:
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
