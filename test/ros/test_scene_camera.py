"""The rendered camera over real DDS: pictures, and the exact truth about each of them."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from robot import Spinning, wait_until
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from vision_msgs.msg import Classification, Detection2DArray

from deep_perception import pixels
from deep_perception.config import UNSEEN_SEEDS, SceneCameraConfig
from deep_perception.errors import ConfigError
from deep_perception.ros.messages import newest_only, reliable, to_boxes
from deep_perception.ros.scene_camera import SceneCamera, view
from deep_perception.scenes import LABELS, SURFACES

SMALL = {"width": 96, "height": 64, "rate_hz": 20.0, "seed": 5, "scene_s": 0.2, "frame_id": "eye"}
TOPICS = {
    "image": Image,
    "camera_info": CameraInfo,
    "truth/detections": Detection2DArray,
    "truth/ignored": Detection2DArray,
    "truth/classification": Classification,
}


class Studio:
    """A scene camera and a listener, each in a thread; `with` ends both."""

    def __init__(self, context: rclpy.Context, other: rclpy.Context, **parameters) -> None:
        self.listener = Node("listener", context=other)
        overrides = [Parameter(name, value=value) for name, value in {**SMALL, **parameters}.items()]
        self._make = lambda: SceneCamera(context=context, parameter_overrides=overrides)
        self._contexts = {"camera": context, "listener": other}

    def __enter__(self) -> "Studio":
        self.heard = {topic: self.hear(topic, kind) for topic, kind in TOPICS.items()}
        self.camera = self._make()
        nodes = {"camera": self.camera, "listener": self.listener}
        self._spinning = [
            Spinning(SingleThreadedExecutor(context=context), node)
            for context, node in zip(self._contexts.values(), nodes.values(), strict=True)
        ]
        return self

    def __exit__(self, *error: object) -> None:
        for spinning in self._spinning:
            spinning.stop()
        self.camera.destroy_node()
        self.listener.destroy_node()

    def hear(self, topic: str, kind: type) -> dict[int, object]:
        heard: dict[int, object] = {}
        qos = newest_only(20) if kind is Image else reliable(50)
        self.listener.create_subscription(kind, topic, lambda message: heard.update({stamp(message): message}), qos)
        return heard

    def complete(self) -> list[int]:
        """Stamps of the pictures of which everything has arrived."""
        return sorted(set.intersection(*(set(heard) for heard in self.heard.values())))


def stamp(message) -> int:
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


@pytest.fixture
def studio(context, other_context):
    return lambda **parameters: Studio(context, other_context, **parameters)


def settings(**changes) -> SceneCameraConfig:
    return SceneCameraConfig(**{**SMALL, **changes})


def frame_of(image: np.ndarray, config) -> int:
    """The number of the frame that has these pixels."""
    return next(number for number in range(400) if np.array_equal(view(config, number).image, image))


def test_the_truth_has_the_header_of_its_picture_and_is_what_was_rendered(studio):
    with studio() as here:
        wait_until(lambda: len(here.complete()) >= 3, "pictures with their truth")
        chosen = here.complete()[:3]
        config = here.camera.config
        messages = [{topic: heard[one] for topic, heard in here.heard.items()} for one in chosen]
    for seen in messages:
        image = pixels.to_rgb(seen["image"])
        exact = view(config, frame_of(image, config))
        for topic, instances in (("truth/detections", exact.instances), ("truth/ignored", exact.ignored)):
            boxes = to_boxes(seen[topic])
            assert [name for name, _, _ in boxes] == [LABELS[label] for label in instances.labels]
            assert np.array_equal(np.array([box for _, _, box in boxes]).reshape(-1, 4), instances.boxes)
            assert {(one.header.frame_id, stamp(one)) for one in seen[topic].detections} <= {
                ("eye", stamp(seen["image"]))
            }
        assert seen["truth/classification"].results[0].class_id == SURFACES[exact.surface.labels[0]]
        assert {message.header.frame_id for message in seen.values()} == {"eye"}


def test_pictures_are_stamped_now_and_shaped_as_asked(studio):
    with studio() as here:
        before = time.time_ns()
        wait_until(lambda: len(here.complete()) >= 5, "pictures")
        stamps, after = here.complete(), time.time_ns()
        image, info = (here.heard[topic][stamps[-1]] for topic in ("image", "camera_info"))
    assert all(before - 2e9 < one <= after for one in stamps)
    assert (image.encoding, image.width, image.height, image.step) == ("rgb8", 96, 64, 288)
    assert (info.width, info.height, info.distortion_model, list(info.d)) == (96, 64, "plumb_bob", [0.0] * 5)
    assert info.k[0] == info.k[4] > 0
    assert (info.k[2], info.k[5]) == (47.5, 31.5)
    assert list(info.p) == [*info.k[:3], 0, *info.k[3:6], 0, *info.k[6:], 0]


def test_depth_comes_while_somebody_subscribes(studio):
    with studio() as here:
        wait_until(lambda: len(here.complete()) >= 1, "pictures")
        depth = here.hear("truth/depth", Image)
        wait_until(lambda: bool(set(depth) & set(here.complete())), "depth with its picture")
        at = max(set(depth) & set(here.complete()))
        metres = pixels.to_array(depth[at])
        config, image = here.camera.config, pixels.to_rgb(here.heard["image"][at])
    assert depth[at].encoding == "32FC1"
    assert np.array_equal(metres, view(config, frame_of(image, config)).depth)


def test_another_scene_follows_after_the_time_set():
    config = settings(scene_s=0.2, rate_hz=10.0)
    same, other = view(config, 1), view(config, 2)
    assert not np.array_equal(view(config, 0).pose, same.pose), "the camera moves"
    assert not np.array_equal(view(config, 0).image, other.image)
    assert np.array_equal(other.image, view(settings(scene_s=0.2, rate_hz=10.0, seed=6), 0).image)


def test_no_scene_is_one_that_the_models_in_the_package_learnt_from():
    training = pytest.importorskip("dev.train_demo_weights", reason="only in a checkout")
    assert min(training.TRAINING_SEEDS, training.HELD_OUT_SEEDS) >= UNSEEN_SEEDS
    last = settings(seed=UNSEEN_SEEDS - 1)
    assert np.array_equal(view(last, 4).image, view(settings(seed=0), 0).image), "it goes on with the first"


def test_it_goes_by_the_clock_of_a_simulation(studio):
    with studio(use_sim_time=True) as here:
        clock = here.listener.create_publisher(Clock, "/clock", 10)
        now = 100.0
        deadline = time.monotonic() + 20
        while not here.complete() and time.monotonic() < deadline:
            now += 0.05
            message = Clock()
            message.clock.sec, message.clock.nanosec = int(now), int(now % 1 * 1e9)
            clock.publish(message)
            time.sleep(0.02)
        assert here.complete()
        assert 100e9 <= here.complete()[-1] <= now * 1e9


def test_a_machine_that_is_too_slow_is_told_once(studio, capfd):
    with studio(rate_hz=200.0, width=320, height=240) as here:
        wait_until(lambda: here.camera._is_slow, "the warning", 120)
        wait_until(lambda: len(here.complete()) > 3, "pictures all the same")
    time.sleep(0.1)
    said = [line for line in capfd.readouterr().err.splitlines() if "on this machine" in line]
    assert len(said) == 1
    assert "instead of 200. Set a lower rate_hz" in said[0]


def test_settings_are_refused_while_it_runs_and_checked_at_the_start(context):
    camera = SceneCamera(
        context=context, parameter_overrides=[Parameter("width", value=64), Parameter("height", value=48)]
    )
    refused = camera.set_parameters([Parameter("width", value=128)])[0]
    assert (refused.successful, refused.reason) == (False, "width: can be set only at the start")
    camera.destroy_node()
    with pytest.raises(ConfigError, match="rate_hz out of range"):
        SceneCamera(context=context, parameter_overrides=[Parameter("rate_hz", value=0.0)])


def test_the_program_refuses_a_wrong_seed_in_one_line():
    command = [sys.executable, "-m", "deep_perception.ros.scene_camera", "--ros-args", "-p", "seed:=-1"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ))
    assert ended.returncode == 1
    assert "seed out of range. Min: 0, Max: 999999, value: -1" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr
