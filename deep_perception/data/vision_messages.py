"""Answers about pictures as vision_msgs puts them, read where no ROS is installed."""

import math
from typing import Any

from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from deep_perception.data.record import HUMAN, Tag, Thing

DETECTIONS, CLASSIFICATION = "vision_msgs/msg/Detection2DArray", "vision_msgs/msg/Classification"

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
    things = []
    for one in message.detections:
        best = max((result.hypothesis for result in one.results), key=lambda result: result.score, default=None)
        box = _box(one.bbox, size)
        if best is not None and best.class_id and math.isfinite(best.score) and box is not None:
            things.append(Thing(best.class_id, box, 1.0 if source == HUMAN else best.score, source))
    return tuple(things)


def tags_in(message: Any, source: str) -> tuple[Tag, ...]:
    """Read a Classification, best first; of a human's only the best, which is sure."""
    found = [one for one in message.results if one.class_id and math.isfinite(one.score)]
    best_first = sorted(found, key=lambda one: -one.score)
    if source == HUMAN:
        return tuple(Tag(one.class_id) for one in best_first[:1])
    return tuple(Tag(one.class_id, one.score, source) for one in best_first)


def _box(bbox: Any, size: tuple[int, int]) -> tuple[float, float, float, float] | None:
    """The part of a box within the picture, None where there is none."""
    width, height = size
    x, y = bbox.center.position.x, bbox.center.position.y
    if not all(map(math.isfinite, (x, y, bbox.size_x, bbox.size_y))):
        return None
    left, right = (min(max(at, 0.0), width) for at in (x - bbox.size_x / 2, x + bbox.size_x / 2))
    top, bottom = (min(max(at, 0.0), height) for at in (y - bbox.size_y / 2, y + bbox.size_y / 2))
    return (left, top, right, bottom) if left < right and top < bottom else None
