"""What the demo listens to: the camera, its truth, and the answers of each task, read back from their messages."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sensor_msgs.msg import Image as ImageMessage
from vision_msgs.msg import Classification, Detection2DArray

from deep_perception import pixels
from deep_perception.evaluation.demo_judges import (
    BoxJudge,
    ColourJudge,
    InstanceJudge,
    Judge,
    LargeJudge,
    PixelJudge,
    SurfaceJudge,
    Truth,
)
from deep_perception.predictions import Classes, Detections, Instances, LabelMap, Picture
from deep_perception.ros.messages import to_boxes
from deep_perception.scenes import ALL_LABELS, SURFACES

Messages = Mapping[str, Any]
"""By topic, all of one picture."""

TRUTH: Mapping[str, type] = {
    "image": ImageMessage,
    "truth/detections": Detection2DArray,
    "truth/ignored": Detection2DArray,
    "truth/classification": Classification,
    "truth/instance_mask": ImageMessage,
    "truth/mask": ImageMessage,
}


@dataclass(frozen=True)
class Ear:
    """The answers of one node: where they come, and how they are read and judged."""

    node: str
    topics: Mapping[str, type]
    """The first one counts as the answer."""
    read: Callable[[Messages], Any]
    judge: type[Judge]


INSTANCES = "instance_segmenter/detections"

EARS = (
    Ear(
        "classifier",
        {"classification": Classification},
        lambda heard: to_classes(heard["classification"]),
        SurfaceJudge,
    ),
    Ear("detector", {"detections": Detection2DArray}, lambda heard: to_detections(heard["detections"]), BoxJudge),
    Ear(
        "instance_segmenter",
        {INSTANCES: Detection2DArray, "instance_mask": ImageMessage},
        lambda heard: to_instances(heard[INSTANCES], heard["instance_mask"]),
        InstanceJudge,
    ),
    Ear("segmenter", {"mask": ImageMessage}, lambda heard: to_label_map(heard["mask"]), PixelJudge),
    Ear("colorizer", {"image_color": ImageMessage}, lambda heard: to_picture(heard["image_color"]), ColourJudge),
    Ear("upscaler", {"image_upscaled": ImageMessage}, lambda heard: to_picture(heard["image_upscaled"]), LargeJudge),
)


class Gathering:
    """Keeps messages by stamp until all that belong together are there; forgets the oldest."""

    def __init__(self, topics: Mapping[str, type], most: int) -> None:
        self._topics, self._most = set(topics), most
        self._by_stamp: OrderedDict[int, dict[str, Any]] = OrderedDict()

    def put(self, topic: str, stamp: int, message: Any) -> None:
        """Keep a message."""
        self._by_stamp.setdefault(stamp, {})[topic] = message
        while len(self._by_stamp) > self._most:
            self._by_stamp.popitem(last=False)

    def complete(self, stamp: int) -> Messages | None:
        """Return all messages of a picture; None while some are missing."""
        messages = self._by_stamp.get(stamp, {})
        return messages if set(messages) == self._topics else None


def to_truth(heard: Messages) -> Truth:
    """Read what the camera told about a picture."""
    return Truth(
        pixels.to_rgb(heard["image"]),
        to_instances(heard["truth/detections"], heard["truth/instance_mask"]),
        to_detections(heard["truth/ignored"]),
        to_label_map(heard["truth/mask"]),
        to_classes(heard["truth/classification"]),
    )


def to_detections(message: Detection2DArray) -> Detections:
    """Read boxes of the scenes' things."""
    found = to_boxes(message)
    return Detections(
        np.array([box for _, _, box in found], np.float32).reshape(-1, 4),
        np.array([ALL_LABELS.index(name) for name, _, _ in found], np.int64),
        np.array([score for _, score, _ in found], np.float32),
    )


def to_instances(message: Detection2DArray, numbers: ImageMessage) -> Instances:
    """Read boxes, and of each the pixels that bear its number."""
    found = to_detections(message)
    places = np.arange(1, len(found) + 1, dtype=np.uint16)[:, None, None]
    return Instances(found.boxes, found.labels, found.scores, pixels.to_array(numbers)[None] == places)


def to_classes(message: Classification) -> Classes:
    """Read what the table top is made of."""
    labels = np.array([SURFACES.index(one.class_id) for one in message.results], np.int64)
    return Classes(labels, np.array([one.score for one in message.results], np.float32))


def to_label_map(message: ImageMessage) -> LabelMap:
    """Read the class of each pixel."""
    return LabelMap(np.array(pixels.to_array(message), np.uint8))


def to_picture(message: ImageMessage) -> Picture:
    """Read a picture."""
    return Picture(pixels.to_rgb(message))
