"""How good a model is at its task: the tally of each task, and the examination that fills it."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

from deep_perception.evaluation.class_scores import PixelTally, TopOneTally
from deep_perception.evaluation.numbering import opened, places_of, renumbered
from deep_perception.evaluation.picture_scores import ColourTally, SharpnessTally
from deep_perception.evaluation.tally import Tally
from deep_perception.evaluation.thing_scores import BoxTally, MaskTally, ProposalTally
from deep_perception.models.model import Model
from deep_perception.predictions import Detections, Image, Prediction

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

TOGETHER = 4
"""Pictures that are answered at once."""


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
    table = places_of(model, names)
    remaining = iter(examples)
    with opened(model, names):
        while batch := list(islice(remaining, TOGETHER)):
            for example, answer in zip(batch, model([one.image for one in batch]), strict=True):
                counts.add(renumbered(answer, table), example.target, example.ignored)
    return counts
