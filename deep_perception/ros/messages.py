"""Predictions as standard messages. Every message and every element carries the header of its picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import (
    BoundingBox2D,
    Classification,
    Detection2D,
    Detection2DArray,
    LabelInfo,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
    VisionClass,
    VisionInfo,
)

from deep_perception.predictions import Classes, Detections, Picture
from deep_perception.ros.picture_messages import Size, from_confidence, from_labels, from_masks, from_picture, scaled
from deep_perception.tasks import TASKS

if TYPE_CHECKING:  # programs that only convert boxes start without torch
    from deep_perception.models import Model


def newest_only(depth: int = 1) -> QoSProfile:
    """How cameras are read: it matches every publisher, and keeps nothing that is out of date."""
    return QoSProfile(reliability=ReliabilityPolicy.BEST_EFFORT, history=HistoryPolicy.KEEP_LAST, depth=depth)


def reliable(depth: int) -> QoSProfile:
    """How results are published: it matches every subscriber."""
    return QoSProfile(reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST, depth=depth)


def latched() -> QoSProfile:
    """How facts are published: whoever comes later gets the last one."""
    return QoSProfile(
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
        history=HistoryPolicy.KEEP_LAST,
        depth=1,
    )


@dataclass(frozen=True)
class Naming:
    """What stands in `class_id`."""

    labels: tuple[str, ...]
    by_index: bool

    def class_id(self, label: int) -> str:
        """Return the name of a class, or its number."""
        return str(label) if self.by_index or label >= len(self.labels) else self.labels[label]


def from_classes(classes: Classes, header: Header, naming: Naming) -> Classification:
    """Convert a classification, best first."""
    results = [
        ObjectHypothesis(class_id=naming.class_id(label), score=score)
        for label, score in zip(classes.labels.tolist(), classes.scores.tolist(), strict=True)
    ]
    return Classification(header=header, results=results)


def from_detections(detections: Detections, header: Header, naming: Naming) -> Detection2DArray:
    """Convert detections; none give an empty array."""
    columns = (detections.boxes.tolist(), detections.labels.tolist(), detections.scores.tolist())
    found = [
        Detection2D(header=header, results=[_hypothesis(naming.class_id(label), score)], bbox=_bbox(box))
        for box, label, score in zip(*columns, strict=True)
    ]
    return Detection2DArray(header=header, detections=found)


def to_boxes(message: Detection2DArray) -> list[tuple[str, float, tuple[float, float, float, float]]]:
    """Read (class_id, score, x1 y1 x2 y2) back from detections; a box alone is nameless and sure."""
    found = []
    for one in message.detections:
        best = one.results[0].hypothesis if one.results else ObjectHypothesis(score=1.0)
        found.append((best.class_id, best.score, _corners(one.bbox)))
    return found


def label_info(model: "Model", header: Header) -> LabelInfo:
    """Say which number has which name, and from which score on things are published."""
    classes = [VisionClass(class_id=number, class_name=name) for number, name in enumerate(model.labels)]
    threshold = model.selection.score_threshold if issubclass(TASKS[model.task].prediction, Detections) else 0.0
    return LabelInfo(header=header, class_map=classes, threshold=threshold)


def vision_info(model: "Model", header: Header, version: int, location: str) -> VisionInfo:
    """Say which model answers; `location` is the topic of the label_info."""
    method = f"{model.name} {model.identity[:12]}"
    return VisionInfo(header=header, method=method, database_location=location, database_version=version)


@dataclass(frozen=True)
class About:
    """What a message says beside the prediction."""

    header: Header
    naming: Naming
    size: Size
    """Of the picture that was looked at."""
    camera_info: Callable[[], CameraInfo | None] = lambda: None
    """Of the camera; asked only where it is wanted."""


@dataclass(frozen=True)
class Output:
    """A topic that answers are published on; `convert` may give None, where there is nothing to say."""

    topic: str
    message: type
    depth: int
    convert: Callable[[Any, About], Any]


CLASSES = Output(
    "classification", Classification, 5, lambda found, about: from_classes(found, about.header, about.naming)
)
BOXES = Output(
    "detections", Detection2DArray, 5, lambda found, about: from_detections(found, about.header, about.naming)
)
MASKS = Output("instance_mask", Image, 1, lambda found, about: from_masks(found, about.header))

ANSWERS: dict[str, tuple[Output, ...]] = {
    "classification": (CLASSES,),
    "detection": (BOXES,),
    "proposals": (replace(BOXES, topic="proposals"),),
    "instance_segmentation": (BOXES, MASKS),
    "semantic_segmentation": (
        Output("mask", Image, 1, lambda found, about: from_labels(found, about.header)),
        Output("confidence", Image, 1, lambda found, about: from_confidence(found, about.header)),
    ),
    "colorization": (Output("image_color", Image, 1, lambda found, about: from_picture(found, about.header)),),
    "super_resolution": (
        Output("image_upscaled", Image, 1, lambda found, about: from_picture(found, about.header)),
        Output("image_upscaled/camera_info", CameraInfo, 5, lambda found, about: _info_of(found, about)),
    ),
}
"""How the answers of each task are published."""


def _info_of(picture: Picture, about: About) -> CameraInfo | None:
    info, size = about.camera_info(), picture.image.shape[:2]
    return None if info is None else scaled(info, about.size, (size[0], size[1]), about.header)


def _hypothesis(class_id: str, score: float) -> ObjectHypothesisWithPose:
    return ObjectHypothesisWithPose(hypothesis=ObjectHypothesis(class_id=class_id, score=score))


def _bbox(box: list[float]) -> BoundingBox2D:
    x1, y1, x2, y2 = box
    bbox = BoundingBox2D(size_x=x2 - x1, size_y=y2 - y1)
    bbox.center.position.x, bbox.center.position.y = (x1 + x2) / 2, (y1 + y2) / 2
    return bbox


def _corners(bbox: BoundingBox2D) -> tuple[float, float, float, float]:
    x, y = bbox.center.position.x, bbox.center.position.y
    return x - bbox.size_x / 2, y - bbox.size_y / 2, x + bbox.size_x / 2, y + bbox.size_y / 2
