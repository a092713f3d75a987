"""A picture with all that was told of it: what sampling looks at, and what a data set keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deep_perception.data.record import HUMAN, MODEL, Record, Tag, Thing
from deep_perception.data.sampling import Look
from deep_perception.predictions import Classes, Detections
from deep_perception.ros.shot import Shot


@dataclass(frozen=True, eq=False, kw_only=True)
class Seen(Look):
    """What sampling judges, and what it does not look at."""

    recording: str
    camera: str
    shot: Shot
    tags: tuple[Tag, ...] | None = None
    things: tuple[Thing, ...] | None = None
    classes: NDArray[np.uint8] | None = None
    """Of each pixel (H, W), numbered as in `class_names`."""
    class_names: Mapping[int, str]
    depth: Any = None
    """A message."""
    intrinsics: tuple[float, ...] | None = None

    @property
    def nbytes(self) -> int:
        """Return how much memory it takes."""
        rest = 0 if self.depth is None else len(self.depth.data)
        return super().nbytes + rest + (0 if self.classes is None else self.classes.nbytes)

    def record(self, name: str, suffix: str, reasons: tuple[str, ...]) -> Record:
        """Return what a data set says of it; `suffix` is that of its file."""
        return Record(
            id=name,
            image=suffix,
            width=self.image.shape[1],
            height=self.image.shape[0],
            stamp_ns=self.stamp_ns,
            recording=self.recording,
            camera=self.camera,
            frame_id=self.shot.header.frame_id,
            tags=self.tags,
            things=self.things,
            things_source=HUMAN if self.things is None else MODEL,
            intrinsics=self.intrinsics,
            reasons=reasons,
        )


class Vocabulary:
    """Numbers names in the order in which they are heard first."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()

    def detections(self, things: tuple[Thing, ...]) -> Detections:
        """Return things as a model's answer."""
        boxes = np.array([thing.box for thing in things], np.float32).reshape(-1, 4)
        numbers = np.array([self._number(thing.name) for thing in things], np.int64)
        return Detections(boxes, numbers, np.array([thing.score for thing in things], np.float32))

    def classes(self, tags: tuple[Tag, ...]) -> Classes:
        """Return tags, best first, as a model's answer."""
        numbers = np.array([self._number(tag.name) for tag in tags], np.int64)
        return Classes(numbers, np.array([tag.score for tag in tags], np.float32))

    def _number(self, name: str) -> int:
        if name not in self.names:
            self.names = (*self.names, name)
        return self.names.index(name)
