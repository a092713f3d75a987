"""TASKS: everything the package can do, one row a task."""

from dataclasses import dataclass

from deep_perception.errors import ConfigError, unknown
from deep_perception.predictions import Classes, Detections, Instances, LabelMap, Picture


@dataclass(frozen=True)
class Task:
    """A row of TASKS."""

    prediction: type
    """What a model of this task answers for one picture."""
    worker: str
    """What a node that does it is called, unless somebody calls it otherwise."""
    default_model: str
    metric: str
    """The one number a model of this task is judged by."""


TASKS: dict[str, Task] = {
    "classification": Task(Classes, "classifier", "mobilenet_v2", "top-1 accuracy"),
    "detection": Task(Detections, "detector", "ssdlite320_mobilenet_v3_large", "COCO average precision"),
    "proposals": Task(Detections, "proposer", "rpn_resnet50_fpn", "average recall"),
    "instance_segmentation": Task(
        Instances, "instance_segmenter", "maskrcnn_resnet50_fpn_v2", "COCO average precision"
    ),
    "semantic_segmentation": Task(LabelMap, "segmenter", "lraspp_mobilenet_v3_large", "mean intersection over union"),
    "colorization": Task(Picture, "colorizer", "colorizer_siggraph17", "colour difference CIEDE2000"),
    "super_resolution": Task(Picture, "upscaler", "carn_m", "peak signal-to-noise ratio"),
}

DEFAULT_TASK = "detection"
"""What a node does when neither a model nor self-describing weights are named."""


def task_of(worker: str) -> str:
    """Return the task that a worker of this name does; raise ConfigError naming the workers there are."""
    for name, task in TASKS.items():
        if worker in (task.worker, name):
            return name
    raise ConfigError(unknown("task", worker, [task.worker for task in TASKS.values()]))
