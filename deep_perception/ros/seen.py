"""A picture with all that was told of it: what sampling looks at, and what a data set keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deep_perception.data.record import MODEL, Record, Tag, Thing
from deep_perception.data.sampling.look import Look
from deep_perception.predictions import Classes, Detections, LabelMap, Prediction
from deep_perception.ros.shot import Shot


@dataclass(frozen=True, eq=False, kw_only=True)
class Seen(Look):
    """What sampling judges, and what it does not look at."""

    id: str
    recording: str
    camera: str
    shot: Shot
    told: Mapping[str, Any]
    """Messages by topic."""
    tags: tuple[Tag, ...] | None
    things: tuple[Thing, ...] | None
    class_names: Mapping[int, str]
    """Of the classes in a mask."""
    intrinsics: tuple[float, ...] | None

    @property
    def nbytes(self) -> int:
        """Return how much memory it takes."""
        return super().nbytes + sum(len(getattr(message, "data", ())) for message in self.told.values())

    def record(self, image: str, things: tuple[Thing, ...] | None, reasons: tuple[str, ...]) -> Record:
        """Say all of it; `image` is the suffix of its file."""
        return Record(
            id=self.id,
            image=image,
            width=self.image.shape[1],
            height=self.image.shape[0],
            stamp_ns=self.stamp_ns,
            recording=self.recording,
            camera=self.camera,
            frame_id=self.shot.header.frame_id,
            tags=self.tags,
            things=things,
            pixels_source=MODEL,
            intrinsics=self.intrinsics,
            reasons=reasons,
        )


class Vocabulary:
    """Numbers names in the order in which they are heard first."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()

    def number(self, name: str) -> int:
        """Return the number of a name."""
        if name not in self.names:
            self.names = (*self.names, name)
        return self.names.index(name)

    def detections(self, things: tuple[Thing, ...]) -> Detections:
        """Return things as a model's answer."""
        boxes = np.array([thing.box for thing in things], np.float32).reshape(-1, 4)
        numbers = np.array([self.number(thing.name) for thing in things], np.int64)
        return Detections(boxes, numbers, np.array([thing.score for thing in things], np.float32))

    def classes(self, tags: tuple[Tag, ...]) -> Classes:
        """Return tags as a model's answer."""
        numbers = np.array([self.number(tag.name) for tag in tags], np.int64)
        return Classes(numbers, np.array([tag.score for tag in tags], np.float32))
