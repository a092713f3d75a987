"""What the node promises, over real DDS."""

import array
import gc
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.parameter import Parameter
from robot import CLASSIFIER, DETECTOR, Robot, picture, wait_until
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Classification, Detection2DArray, LabelInfo, VisionInfo

from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.models import create, save
from deep_perception.ros.messages import latched
from deep_perception.ros.perception_node import PerceptionNode


def stamped(message, stamp_s: float):
    message.header.stamp.sec, message.header.stamp.nanosec = int(stamp_s), round(stamp_s % 1 * 1e9)
    message.header.frame_id = "camera"
    return message


def test_the_header_of_the_picture_is_on_the_answer_and_on_each_of_its_elements(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(lambda: picture(12.25, frame="left_eye"), heard)
        answer = heard[0]
        assert len(answer.detections) > 0
        for header in (answer.header, *(one.header for one in answer.detections)):
            assert (header.stamp.sec, header.stamp.nanosec, header.frame_id) == (12, 250_000_000, "left_eye")


def test_an_answer_without_findings_is_published_too(context):
    with Robot(context, **{**DETECTOR, "score_threshold": 1.0}) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)
        assert len(heard[0].detections) == 0
        assert heard[0].header.frame_id == "camera"


def test_boxes_are_in_pixels_of_the_picture_that_was_sent_and_ids_are_left_to_trackers(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(lambda: picture(height=70, width=333), heard)
        for found in heard[0].detections:
            center, box = found.bbox.center.position, found.bbox
            assert found.id == ""
            assert -0.01 <= center.x - box.size_x / 2 <= center.x + box.size_x / 2 <= 333.01
            assert -0.01 <= center.y - box.size_y / 2 <= center.y + box.size_y / 2 <= 70.01


def test_classes_are_published_best_first_and_by_name(context):
    with Robot(context, **CLASSIFIER, top_k=3) as robot:
        heard = robot.hear(Classification, "classification")
        robot.show_until(picture, heard)
        scores = [result.score for result in heard[0].results]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)
        assert all(result.class_id in robot.node._model.labels for result in heard[0].results)


def test_class_id_is_the_index_where_that_is_asked_for(context):
    with Robot(context, **CLASSIFIER, class_id="index") as robot:
        heard = robot.hear(Classification, "classification")
        robot.show_until(picture, heard)
        assert all(result.class_id.isdigit() for result in heard[0].results)


def test_of_a_burst_only_the_newest_picture_is_worked_on(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)
        slow, model = [], robot.node._model
        original = model._predict
        model._predict = lambda network, tensors: (slow.append(time.sleep(1.0)), original(network, tensors))[1]
        robot.show(picture(100.0))
        wait_until(lambda: slow == [] and not robot.node._frames._waiting, "the worker to take it")
        time.sleep(0.3)
        for number in range(1, 11):
            robot.show(picture(100.0 + number / 10))
            time.sleep(0.01)
        wait_until(lambda: any(one.header.stamp.sec == 101 for one in heard), "the newest")
        time.sleep(0.5)
        stamps = [
            one.header.stamp.sec + one.header.stamp.nanosec * 1e-9 for one in heard if one.header.stamp.sec >= 100
        ]
        assert stamps == [100.0, 101.0]
        assert robot.node._cameras[0].health.snapshot().dropped["replaced by a newer one"] == 9


def test_the_labels_and_the_model_are_told_to_whoever_comes_later(context):
    with Robot(context, **DETECTOR) as robot:
        labels = robot.hear(LabelInfo, "label_info", latched())
        models = robot.hear(VisionInfo, "vision_info", latched())
        wait_until(lambda: labels and models, "label_info and vision_info")
        assert [one.class_name for one in labels[0].class_map] == list(robot.node._model.labels)
        assert [one.class_id for one in labels[0].class_map] == list(range(len(robot.node._model.labels)))
        assert models[0].method == "fcos_shufflenet_v2_x1_0_fpn random"


def test_the_annotated_picture_is_drawn_only_while_somebody_looks(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)
        annotated = robot.hear(Image, "image_annotated")
        robot.show_until(lambda: picture(7.0), annotated)
        assert (annotated[0].encoding, annotated[0].width, annotated[0].height) == ("rgb8", 64, 48)
        assert annotated[0].header.stamp.sec == 7


def test_compressed_pictures_are_read_under_the_name_that_image_transport_gives_them(context):
    with Robot(context, **DETECTOR, image_transport="compressed") as robot:
        heard = robot.hear(Detection2DArray, "detections")
        jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
        message = stamped(CompressedImage(format="rgb8; jpeg compressed bgr8", data=array.array("B", jpeg)), 3.0)
        robot.show_until(lambda: message, heard, topic="image/compressed")
        assert heard[0].header.stamp.sec == 3


def test_several_cameras_share_one_model_and_answer_under_their_own_names(context):
    with Robot(context, **DETECTOR, cameras=["front", "rear"]) as robot:
        front, rear = (robot.hear(Detection2DArray, f"{name}/detections") for name in ("front", "rear"))
        robot.show_until(lambda: picture(1.0, frame="front_eye"), front, topic="front/image")
        robot.show_until(lambda: picture(2.0, frame="rear_eye"), rear, topic="rear/image")
        assert {one.header.frame_id for one in front} == {"front_eye"}
        assert {one.header.frame_id for one in rear} == {"rear_eye"}


BAD_PICTURES = {
    "encoding": lambda: stamped(Image(height=2, width=2, step=6, encoding="jpeg9000", data=[0] * 12), 1),
    "truncated": lambda: stamped(Image(height=48, width=64, step=192, encoding="rgb8", data=[0] * 100), 1),
    "empty": lambda: stamped(Image(height=0, width=0, step=0, encoding="rgb8"), 1),
    "step": lambda: stamped(Image(height=2, width=64, step=10, encoding="rgb8", data=[0] * 384), 1),
}


def test_bad_pictures_are_counted_and_skipped_and_the_next_good_one_is_answered(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)
        health = robot.node._cameras[0].health
        for kind, make in BAD_PICTURES.items():
            for _ in range(2):
                count = sum(health.snapshot().dropped.values())
                robot.show(make())
                wait_until(lambda: sum(health.snapshot().dropped.values()) > count, kind)  # noqa: B023
            assert health.snapshot().dropped[f"unreadable: {kind}"] == 2
        answered = len(heard)
        robot.show_until(lambda: picture(9.0), heard, answered + 1)
        assert heard[-1].header.stamp.sec == 9


def test_a_depth_picture_full_of_nan_is_answered(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        data = array.array("B", struct.pack("<f", float("nan")) * (32 * 24))
        message = stamped(Image(height=24, width=32, step=128, encoding="32FC1", data=data), 4.0)
        robot.show_until(lambda: message, heard)
        assert heard[0].header.stamp.sec == 4


def test_thresholds_and_classes_can_be_set_while_it_runs_and_take_effect(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)
        assert len(heard[-1].detections) > 1
        wanted = heard[-1].detections[0].results[0].hypothesis.class_id
        assert robot.set(classes=[wanted]).successful
        robot.show_until(picture, heard, len(heard) + 1)
        assert {one.results[0].hypothesis.class_id for one in heard[-1].detections} == {wanted}
        assert robot.set(max_detections=1).successful
        robot.show_until(picture, heard, len(heard) + 1)
        assert len(heard[-1].detections) == 1
        assert robot.set(score_threshold=1.0).successful
        robot.show_until(picture, heard, len(heard) + 1)
        assert len(heard[-1].detections) == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"score_threshold": 1.5}, "0"),
        ({"classes": ["unicorn"]}, "unknown class 'unicorn'"),
        ({"model": "fasterrcnn"}, "Nearest: fasterrcnn"),
        ({"weights": "/nowhere.pth"}, "/nowhere.pth"),
        ({"class_id": "colour"}, "one of name, index"),
        ({"device": "cpu:0"}, "only while the node is unconfigured"),
        ({"max_detections": 0}, "0"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason_and_changes_nothing(context, wrong, says):
    with Robot(context, **DETECTOR) as robot:
        before = robot.node.config
        result = robot.set(**wrong)
        assert not result.successful
        assert says in result.reason
        assert "\n" not in result.reason
        assert robot.node.config == before
        name = next(iter(wrong))
        value = robot.node.get_parameter(name).value
        assert value == (list(getattr(before, name)) if isinstance(value, list) else getattr(before, name))


def test_new_weights_take_over_between_two_pictures_and_everyone_is_told(context, tmp_path):
    file = tmp_path / "mine.safetensors"
    save(create(DETECTOR["model"], "none", labels=["__background__", "mug", "cat"]), file)
    with Robot(context, **DETECTOR) as robot:
        models = robot.hear(VisionInfo, "vision_info", latched())
        labels = robot.hear(LabelInfo, "label_info", latched())
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)
        wait_until(lambda: bool(models), "vision_info")
        version = models[-1].database_version
        assert robot.set(weights=str(file)).successful
        wait_until(lambda: models[-1].database_version == version + 1, "the new version")
        wait_until(
            lambda: [one.class_name for one in labels[-1].class_map] == ["__background__", "mug", "cat"], "labels"
        )
        robot.show_until(picture, heard, len(heard) + 1)
        assert {one.results[0].hypothesis.class_id for one in heard[-1].detections} <= {"__background__", "mug", "cat"}


def test_a_broken_checkpoint_is_refused_and_the_old_model_goes_on(context, tmp_path):
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"PK\x03\x04 this is no checkpoint")
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)
        old = robot.node._model
        result = robot.set(weights=str(broken))
        assert not result.successful
        assert str(broken) in result.reason
        assert robot.node._model is old
        robot.show_until(lambda: picture(8.0), heard, len(heard) + 1)
        assert heard[-1].header.stamp.sec == 8


def test_pictures_are_answered_while_a_swap_loads(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)
        load, during = robot.node._load, []

        def slow_load(config):
            before = len(heard)
            robot.show_until(lambda: picture(20.0), heard, before + 2)
            during.append(len(heard) - before)
            return load(config)

        robot.node._load = slow_load
        assert robot.set(weights="none").successful
        assert during[0] >= 2


def test_the_lifecycle_goes_up_and_down_twenty_times_without_leaking(context):
    with Robot(context, start=False, **DETECTOR) as robot:
        node, sizes = robot.node, []
        for _ in range(20):
            node.trigger_configure()
            node.trigger_activate()
            assert node._model is not None
            node.trigger_deactivate()
            node.trigger_cleanup()
            assert node._model is None
            gc.collect()
            sizes.append(resident_mib())
        heard = robot.hear(Detection2DArray, "detections") if robot.peer.count_publishers("detections") else None
        assert heard is None, "cleanup takes the topics away"
        assert sizes[-1] - sizes[4] < 30, sizes
        node.autostart()
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)


def test_a_deactivated_node_keeps_its_weights_and_says_nothing(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(picture, heard)
        model = robot.node._model
        robot.node.trigger_deactivate()
        count = len(heard)
        assert (
            robot.peer.count_subscribers("image") == 0
            or wait_until(lambda: robot.peer.count_subscribers("image") == 0, "unsubscribed") is None
        )
        assert robot.node._model is model
        robot.node.trigger_activate()
        robot.show_until(picture, heard, count + 1)


def test_a_recording_that_starts_again_is_followed(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(lambda: picture(1000.0), heard)
        robot.show_until(lambda: picture(10.0), heard, len(heard) + 1)
        assert heard[-1].header.stamp.sec == 10


def test_pictures_older_than_max_age_are_dropped_and_counted(context):
    with Robot(context, **DETECTOR, max_age_ms=1000.0) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        now = lambda: picture(time.time())  # noqa: E731
        robot.show_until(now, heard)
        robot.show(picture(time.time() - 60))
        health = robot.node._cameras[0].health
        wait_until(lambda: health.snapshot().dropped.get("too old") == 1, "the old picture to be dropped")


def test_diagnostics_tell_rate_age_drops_device_model_and_the_last_error(context):
    with Robot(context, **DETECTOR) as robot:
        told = robot.hear(DiagnosticArray, "/diagnostics")
        heard = robot.hear(Detection2DArray, "detections")
        robot.show_until(lambda: picture(time.time()), heard, 3)
        robot.show(stamped(BAD_PICTURES["encoding"](), time.time()))
        wait_until(lambda: bool(told) and values(told[-1])["last error"] != "", "the error in the diagnostics")
        said = values(told[-1])
        assert float(said["age p95 (ms)"]) > 0
        assert said["dropped: unreadable: encoding"] == "1"
        assert said["device"] == "cpu"
        assert said["model"].startswith("fcos_shufflenet")
        assert "jpeg9000" in said["last error"]


def test_silence_is_explained_with_the_remedy(context):
    with Robot(context, **DETECTOR) as robot:
        camera = robot.node._cameras[0]
        robot.peer.create_publisher(Image, "/camera/image_raw", 5)
        wait_until(lambda: "/camera/image_raw" in camera.explain_silence(), "the hint at the other topic")
        assert "nothing publishes on /image" in camera.explain_silence()
        assert "\n" not in camera.explain_silence()


def test_a_topic_of_another_type_is_named_with_the_parameter_to_set(context, other_context):
    with Robot(context, **DETECTOR) as robot:
        camera = robot.node._cameras[0]
        other = rclpy.create_node("camera", context=other_context)
        other.create_publisher(CompressedImage, "image", 5)
        wait_until(lambda: "carries sensor_msgs/msg/CompressedImage" in camera.explain_silence(), "the wrong type")
        other.create_publisher(CompressedImage, "front/image/compressed", 5)
        wait_until(lambda: "remap image to /front/image" in camera.explain_silence(), "the remedy")
        assert "set image_transport to compressed" in camera.explain_silence()
        other.destroy_node()


def test_an_unknown_parameter_is_an_error_that_names_the_nearest(context):
    with pytest.raises(ConfigError, match="unknown parameter 'score_treshold'. Nearest: score_threshold"):
        PerceptionNode(context=context, parameter_overrides=[Parameter("score_treshold", value=0.5)])


def test_a_node_that_cannot_start_says_why(context):
    node = PerceptionNode(context=context, parameter_overrides=[Parameter("model", value="resnet5")])
    with pytest.raises(DeepPerceptionError, match="unknown model 'resnet5'. Nearest: "):
        node.autostart()
    node.destroy_node()


def program(*arguments: str, cache: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "deep_perception.ros.perception_node", "--ros-args", *arguments]
    environment = {**os.environ, "DEEP_PERCEPTION_CACHE": str(cache)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-p", "model:=fasterrcnn"], "unknown model 'fasterrcnn'. Nearest: fasterrcnn"),
        (["-p", "model:=resnet50"], "deep_perception weights fetch resnet50"),
        (["-p", "device:=cuda:0", "-p", "weights:=none"], "device: got 'cuda:0', but"),
        (["-p", "colour:=red"], "unknown parameter 'colour'"),
    ],
)
@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="a GPU is there")
def test_at_start_a_mistake_is_one_line_and_exit_code_1(arguments, says, cache):
    process = program(*arguments, cache=cache)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    fatal = [line for line in errors.splitlines() if "FATAL" in line]
    assert len(fatal) == 1
    assert says in fatal[0]
    assert "Traceback" not in errors


def test_the_program_ends_cleanly_on_ctrl_c(cache):
    process = program("-p", "model:=shufflenet_v2_x0_5", "-p", "weights:=none", cache=cache)
    for line in process.stderr:
        if "classification by" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_something_unexpected_ends_the_process_with_a_traceback(context):
    code = """
from deep_perception.ros import perception_node as p
p.Camera.decode = lambda self, message: 1 / 0
raise SystemExit(p.main(["--ros-args", "-p", "model:=shufflenet_v2_x0_5", "-p", "weights:=none"]))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    peer = rclpy.create_node("peer", context=context)
    publisher = peer.create_publisher(Image, "image", 1)
    wait_until(lambda: publisher.get_subscription_count() > 0, "the node", 40)
    publisher.publish(picture())
    _, errors = process.communicate(timeout=20)
    peer.destroy_node()
    assert process.returncode != 0
    assert "ZeroDivisionError" in errors


def values(message: DiagnosticArray) -> dict[str, str]:
    return {pair.key: pair.value for status in message.status for pair in status.values}


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
