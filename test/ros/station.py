"""A collector for tests, with a camera and a teacher beside it."""

import json
from pathlib import Path
from typing import Any

from rclpy.node import Node
from rclpy.parameter import Parameter
from robot import Robot, stamped, wait_until
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from vision_msgs.msg import Detection2DArray

from deep_perception.data.dataset import Dataset
from deep_perception.data.record import Record, Thing
from deep_perception.ros.collector_node import CollectorNode
from deep_perception.ros.messages import Naming, from_detections
from deep_perception.ros.seen import Vocabulary
from deep_perception.ros.told import TOPICS

EAGER = {
    "every_s": 0.001,
    "least_gap_s": 0.0,
    "least_change": 0.0,
    "most_blur": 0.0,
    "most_clipped": 1.0,
    "novelty": "none",
    "per_minute": 1000,
    "leave_free_mb": 1.0,
}
"""Keep every picture."""
IDLE = {**EAGER, "every_s": 0.0, "uncertain_high": 0.0, "flicker": False}
"""Keep nothing but what is asked for."""


class Station(Robot):
    """Starts the node with these parameters, collecting into `folder`."""

    def __init__(self, context: Any, folder: Path, *, start: bool = True, **parameters: Any) -> None:
        self.folder = folder
        super().__init__(context, start=start, dataset_dir=str(folder), **parameters)

    def _make(self, overrides: list[Parameter]) -> list[Node]:
        self.node = CollectorNode(context=self.context, parameter_overrides=overrides)
        return [self.node]

    def _start(self) -> None:
        self.node.start()

    def expect(self, *topics: str, camera: int = 0) -> None:
        """Let the node know that somebody speaks on these topics, so that pictures wait for it."""
        one = self.node._cameras[camera]
        for topic in topics:
            feed, _ = one._feeds[topic]
            self.show(stamped(TOPICS[topic](), 0.5), one.prefix + topic)
            wait_until(feed.has_publisher, f"the node to know who speaks on {topic}")

    def see(self, message: Any, topic: str = "image") -> Any:
        """Publish a picture and wait until it was judged."""
        before = self.seen
        self.show(message, topic)
        wait_until(lambda: self.seen > before, "the picture to be judged")
        return message

    @property
    def seen(self) -> int:
        """How many pictures were judged."""
        return sum(camera.counts.seen for camera in self.node._cameras)

    def records(self, count: int) -> list[Record]:
        """Wait until so many pictures are on disk, and return what is said of them."""
        saved = lambda: sum(camera.counts.saved for camera in self.node._cameras)  # noqa: E731
        wait_until(lambda: saved() >= count, f"{count} pictures to be saved")
        records = list(Dataset.open(self.folder).records)
        assert len(records) == count
        return records

    def call(self, service: str) -> Trigger.Response:
        """Call a service of the node."""
        client = self.peer.create_client(Trigger, f"collector/{service}")
        assert client.wait_for_service(20)
        future = client.call_async(Trigger.Request())
        wait_until(future.done, f"an answer of {service}")
        self.peer.destroy_client(client)
        return future.result()

    def status(self) -> dict[str, Any]:
        """Ask the node how it goes."""
        return dict(json.loads(self.call("status").message))


def boxes(*things: tuple[str, tuple[float, float, float, float], float]) -> Detection2DArray:
    """Make a message of names, boxes and scores."""
    vocabulary = Vocabulary()
    found = vocabulary.detections(tuple(Thing(name, box, score) for name, box, score in things))
    return from_detections(found, Header(), Naming(vocabulary.names, by_index=False))
