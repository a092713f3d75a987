"""What ROS adds to a model: `deep_perception bench` runs it as a program that prints JSON.

The camera and whoever waits for results are in this process, perception_node is in another one.
"""

import argparse
import json
import logging
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.publisher import Publisher
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image as ImageMessage

from deep_perception import pixels
from deep_perception.errors import DeepPerceptionError
from deep_perception.evaluation.contestants import OURS, contestants, picture_of
from deep_perception.evaluation.speed import THROUGH_ROS, spread_ms, take_turns
from deep_perception.models import create
from deep_perception.predictions import Image
from deep_perception.ros.demo_programs import end_with_parent
from deep_perception.ros.domain import private_domain
from deep_perception.ros.messages import ANSWERS, Output, reliable
from deep_perception.ros.node_process import NodeProcess
from deep_perception.ros.transport import make_room

CAMERA_TIMES_FASTER = 3
PATIENCE_S = 60.0
LOST_AFTER_S = 3.0
SETTLE_S = 2.0
REPLACED = "dropped: replaced by a newer one"

log = logging.getLogger("bench")


def main() -> int:
    """Measure one model; a mistake is one line and exit code 1."""
    end_with_parent()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    log.setLevel(logging.INFO)
    # An exception, so that the node ends with this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser()
    for name, kind in (("model", str), ("weights", str), ("rounds", int), ("seconds", float), ("idle-seconds", float)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    parser.add_argument("--picture", type=Path)
    try:
        measured = measure(**vars(parser.parse_args()))
    except DeepPerceptionError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    sys.stdout.write(f"{json.dumps(measured)}\n")
    return 0


def measure(
    model: str, weights: str, rounds: int, seconds: float, idle_seconds: float, picture: Path | None
) -> dict[str, Any]:
    """Return the seconds of every call, and how the node does with nothing to do and with too much."""
    make_room()
    # The node comes first: a process that has threads already had better not fork.
    with private_domain(), NodeProcess({"model": model, "weights": weights}) as node, Peer(node) as peer:
        image = picture_of(picture)
        ours = create(model, weights)
        calls = contestants(ours, image)
        peer.listen(ANSWERS[ours.task][0])
        log.info("%s: %g s without a camera", model, idle_seconds)
        idle = {"seconds": idle_seconds, "cpu_percent": node.cpu_percent(idle_seconds), "memory_mb": node.memory_mb()}
        peer.start_camera(image)
        calls[THROUGH_ROS] = peer.round_trip
        log.info("%s: %d rounds of %s", model, rounds, ", ".join(calls))
        times = take_turns(calls, rounds)
        period_s = spread_ms(times[OURS])["p50"] / 1e3 / CAMERA_TIMES_FASTER
        log.info("%s: %g s of a camera with %.0f pictures a second", model, seconds, 1 / period_s)
        overload = {**peer.overload(period_s, seconds), "memory_mb": node.memory_mb()}
        if peer.lost:
            log.warning("%s: %d pictures were published again, because no answer came", model, peer.lost)
    return {"seconds": times, "idle": idle, "overload": overload}


class Peer:
    """A camera, and whoever waits for its results."""

    def __init__(self, node: NodeProcess) -> None:
        self._perception = node
        self._answers: list[tuple[int, int]] = []
        self._replaced = 0
        self._reports = 0
        self.lost = 0

    def __enter__(self) -> "Peer":
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node(
            "bench", context=self._context, enable_rosout=False, start_parameter_services=False
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        return self

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def listen(self, answer: Output) -> None:
        """Subscribe to the node's results, and wait until it works and has calmed down."""
        self._node.create_subscription(answer.message, answer.topic, self._heard, reliable(50))
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._told, 10)
        self._wait(lambda: self._node.count_subscribers("image") > 0, "perception_node to start")
        time.sleep(SETTLE_S)

    def start_camera(self, image: Image) -> None:
        """Publish until an answer comes: discovery takes a moment, both ways."""
        self._camera: Publisher = self._node.create_publisher(ImageMessage, "image", reliable(1))
        self._picture = ImageMessage()
        pixels.fill(self._picture, image, "rgb8")
        self._wait(lambda: self._camera.get_subscription_count() > 0, "the node to hear the camera")
        self._wait(lambda: bool(self._publish() and self._answers), "the first answer")
        self._spin(SETTLE_S)

    def round_trip(self) -> None:
        """Publish a picture, and wait for its answer."""
        stamp = self._publish()
        sent = time.monotonic()
        while self._answers[-1][0] != stamp:
            self._executor.spin_once(timeout_sec=LOST_AFTER_S)
            if time.monotonic() > sent + LOST_AFTER_S:
                self._perception.check()
                self.lost += 1
                stamp, sent = self._publish(), time.monotonic()

    def overload(self, period_s: float, seconds: float) -> dict[str, Any]:
        """Publish at a steady rate that the node cannot follow."""
        self._answers.clear()
        replaced = self._replaced
        published = 0
        start = due = time.monotonic()
        while (now := time.monotonic()) < start + seconds:
            if now >= due:
                self._publish()
                published += 1
                due = max(due + period_s, now)
            self._executor.spin_once(timeout_sec=max(0.0, due - time.monotonic()))
        reports = self._reports
        self._wait(lambda: self._reports >= reports + 2, "diagnostics")
        return {
            "seconds": seconds,
            "period_ms": period_s * 1e3,
            "published": published,
            "replaced_in_node": self._replaced - replaced,
            "received_s": [(received - self._answers[0][1]) * 1e-9 for _, received in self._answers],
            "ages_s": [(received - stamp) * 1e-9 for stamp, received in self._answers],
        }

    def _publish(self) -> int:
        now = time.time_ns()
        stamp = self._picture.header.stamp
        stamp.sec, stamp.nanosec = divmod(now, 1_000_000_000)
        self._camera.publish(self._picture)
        return now

    def _heard(self, message: Any) -> None:
        stamp = message.header.stamp
        self._answers.append((stamp.sec * 1_000_000_000 + stamp.nanosec, time.time_ns()))

    def _told(self, message: DiagnosticArray) -> None:
        counts = [int(pair.value) for status in message.status for pair in status.values if pair.key == REPLACED]
        self._replaced = sum(counts)
        self._reports += 1

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            self._executor.spin_once(timeout_sec=0.1)
            self._perception.check()
            if time.monotonic() > deadline:
                said = self._perception.last_words()
                raise DeepPerceptionError(f"waited {PATIENCE_S:g} s for {what}; the node's last words: {said}")

    def _spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)


if __name__ == "__main__":
    sys.exit(main())
