"""TASKS: everything the package can do, one row a task."""

from dataclasses import dataclass

from deep_perception.predictions import Classes, Detections


@dataclass(frozen=True)
class Task:
    """A row of TASKS."""

    prediction: type
    """What a model of this task answers for one picture."""
    default_model: str
    metric: str
    """The one number a model of this task is judged by."""


TASKS: dict[str, Task] = {
    "classification": Task(Classes, "mobilenet_v2", "top-1 accuracy"),
    "detection": Task(Detections, "ssdlite320_mobilenet_v3_large", "COCO average precision"),
}

DEFAULT_TASK = "detection"
"""What a node does when neither a model nor self-describing weights are named."""
