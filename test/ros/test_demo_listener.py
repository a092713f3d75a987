"""What the demo hears is compared with the truth of the same picture, and every picture is accounted for."""

import time

import cv2
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from vision_msgs.msg import Classification, Detection2DArray, LabelInfo, ObjectHypothesis

from deep_perception.evaluation.matching import Counts
from deep_perception.predictions import Detections
from deep_perception.ros import demo_listener
from deep_perception.ros.demo_listener import ANNOTATED, TOPICS, DemoListener
from deep_perception.ros.messages import Naming, from_detections, latched, reliable
from deep_perception.ros.scene_camera import picture
from deep_perception.scenes import LABELS

IMAGE = np.full((48, 64, 3), 90, np.uint8)
BALL, MUG = (4.0, 4.0, 20.0, 20.0), (30.0, 10.0, 50.0, 40.0)


class Stage:
    """Plays the camera and both nodes of the demo in front of a listener."""

    def __init__(self, other: rclpy.Context) -> None:
        self.listener = DemoListener()
        self.peer = Node("peer", context=other)
        kinds = {topic: kind for topic, (kind, _) in TOPICS.items()} | {ANNOTATED: TOPICS["image"][0]}
        self.publishers = {
            topic: self.peer.create_publisher(kind, topic, latched() if topic == "label_info" else reliable(50))
            for topic, kind in kinds.items()
        }
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.listener)
        self.until(lambda: all(self.publishers[topic].get_subscription_count() for topic in TOPICS))

    def until(self, condition) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline
            self.executor.spin_once(timeout_sec=0.02)

    def publish(self, topic: str, message) -> int:
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        self.publishers[topic].publish(message)
        self.until(lambda: stamp in self.listener.arrivals[topic])
        return stamp

    def header(self) -> Header:
        return Header(stamp=self.peer.get_clock().now().to_msg(), frame_id="eye")

    def frame(self, found=None, answer: str | None = None) -> None:
        """Show a picture with a ball and a mug on wood, then these answers."""
        header = self.header()
        self.publish("image", picture(IMAGE, "rgb8", header))
        self.publish("camera_info", CameraInfo(header=header))
        self.publish("truth/detections", things(header, ("ball", BALL), ("mug", MUG)))
        self.publish("truth/ignored", things(header))
        self.publish("truth/classification", named(header, "wood"))
        if found is not None:
            self.publish("detections", things(header, *found))
        if answer:
            self.publish("classification", named(header, answer))

    def report(self, node: str, dropped: int) -> None:
        facts = {"dropped": str(dropped), "model": f"net_of_{node}", "device": "cpu"}
        status = DiagnosticStatus(name=f"{node}: /image", values=[KeyValue(key=k, value=v) for k, v in facts.items()])
        self.publish("/diagnostics", DiagnosticArray(header=self.header(), status=[status]))


def things(header: Header, *found) -> Detection2DArray:
    boxes = np.array([box for _, box in found], np.float32).reshape(-1, 4)
    labels = np.array([LABELS.index(name) for name, _ in found], np.int64)
    return from_detections(Detections(boxes, labels, np.ones(len(found), np.float32)), header, Naming(LABELS, False))


def named(header: Header, name: str) -> Classification:
    return Classification(header=header, results=[ObjectHypothesis(class_id=name, score=0.75)])


@pytest.fixture
def stage(other_context):
    rclpy.init()
    stage = Stage(other_context)
    yield stage
    stage.executor.shutdown()
    stage.listener.destroy_node()
    stage.peer.destroy_node()
    rclpy.try_shutdown()


def prepared(stage: Stage) -> None:
    stage.frame([("ball", BALL)], "wood")
    stage.publish("label_info", LabelInfo(header=stage.header(), threshold=0.5))
    stage.report("detector", 7)
    stage.report("classifier", 0)


def test_it_names_what_is_still_silent(stage):
    assert set(stage.listener.silent()) == set(TOPICS)
    stage.frame([("ball", BALL)], "wood")
    assert stage.listener.silent() == ("label_info", "/diagnostics")
    stage.publish("label_info", LabelInfo(header=stage.header(), threshold=0.5))
    stage.report("detector", 0)
    assert stage.listener.silent() == ("/diagnostics of classifier",)
    stage.report("classifier", 0)
    assert stage.listener.silent() == ()


def test_answers_are_compared_with_the_truth_of_their_picture_and_none_outside_the_window(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(demo_listener, "SHOTS", 1)
    prepared(stage)
    stage.listener.open_window(1.0)
    stage.until(lambda: stage.publishers[ANNOTATED].get_subscription_count() > 0)
    stage.publish(ANNOTATED, picture(IMAGE, "rgb8", stage.header()))
    stage.frame([("ball", BALL), ("mug", MUG)], "wood")
    stage.frame([("ball", BALL), ("can", MUG)], "metal")
    stage.frame([], "wood")
    stage.frame()
    stage.until(lambda: stage.listener.now() > stage.listener.window[1])
    stage.frame([("cone", MUG)], "metal")
    assert not stage.listener.is_settled()
    stage.report("detector", 8)
    stage.report("classifier", 0)
    assert stage.listener.is_settled()
    result = stage.listener.result(1.0, 2.0, tmp_path)
    assert result.classes == {"ball": Counts(2, 1, 0), "can": Counts(0, 0, 1), "mug": Counts(1, 2, 0)}
    assert (result.judged, result.right, result.score_threshold) == (3, 2, 0.5)
    streams = {stream.topic: stream for stream in result.streams}
    account = [
        (one.published, one.answered, one.skipped, one.lost)
        for one in (streams["detections"], streams["classification"])
    ]
    assert account == [(4, 3, 1, 0), (4, 3, 0, 1)]
    assert streams["image"].answered == 4
    assert result.facts["detector model"] == "net_of_detector"
    (shot,) = result.shots
    assert (shot.counts, shot.surface, shot.answer, shot.score) == (Counts(2, 0, 0), "wood", "wood", 0.75)
    for name in (shot.truth, shot.found, result.annotated):
        assert cv2.imread(str(tmp_path / name)).shape == IMAGE.shape


def test_a_topic_that_falls_silent_is_a_shortfall(stage, tmp_path):
    prepared(stage)
    stage.listener.open_window(0.2)
    stage.until(lambda: stage.listener.now() > stage.listener.window[1])
    shortfalls = stage.listener.result(0.2, 2.0, tmp_path).shortfalls()
    for topic in ("image", "detections", "classification", ANNOTATED):
        assert f"nothing arrived on {topic}" in shortfalls
