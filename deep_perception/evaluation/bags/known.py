"""What is known of the pictures of a recording, found by their stamps."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from deep_perception.data import targets
from deep_perception.data.record import Record, Thing
from deep_perception.data.recordings import Recording, image_topics
from deep_perception.errors import ImageError, InputError
from deep_perception.predictions import Detections, Image, Picture, Prediction


@dataclass(frozen=True, eq=False)
class Known:
    """What is true of a picture, its labels numbered by the names of the truth."""

    target: Prediction
    ignored: Detections | None = None
    """What counts neither as found nor as missed."""


class Truth(Protocol):
    """What is known of the pictures of one recording."""

    kind: str
    """What it is, in words."""
    names: tuple[str, ...]
    """What the labels of targets number; () where answers are pictures."""

    def of(self, stamp_ns: int, camera: str, image: Image) -> Known | None:
        """Return what is known of a picture of this topic, None if nothing is; raise ImageError where it cannot fit."""

    def unused(self) -> tuple[int, ...]:
        """Return the stamps of what is known, but that no picture asked for, in order."""


@dataclass(frozen=True, eq=False)
class Saying:
    """What is said of one picture."""

    stamp_ns: int
    known: Callable[[Image], Known]
    """Raises ImageError or InputError where it does not fit the picture."""
    recording: str = ""
    camera: str = ""
    """'' where nobody said."""


class StampedTruth:
    """Truth that goes by stamps; of several pictures with one stamp, recording and camera tell which is meant."""

    def __init__(self, kind: str, names: Sequence[str], sayings: Iterable[Saying], recording: Recording) -> None:
        self.kind, self.names = kind, tuple(names)
        self._recording, self._cameras = recording.name, frozenset(image_topics(recording))
        self._sayings: dict[int, list[Saying]] = defaultdict(list)
        for saying in sayings:
            self._sayings[saying.stamp_ns].append(saying)
        self._used: set[Saying] = set()

    def of(self, stamp_ns: int, camera: str, image: Image) -> Known | None:
        """Return what is known of a picture of this topic, None if nothing is; raise ImageError where it cannot fit."""
        chosen = self._best(self._sayings.get(stamp_ns, ()), camera)
        if chosen is None:
            return None
        self._used.add(chosen)
        try:
            return chosen.known(image)
        except (ImageError, InputError) as err:
            raise ImageError("truth", f"what is known does not fit: {err}") from err

    def unused(self) -> tuple[int, ...]:
        """Return the stamps of what is known, but that no picture asked for, in order."""
        return tuple(sorted(one.stamp_ns for said in self._sayings.values() for one in said if one not in self._used))

    def _best(self, sayings: Sequence[Saying], camera: str) -> Saying | None:
        """Return what fits best: a camera may be called otherwise than its topic, but is not one of the others."""
        possible = [one for one in sayings if one.camera == camera or one.camera not in self._cameras]
        return max(possible, key=lambda one: (one.recording == self._recording, one.camera == camera), default=None)


class RecordedTruth:
    """The recorded pictures themselves, which a model saw without colours, or smaller."""

    kind = "the recorded pictures"
    names: tuple[str, ...] = ()

    def of(self, stamp_ns: int, camera: str, image: Image) -> Known:
        """Return the picture."""
        return Known(Picture(image))

    def unused(self) -> tuple[int, ...]:
        """Return nothing: each is its own truth."""
        return ()


def known_things(things: Iterable[Thing], image: Image, names: Sequence[str], task: str, where: str) -> Known:
    """Return things as a model would have to find them; raise InputError where one lacks its mask or a known name."""
    record = Record(where, "", image.shape[1], image.shape[0], things=tuple(things))
    masks = task == "instance_segmentation"
    return Known(targets.things(record, names, masks=masks), targets.things(record, names, ignored=True))
