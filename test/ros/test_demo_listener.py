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
from deep_perception.ros.demo_listener import ANNOTATED, ANSWERS, LABEL_INFO, NODES, TOPICS, DemoListener
from deep_perception.ros.messages import Naming, from_detections, latched, reliable
from deep_perception.ros.scene_camera import picture
from deep_perception.scenes import LABELS

IMAGE = np.full((48, 64, 3), 90, np.uint8)
BALL, MUG = (4.0, 4.0, 20.0, 20.0), (30.0, 10.0, 50.0, 40.0)


class Stage:
    """Plays the camera and the nodes of the demo in front of a listener."""

    def __init__(self, other: rclpy.Context, folder) -> None:
        self.listener = DemoListener(folder)
        self.peer = Node("peer", context=other)
        kinds = {topic: kind for topic, (kind, _) in TOPICS.items()} | {ANNOTATED: TOPICS["image"][0]}
        self.publishers = {
            topic: self.peer.create_publisher(kind, topic, latched() if topic == LABEL_INFO else reliable(50))
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
        self.publish("truth/instance_mask", picture(numbers(), "mono16", header))
        self.publish("truth/mask", picture(classes(), "mono8", header))
        if found is not None:
            self.publish("detections", things(header, *found))
        if answer:
            self.publish("classification", named(header, answer))

    def other_answers(self) -> None:
        """Answer the tasks that fill whole pictures, all of them perfectly, for one more picture."""
        header = self.header()
        self.publish("instance_segmenter/detections", things(header, ("ball", BALL), ("mug", MUG)))
        self.publish("instance_mask", picture(numbers(), "mono16", header))
        self.publish("mask", picture(classes(), "mono8", header))
        self.publish("image_color", picture(IMAGE, "rgb8", header))
        self.publish("image_upscaled", picture(np.repeat(np.repeat(IMAGE, 2, 0), 2, 1), "rgb8", header))
        self.publish("truth/instance_mask", picture(numbers(), "mono16", header))
        self.publish("truth/mask", picture(classes(), "mono8", header))
        self.publish("truth/detections", things(header, ("ball", BALL), ("mug", MUG)))
        self.publish("truth/ignored", things(header))
        self.publish("truth/classification", named(header, "wood"))
        self.publish("image", picture(IMAGE, "rgb8", header))  # in any order

    def report(self, dropped: int, *nodes: str) -> None:
        header = self.header()
        facts = {"dropped": str(dropped), "device": "cpu"}
        statuses = [
            DiagnosticStatus(
                name=f"{node}: /image",
                values=[KeyValue(key=k, value=v) for k, v in {**facts, "model": f"net_of_{node}"}.items()],
            )
            for node in nodes or NODES
        ]
        self.publish("/diagnostics", DiagnosticArray(header=header, status=statuses))


def things(header: Header, *found) -> Detection2DArray:
    boxes = np.array([box for _, box in found], np.float32).reshape(-1, 4)
    labels = np.array([LABELS.index(name) for name, _ in found], np.int64)
    return from_detections(Detections(boxes, labels, np.ones(len(found), np.float32)), header, Naming(LABELS, False))


def numbers() -> np.ndarray:
    """Which pixels belong to the ball (1) and to the mug (2)."""
    mask = np.zeros(IMAGE.shape[:2], np.uint16)
    mask[4:20, 4:20], mask[10:40, 30:50] = 1, 2
    return mask


def classes() -> np.ndarray:
    names = np.array([0, LABELS.index("ball"), LABELS.index("mug")], np.uint8)
    return names[numbers()]


def named(header: Header, name: str) -> Classification:
    return Classification(header=header, results=[ObjectHypothesis(class_id=name, score=0.75)])


@pytest.fixture
def stage(other_context, tmp_path):
    rclpy.init()
    stage = Stage(other_context, tmp_path)
    yield stage
    stage.executor.shutdown()
    stage.listener.destroy_node()
    stage.peer.destroy_node()
    rclpy.try_shutdown()


def prepared(stage: Stage) -> None:
    stage.frame([("ball", BALL)], "wood")
    stage.other_answers()
    stage.publish(LABEL_INFO, LabelInfo(header=stage.header(), threshold=0.5))
    stage.report(7, "detector")
    stage.report(0, *(node for node in NODES if node != "detector"))


def test_it_names_what_is_still_silent(stage):
    assert set(stage.listener.silent()) == set(TOPICS)
    stage.frame([("ball", BALL)], "wood")
    stage.other_answers()
    assert stage.listener.silent() == (LABEL_INFO, "/diagnostics")
    stage.publish(LABEL_INFO, LabelInfo(header=stage.header(), threshold=0.5))
    stage.report(0, *NODES[1:])
    assert stage.listener.silent() == (f"/diagnostics of {NODES[0]}",)
    stage.report(0, NODES[0])
    assert stage.listener.silent() == ()


def test_answers_are_compared_with_the_truth_of_their_picture_and_none_outside_the_window(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(demo_listener, "SHOTS", 1)
    prepared(stage)
    stage.listener.open_window(1.5)
    stage.until(lambda: stage.publishers[ANNOTATED].get_subscription_count() > 0)
    stage.publish(ANNOTATED, picture(IMAGE, "rgb8", stage.header()))
    stage.frame([("ball", BALL), ("mug", MUG)], "wood")
    stage.frame([("ball", BALL), ("can", MUG)], "metal")
    stage.frame([], "wood")
    stage.other_answers()
    stage.until(lambda: stage.listener.now() > stage.listener.window[1])
    stage.frame([("cone", MUG)], "metal")
    assert not stage.listener.is_settled()
    stage.report(8, "detector")
    stage.report(0, *(node for node in NODES if node != "detector"))
    assert stage.listener.is_settled()
    result = stage.listener.result(1.5, 2.0)
    assert result.classes == {"ball": Counts(2, 1, 0), "can": Counts(0, 0, 1), "mug": Counts(1, 2, 0)}
    assert result.score_threshold == 0.5
    figures = {(figure.task, figure.name): (figure.judged, figure.value) for figure in result.figures}
    assert figures["classification", "accuracy"] == (3, pytest.approx(2 / 3))
    assert figures["instance_segmentation", "mask IoU"] == (1, 1.0)
    assert figures["semantic_segmentation", "mean IoU"] == (1, 1.0)
    assert (
        figures["super_resolution", "agreement with the camera"][0]
        == figures["colorization", "colour error removed"][0]
        == 1
    )
    streams = {stream.topic: stream for stream in result.streams}
    account = [
        (one.published, one.answered, one.skipped, one.lost)
        for one in (streams["detections"], streams["classification"])
    ]
    assert account == [(4, 3, 1, 0), (4, 3, 0, 1)]
    assert streams["image"].answered == 4
    assert result.facts["detector model"] == "net_of_detector"
    shown = [name for shot in result.shots for _, name in shot.pictures]
    assert {shot.task for shot in result.shots} == {figure.task for figure in result.figures}
    assert all(cv2.imread(str(tmp_path / name)) is not None for name in (*shown, result.annotated))


def test_a_topic_that_falls_silent_is_a_shortfall(stage):
    prepared(stage)
    stage.listener.open_window(0.2)
    stage.until(lambda: stage.listener.now() > stage.listener.window[1])
    shortfalls = stage.listener.result(0.2, 2.0).shortfalls()
    for topic in ("image", *ANSWERS, ANNOTATED):
        assert f"nothing arrived on {topic}" in shortfalls
