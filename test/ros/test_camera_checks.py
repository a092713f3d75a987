"""The checks of a camera tell, over real DDS, a good one from one that is absent, late, unstamped or no camera."""

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest
import rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from deep_perception.checks import Check
from deep_perception.ros.camera_checks import camera_checks, frame_id, rate, stamps
from deep_perception.ros.watching import Watched

Camera = Callable[..., None]
SECOND = 1_000_000_000


@pytest.fixture
def camera(context: rclpy.Context) -> Iterator[Camera]:
    """Start publishing small pictures in the background, with this age and frame_id."""
    node = rclpy.create_node("camera", context=context)
    stop, threads = Event(), []

    def publish(topic: str, kind: type, age_s: float | None, frame: str) -> None:
        publisher = node.create_publisher(kind, topic, qos_profile_sensor_data)
        while not stop.wait(0.05):
            message: Any = kind()
            if hasattr(message, "header"):
                now = time.time_ns() - int((age_s or 0) * SECOND) if age_s is not None else 0
                message.header.stamp.sec, message.header.stamp.nanosec = divmod(now, SECOND)
                message.header.frame_id = frame
            publisher.publish(message)

    def start(topic: str, kind: type = Image, age_s: float | None = 0.0, frame: str = "camera") -> None:
        threads.append(Thread(target=publish, args=(topic, kind, age_s, frame)))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()
    node.destroy_node()


def looked_at(image: str | None) -> dict[str, Check]:
    return {check.name: check for check in camera_checks(image, seconds=1.0)}


def test_a_good_camera_passes_every_check_and_is_found_by_itself(camera: Camera) -> None:
    camera("/front/image_raw")
    found = looked_at(None)
    assert list(found) == ["vision_msgs", "cameras", "QoS", "pictures", "stamps", "frame_id"]
    assert found["vision_msgs"].status == "OK"
    assert found["cameras"].finding == "/front/image_raw (Image)"
    assert "best effort" in found["QoS"].finding
    assert [found[name].status for name in ("QoS", "stamps", "frame_id")] == ["OK"] * 3


def test_a_camera_without_stamps_and_frame_is_told_what_is_missing(camera: Camera) -> None:
    camera("/front/image_raw/compressed", CompressedImage, age_s=None, frame="")
    found = looked_at("front/image_raw/compressed")
    assert "header.stamp is zero" in found["stamps"].finding
    assert found["frame_id"].status == "WARN"


def test_late_pictures_are_a_warning(camera: Camera) -> None:
    camera("/front/image_raw", age_s=3.0)
    assert looked_at("/front/image_raw")["stamps"].status == "WARN"


def test_a_topic_of_another_type_fails_with_what_it_carries(camera: Camera) -> None:
    camera("/words", String)
    camera("/front/image_raw")
    found = looked_at("/words")["image topic"]
    assert found.status == "FAIL"
    assert "std_msgs/msg/String" in found.finding
    assert "/front/image_raw" in found.remedy


def test_a_topic_that_nobody_publishes_fails_and_no_camera_at_all_is_a_warning() -> None:
    assert "nothing publishes on /front/image_raw" in looked_at("/front/image_raw")["image topic"].finding
    assert looked_at(None)["cameras"].status == "WARN"


def test_several_cameras_ask_for_a_choice_and_two_on_one_topic_are_a_warning(camera: Camera) -> None:
    camera("/left/image_raw"), camera("/right/image_raw"), camera("/right/image_raw")
    end = time.monotonic() + 10
    while "--image" not in (found := looked_at(None))["cameras"].remedy and time.monotonic() < end:
        time.sleep(0.1)  # discovery takes its time
    assert list(found) == ["vision_msgs", "cameras"]
    assert looked_at("/right/image_raw")["QoS"].status == "WARN"


def watched(**fields: Any) -> Watched:
    return Watched(seconds=1.0, **fields)


def test_lost_pictures_are_a_warning_whether_the_middleware_counts_them_or_the_stamps_tell() -> None:
    ten = [index * SECOND // 10 for index in range(40)]
    assert rate(watched(stamps_ns=ten, lost=0)).status == "OK"
    assert rate(watched(stamps_ns=ten, lost=10)).status == "WARN"
    assert rate(watched(stamps_ns=ten)).status == "OK"
    third = [stamp for index, stamp in enumerate(ten) if index % 3 == 0 or index in (1, 10)]
    found = rate(watched(stamps_ns=third))
    assert found.status == "WARN"
    assert "FASTDDS_BUILTIN_TRANSPORTS" in found.remedy


@pytest.mark.parametrize(
    ("ages", "moments", "simulated", "status"),
    [
        ([0.01, 0.02], [1, 2], False, "OK"),
        ([9.0, 9.0], [1, 2], False, "WARN"),
        ([-1.0, -1.0], [1, 2], False, "WARN"),
        ([9.0, 9.0], [1, 2], True, "OK"),
        ([0.01, 0.02], [5, 5], False, "WARN"),
        ([0.01, 0.02], [0, 0], True, "WARN"),
    ],
)
def test_stamps_that_cannot_be_matched_are_a_warning(
    ages: list[float], moments: list[int], simulated: bool, status: str
) -> None:
    assert stamps(watched(ages_s=ages, stamps_ns=moments), simulated=simulated).status == status


def test_a_changing_frame_is_a_warning() -> None:
    assert frame_id(watched(frames={"left", "right"})).status == "WARN"
    assert frame_id(watched(frames={"left"})).status == "OK"
