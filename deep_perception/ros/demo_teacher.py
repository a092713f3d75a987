"""A teacher for the demo: points out, in pictures of the scene camera, the things of one class.

It reads the camera's exact truth, as a person would look, and publishes `annotations`: boxes with the picture's stamp,
none where there is no such thing. Where one is too hidden to be sure of, it says nothing of that picture.
"""

import sys
from collections import OrderedDict
from typing import Any

from rclpy.node import Node
from vision_msgs.msg import Detection2D, Detection2DArray

from deep_perception.ros.messages import reliable
from deep_perception.ros.program import run

TOPICS = ("truth/detections", "truth/ignored")
RECENT = 50


class DemoTeacher(Node):
    """Teaches the class that the parameter `teaches` names."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__("teacher", **arguments)
        self._teaches = self.declare_parameter("teaches", "").value
        self._heard: OrderedDict[tuple[int, int], dict[str, Detection2DArray]] = OrderedDict()
        self._annotations = self.create_publisher(Detection2DArray, "annotations", reliable(20))
        for topic in TOPICS:
            self.create_subscription(
                Detection2DArray, topic, lambda message, topic=topic: self._hear(topic, message), reliable(20)
            )

    def _hear(self, topic: str, message: Detection2DArray) -> None:
        stamp = (message.header.stamp.sec, message.header.stamp.nanosec)
        both = self._heard.setdefault(stamp, {})
        both[topic] = message
        if len(both) == len(TOPICS):
            self._teach(*(both[name] for name in TOPICS))
            del self._heard[stamp]
        while len(self._heard) > RECENT:
            self._heard.popitem(last=False)

    def _teach(self, seen: Detection2DArray, hidden: Detection2DArray) -> None:
        if not self._of_class(hidden):
            self._annotations.publish(Detection2DArray(header=seen.header, detections=self._of_class(seen)))

    def _of_class(self, seen: Detection2DArray) -> list[Detection2D]:
        return [one for one in seen.detections if one.results[0].hypothesis.class_id == self._teaches]


def main(arguments: list[str] | None = None) -> int:
    """Run the teacher until it is told to stop."""
    return run(DemoTeacher, arguments)


if __name__ == "__main__":
    sys.exit(main())
