"""Answers about pictures as vision_msgs puts them, read where no ROS is installed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from deep_perception import pixels
from deep_perception.data.record import HUMAN, Tag, Thing
from deep_perception.errors import ImageError
from deep_perception.predictions import UNLABELLED

DETECTIONS, CLASSIFICATION = "vision_msgs/msg/Detection2DArray", "vision_msgs/msg/Classification"
LABEL_INFO = "vision_msgs/msg/LabelInfo"

_FIELDS = {
    "Point2D": "float64 x\nfloat64 y",
    "Pose2D": "vision_msgs/Point2D position\nfloat64 theta",
    "BoundingBox2D": "vision_msgs/Pose2D center\nfloat64 size_x\nfloat64 size_y",
    "ObjectHypothesis": "string class_id\nfloat64 score",
    "ObjectHypothesisWithPose": "vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose",
    "Detection2D": "std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n"
    "vision_msgs/BoundingBox2D bbox\nstring id",
    "Detection2DArray": "std_msgs/Header header\nvision_msgs/Detection2D[] detections",
    "Classification": "std_msgs/Header header\nvision_msgs/ObjectHypothesis[] results",
    "VisionClass": "uint16 class_id\nstring class_name",
    "LabelInfo": "std_msgs/Header header\nvision_msgs/VisionClass[] class_map\nfloat32 threshold",
}
"""Types and names of fields since Humble; a recording may hold none of this."""


def types() -> Typestore:
    """Return the types of ROS 2 with those of vision_msgs."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for name, fields in _FIELDS.items():
        store.register(get_types_from_msg(fields, f"vision_msgs/msg/{name}"))
    return store


def things_in(message: Any, size: tuple[int, int], source: str) -> tuple[Thing, ...]:
    """Read a Detection2DArray, boxes cut to a picture of this width and height.

    What has no class, or holds nothing of the picture, is left out. Humans are sure of what they say.
    """
    found = (thing_in(one, size, source) for one in message.detections)
    return tuple(thing for thing in found if thing is not None)


def thing_in(detection: Any, size: tuple[int, int], source: str, name: str = "") -> Thing | None:
    """Read one of them, None where it is left out; `name` is the class of one that has none."""
    best = max((result.hypothesis for result in detection.results), key=lambda result: result.score, default=None)
    box = _box(detection.bbox, size)
    score = 1.0 if best is None or source == HUMAN else best.score
    called = name if best is None else best.class_id or name
    return Thing(called, box, score, source) if called and box is not None and math.isfinite(score) else None


def tags_in(message: Any, source: str) -> tuple[Tag, ...]:
    """Read a Classification, best first; of a human's only the best, which is sure."""
    found = [one for one in message.results if one.class_id and math.isfinite(one.score)]
    best_first = sorted(found, key=lambda one: -one.score)
    if source == HUMAN:
        return tuple(Tag(one.class_id) for one in best_first[:1])
    return tuple(Tag(one.class_id, one.score, source) for one in best_first)


def names_in(message: Any) -> dict[int, str]:
    """Read from a LabelInfo the names of classes by their numbers."""
    return {one.class_id: one.class_name for one in message.class_map}


def classes_in(message: Any, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Read from an Image the class of each pixel; raise ImageError where it does not fit this width and height."""
    return fitting("mask", pixels.to_array(message), np.uint8, size)


def numbers_in(message: Any, size: tuple[int, int]) -> NDArray[np.uint16]:
    """Read from an Image which detection each pixel is of; raise ImageError where it does not fit."""
    return fitting("instance_mask", pixels.to_array(message), np.uint16, size)


def renumbered(numbers: NDArray[np.uint8], names: Mapping[int, str], order: Sequence[str]) -> NDArray[np.uint8]:
    """Return the same classes, numbered as in `order`; what has no name, or no room there, is unlabelled."""
    table = np.full(256, UNLABELLED, np.uint8)
    places = {name: place for place, name in enumerate(order[:UNLABELLED])}
    for number, name in names.items():
        if 0 <= number < UNLABELLED and name in places:
            table[number] = places[name]
    return table[numbers]


def fitting(what: str, array: NDArray[Any], dtype: type[np.generic], size: tuple[int, int]) -> NDArray[Any]:
    """Return the array; raise ImageError unless it is one number a pixel of a picture of this width and height."""
    if array.dtype != dtype or array.shape != size[::-1]:
        got = f"{array.dtype} of {'x'.join(map(str, array.shape[::-1]))}"
        expected = f"{np.dtype(dtype)} of the picture's {size[0]}x{size[1]}"
        raise ImageError(what, f"{what}: got {got}, expected {expected}. Take the topic that belongs to the picture")
    return array


def _box(bbox: Any, size: tuple[int, int]) -> tuple[float, float, float, float] | None:
    """The part of a box within the picture, None where there is none."""
    width, height = size
    x, y = bbox.center.position.x, bbox.center.position.y
    if not all(map(math.isfinite, (x, y, bbox.size_x, bbox.size_y))):
        return None
    left, right = (min(max(at, 0.0), width) for at in (x - bbox.size_x / 2, x + bbox.size_x / 2))
    top, bottom = (min(max(at, 0.0), height) for at in (y - bbox.size_y / 2, y + bbox.size_y / 2))
    return (left, top, right, bottom) if left < right and top < bottom else None
