"""What a model can be told about a picture, beside the picture, over a topic."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from vision_msgs.msg import Detection2D, Detection2DArray

from deep_perception.config import PerceptionConfig
from deep_perception.models import Model
from deep_perception.predictions import ColourHints, Detections, Guide
from deep_perception.ros.messages import to_boxes
from deep_perception.ros.picture_messages import Size
from deep_perception.runtime.pairing import Latest, Pairing, SameStamp

DEPTH = 5
"""Messages kept for the receiver: a moment of distraction must not cost the guide of a picture that waits for it."""
SPREAD = (-0.25, 0.25)
"""A box that is larger than a pixel hints at its middle, and at the middle of each quarter."""


@dataclass(frozen=True)
class Read:
    """A guide, and how much of its message could not be used."""

    guide: Guide
    refused: int = 0
    why: str = ""


@dataclass(frozen=True)
class GuideKind:
    """Where a guide comes from, and which pictures it is for."""

    name: str
    topic: str
    pairing: Callable[[], Pairing[Any, Any]]
    read: Callable[[Detection2DArray, Size], Read]
    without: str
    """What the model does where nobody publishes."""


def boxes(message: Detection2DArray, size: Size) -> Read:
    """Read boxes, cut to the picture; those that hold nothing of it are left out."""
    told = to_boxes(message)
    corners = np.array([box for _, _, box in told], np.float64).reshape(-1, 4)
    scores = np.array([score for _, score, _ in told], np.float32)
    inside = corners.clip(0, (size[1], size[0], size[1], size[0]))
    good = np.isfinite(corners).all(1) & (inside[:, 2:] > inside[:, :2]).all(1)
    kept = inside[good].astype(np.float32)
    lost = len(told) - len(kept)
    guide = Detections(kept, np.zeros(len(kept), np.int64), scores[good])
    return Read(guide, lost, f"{lost} of {len(told)} boxes hold nothing of a picture of {size[1]}x{size[0]}")


def hints(message: Detection2DArray, size: Size) -> Read:
    """Read colours #rrggbb of places in the picture; what is neither is left out."""
    points: list[tuple[float, float]] = []
    colours: list[tuple[int, int, int]] = []
    wrong: list[str] = []
    for one in message.detections:
        text = one.results[0].hypothesis.class_id if one.results else ""
        colour, places = _colour(text), _places(one, size)
        if colour is None or not places:
            wrong.append(text)
        else:
            points += places
            colours += [colour] * len(places)
    guide = ColourHints(np.array(points, np.float32).reshape(-1, 2), np.array(colours, np.uint8).reshape(-1, 3))
    expected = f"expected #rrggbb within {size[1]}x{size[0]} pixels"
    return Read(guide, len(wrong), f"got the colour '{wrong[0]}', {expected}" if wrong else "")


GUIDES = {
    "detection": GuideKind("proposals", "proposals", SameStamp, boxes, "the model searches for boxes by itself"),
    "super_resolution": GuideKind("regions", "", SameStamp, boxes, "whole pictures are upscaled"),
    "colorization": GuideKind("colour hints", "color_hints", Latest, hints, "the model colours on its own"),
}
"""By task; of the models that can be guided at all. Regions come from the topic that a parameter names."""


def guide_kind(model: Model, config: PerceptionConfig) -> GuideKind | None:
    """Return what this model is told, and where; None: nothing."""
    if model.guide is None:
        return None
    kind = GUIDES[model.task]
    topic = kind.topic or config.roi_topic
    return replace(kind, topic=topic) if topic else None


def _colour(text: str) -> tuple[int, int, int] | None:
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        return None
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def _places(one: Detection2D, size: Size) -> list[tuple[float, float]]:
    """Return the points of a hint; none where its middle is not in the picture."""
    middle, box = one.bbox.center.position, one.bbox
    places = [(middle.x, middle.y)]
    if max(box.size_x, box.size_y) > 1:
        places += [(middle.x + x * box.size_x, middle.y + y * box.size_y) for x in SPREAD for y in SPREAD]
    inside = [(x, y) for x, y in places if 0 <= x < size[1] and 0 <= y < size[0]]
    return inside if places[0] in inside else []
