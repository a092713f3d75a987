"""A robot for tests: a perception node in threads of its own, a camera beside it, and ears for what it says.

A crew is a robot with several models in a container.
"""

import copy
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import Executor, ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from deep_perception import pixels
from deep_perception.ros.messages import reliable
from deep_perception.ros.perception_container import PerceptionContainer
from deep_perception.ros.perception_node import PerceptionNode

DETECTOR = {"model": "fcos_shufflenet_v2_x1_0_fpn", "weights": "none", "score_threshold": 0.0, "device": "cpu"}
CLASSIFIER = {"model": "shufflenet_v2_x0_5", "weights": "none", "device": "cpu"}
SMALL = {
    "classification": "shufflenet_v2_x0_5",
    "detection": "fcos_shufflenet_v2_x1_0_fpn",
    "proposals": "rpn_shufflenet_v2_x1_0_fpn",
    "instance_segmentation": "maskrcnn_shufflenet_v2_x1_0_fpn",
    "semantic_segmentation": "lraspp_shufflenet_v2_x1_0",
    "colorization": "colorizer_shufflenet_v2_x1_0",
    "super_resolution": "bicubic",
}
"""A quick model of each task."""
PATIENCE_S = 40.0


class Spinning:
    """An executor that serves a node in a thread until it is stopped."""

    def __init__(self, executor: Executor, *nodes: Node) -> None:
        self._executor = executor
        for node in nodes:
            self._executor.add_node(node)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; not by shutting the executor down, which one that is about to wait would miss."""
        self._stopped.set()
        self._thread.join()
        self._executor.shutdown()

    def _run(self) -> None:
        with suppress(ExternalShutdownException):
            while not self._stopped.is_set():
                self._executor.spin_once(timeout_sec=0.1)


class Robot:
    """Starts the node with these parameters; `with` ends everything."""

    def __init__(self, context: rclpy.Context, *, start: bool = True, **parameters: Any) -> None:
        self.context = context
        self.nodes = self._make([Parameter(name, value=value) for name, value in parameters.items()])
        self.peer = Node("peer", context=context)
        self._spinning = (
            Spinning(MultiThreadedExecutor(4, context=context), *self.nodes),
            Spinning(SingleThreadedExecutor(context=context), self.peer),
        )
        self._publishers: dict[str, Any] = {}
        self._asked = 0
        if start:
            self._start()

    def _make(self, overrides: list[Parameter]) -> list[Node]:
        self.node = PerceptionNode(context=self.context, parameter_overrides=overrides)
        return [self.node]

    def _start(self) -> None:
        self.node.autostart()

    def __enter__(self) -> "Robot":
        return self

    def __exit__(self, *error: object) -> None:
        for spinning in self._spinning:
            spinning.stop()
        for node in (*self.nodes, self.peer):
            node.destroy_node()

    def hear(self, kind: type, topic: str, qos: QoSProfile | None = None) -> list[Any]:
        """Subscribe, and wait until what is published there reaches us; the list grows with what arrives."""
        heard: list[Any] = []
        subscription = self.peer.create_subscription(kind, topic, heard.append, qos or reliable(50))
        all_publishers = lambda: [one for node in self.nodes for one in node.publishers]  # noqa: E731
        publishers = lambda: [one for one in all_publishers() if one.topic_name == subscription.topic_name]  # noqa: E731
        wait_until(lambda: any(one.get_subscription_count() for one in publishers()), f"our ears on {topic}")
        return heard

    def show(self, message: Any, topic: str = "image") -> Any:
        """Publish a camera's message, once the node listens."""
        if topic not in self._publishers:
            self._publishers[topic] = self.peer.create_publisher(type(message), topic, reliable(50))
        publisher = self._publishers[topic]
        wait_until(lambda: publisher.get_subscription_count() > 0, f"a subscriber of {topic}")
        publisher.publish(message)
        return message

    def ask(self, heard: list[Any], message: Any, topic: str = "image") -> Any:
        """Publish a picture, again while nobody answers, and return the answer that carries its stamp."""
        deadline = time.monotonic() + PATIENCE_S
        tried = []
        while time.monotonic() < deadline:
            self._asked += 1  # so that the answer to an earlier question is not taken for this one
            message.header.stamp.nanosec = self._asked
            tried.append(copy.copy(self.show(message, topic).header.stamp))
            answers = lambda: [one for one in heard if one.header.stamp in tried]  # noqa: E731
            wait_until(lambda: bool(answers()), "an answer", 3.0, strict=False)  # noqa: B023
            if found := answers():
                message.header.stamp = copy.copy(found[0].header.stamp)
                return found[0]
        raise AssertionError(f"no answer to {topic} in {PATIENCE_S} s")

    def set(self, **parameters: Any) -> Any:
        """Set parameters as a service call does; return the result."""
        return self.node.set_parameters_atomically([Parameter(name, value=value) for name, value in parameters.items()])


class Crew(Robot):
    """Starts a container with these parameters, and the nodes in it."""

    def _make(self, overrides: list[Parameter]) -> list[Node]:
        self.container = PerceptionContainer(context=self.context, parameter_overrides=overrides)
        self.of = {node.get_name(): node for node in self.container.nodes}
        return [*self.container.nodes, self.container]

    def _start(self) -> None:
        self.container.autostart()


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_S, *, strict: bool = True) -> None:
    """Wait for a condition; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            assert not strict, f"waited {seconds} s for {what}"
            return
        time.sleep(0.005)


def belonging(heard: list[Any], header: Any) -> Any:
    """Wait for the message with the same header as another one, and return it."""
    wait_until(lambda: any(one.header == header for one in heard), f"a message of stamp {header.stamp}")
    return next(one for one in heard if one.header == header)


def picture(stamp_s: float = 5.0, *, height: int = 48, width: int = 64, frame: str = "camera") -> Image:
    """Make a camera's message: coloured noise."""
    rng = np.random.default_rng(int(stamp_s * 1000) % 2**32)
    message = Image()
    pixels.fill(message, rng.integers(0, 256, (height, width, 3), np.uint8), "rgb8")
    message.header.frame_id = frame
    message.header.stamp.sec, message.header.stamp.nanosec = int(stamp_s), round(stamp_s % 1 * 1e9)
    return message


def stamped(message: Any, stamp_s: float) -> Any:
    """Give a message a header."""
    message.header.stamp.sec, message.header.stamp.nanosec = int(stamp_s), round(stamp_s % 1 * 1e9)
    message.header.frame_id = "camera"
    return message
