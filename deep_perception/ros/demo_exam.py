"""An examiner for the learning demo: compares what the node publishes with the camera's truth."""

from collections import defaultdict
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import Image as ImageMessage
from vision_msgs.msg import Detection2DArray

from deep_perception import pixels
from deep_perception.drawing import draw
from deep_perception.evaluation.matching import Counts, compare_by_class
from deep_perception.predictions import Image
from deep_perception.ros.demo_hearing import Gathering, to_detections
from deep_perception.ros.messages import newest_only, reliable
from deep_perception.scenes import ALL_LABELS

TOPICS: dict[str, type] = {
    "image": ImageMessage,
    "detections": Detection2DArray,
    "truth/detections": Detection2DArray,
    "truth/ignored": Detection2DArray,
}
RECENT = 60


class DemoExam(Node):
    """Judges every answer, and keeps pictures of some that show the newcomer."""

    def __init__(self, newcomer: str, pictures: int) -> None:
        super().__init__("demo_exam")
        self.judged = 0
        self.pictures: list[Image] = []
        self._counts: dict[int, Counts] = defaultdict(Counts)
        self._newcomer, self._most = ALL_LABELS.index(newcomer), pictures
        self._gathering = Gathering(TOPICS, RECENT)
        for topic, kind in TOPICS.items():
            qos = newest_only(5) if topic == "image" else reliable(20)
            self.create_subscription(kind, topic, lambda message, topic=topic: self._hear(topic, message), qos)

    @property
    def classes(self) -> dict[str, Counts]:
        """Counts by the name of the class."""
        return {ALL_LABELS[label]: counts for label, counts in sorted(self._counts.items())}

    def _hear(self, topic: str, message: Any) -> None:
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        self._gathering.put(topic, stamp, message)
        if (heard := self._gathering.complete(stamp)) is None:
            return
        found, truth, ignored = (to_detections(heard[name]) for name in list(TOPICS)[1:])
        for label, counts in compare_by_class(found, truth, ignored).items():
            self._counts[label] += counts
        if len(self.pictures) < self._most and self._newcomer in truth.labels and self.judged % 8 == 0:
            self.pictures.append(draw(pixels.to_rgb(heard["image"]), found, ALL_LABELS))
        self.judged += 1
