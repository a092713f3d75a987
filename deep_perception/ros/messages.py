"""Predictions as standard messages. Every message and every element carries the header of its picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
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

from deep_perception.predictions import Classes, Detections, Prediction

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
        return str(label) if self.by_index else self.labels[label]


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
    """Read (class_id, score, x1 y1 x2 y2) back from detections."""
    return [
        (one.results[0].hypothesis.class_id, one.results[0].hypothesis.score, _corners(one.bbox))
        for one in message.detections
    ]


def label_info(model: "Model", header: Header) -> LabelInfo:
    """Say which number has which name, and from which score on things are published."""
    classes = [VisionClass(class_id=number, class_name=name) for number, name in enumerate(model.labels)]
    threshold = model.selection.score_threshold if model.task == "detection" else 0.0
    return LabelInfo(header=header, class_map=classes, threshold=threshold)


def vision_info(model: "Model", header: Header, version: int, location: str) -> VisionInfo:
    """Say which model answers; `location` is the topic of the label_info."""
    method = f"{model.name} {model.identity[:12]}"
    return VisionInfo(header=header, method=method, database_location=location, database_version=version)


@dataclass(frozen=True)
class Answer:
    """How a kind of prediction is published."""

    topic: str
    message: type
    depth: int
    convert: Any


ANSWERS: dict[type[Prediction], Answer] = {
    Classes: Answer("classification", Classification, 5, from_classes),
    Detections: Answer("detections", Detection2DArray, 5, from_detections),
}


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
