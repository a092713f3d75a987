"""Who answers for the pictures of a recording: a model, which runs now, or a topic, on which somebody answered then."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from deep_perception.config import PerceptionConfig
from deep_perception.data.recordings import Recording
from deep_perception.errors import ImageError
from deep_perception.evaluation.numbering import all_of, places, renumbered
from deep_perception.models import Model
from deep_perception.models.memory import Memory
from deep_perception.predictions import Image, Prediction

TOP = 5
"""Classes that a classifier answers."""


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer to a picture, its labels numbered by the names of the job, or why there is none."""

    prediction: Prediction | None = None
    trouble: ImageError | None = None
    published_ns: tuple[int, ...] = ()
    place: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture as it is shown to who answers."""

    stamp_ns: int | None
    image: Image


class Answers(Protocol):
    """Answers stream after stream."""

    def begin(self, recording: Recording) -> None:
        """Forget what was: a stream of this recording comes next."""

    def __call__(self, seen: Sequence[Seen]) -> list[Answer]:
        """Answer for the next pictures of the stream."""


@dataclass(eq=False)
class ModelAnswers:
    """A model that is asked for all that can be judged."""

    model: Model
    names: Sequence[str]
    _memory: Memory | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.model.selection = all_of(self.model, self.names, TOP)
        self._places = places(self.model.labels, self.names) if self.names else None

    def begin(self, recording: Recording) -> None:
        """Forget what was seen."""
        self._memory = self.model.memory()

    def __call__(self, seen: Sequence[Seen]) -> list[Answer]:
        """Answer; a picture that cannot be done does not keep the others from being answered."""
        try:
            predictions = self.model([one.image for one in seen])
        except ImageError as err:
            return [Answer(trouble=err)] if len(seen) == 1 else [self([one])[0] for one in seen]
        return [self._answer(*pair) for pair in zip(seen, predictions, strict=True)]

    def _answer(self, seen: Seen, prediction: Any) -> Answer:
        remembered = self._memory(seen.image, prediction) if self._memory else prediction
        return Answer(renumbered(remembered, self._places))


def remembers(model: Model) -> bool:
    """Whether an answer depends on the pictures before."""
    return model.memory() is not None and model.selection.temporal_smoothing > 0


def told(model: Model, config: PerceptionConfig) -> dict[str, Any]:
    """Return what the result says of a model."""
    return {
        "kind": "model",
        "model": model.name,
        "weights": config.weights,
        "identity": model.identity,
        "labels": list(model.labels),
        "device": str(model.device),
        "selection": asdict(model.selection),
    }
