"""What the node answers to the pictures it gets, over real DDS."""

import array
import struct
import threading
import time

import cv2
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from robot import CLASSIFIER, DETECTOR, Robot, picture, stamped, wait_until
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Classification, Detection2DArray, LabelInfo, VisionInfo

from deep_perception.ros.messages import latched


def test_the_header_of_the_picture_is_on_the_answer_and_on_each_of_its_elements(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        shown = picture(12.25, frame="left_eye")
        answer = robot.ask(heard, shown)
        assert len(answer.detections) > 0
        assert answer.header == shown.header
        assert all(one.header == shown.header for one in answer.detections)


def test_an_answer_without_findings_is_published_too(context):
    with Robot(context, **{**DETECTOR, "score_threshold": 1.0}) as robot:
        answer = robot.ask(robot.hear(Detection2DArray, "detections"), picture())
        assert len(answer.detections) == 0
        assert answer.header.frame_id == "camera"


def test_boxes_are_in_pixels_of_the_picture_that_was_sent_and_ids_are_left_to_trackers(context):
    with Robot(context, **DETECTOR) as robot:
        answer = robot.ask(robot.hear(Detection2DArray, "detections"), picture(height=70, width=333))
        for found in answer.detections:
            center, box = found.bbox.center.position, found.bbox
            assert found.id == ""
            assert -0.01 <= center.x - box.size_x / 2 <= center.x + box.size_x / 2 <= 333.01
            assert -0.01 <= center.y - box.size_y / 2 <= center.y + box.size_y / 2 <= 70.01


def test_classes_are_published_best_first_and_by_name(context):
    with Robot(context, **CLASSIFIER, top_k=3) as robot:
        answer = robot.ask(robot.hear(Classification, "classification"), picture())
        scores = [result.score for result in answer.results]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)
        assert all(result.class_id in robot.node.duty.model.labels for result in answer.results)


def test_class_id_is_the_index_where_that_is_asked_for(context):
    with Robot(context, **CLASSIFIER, class_id="index") as robot:
        answer = robot.ask(robot.hear(Classification, "classification"), picture())
        assert all(result.class_id.isdigit() for result in answer.results)


def test_of_a_burst_only_the_newest_picture_is_worked_on(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.ask(heard, picture())
        began, go_on = hold(robot.node.duty.model)
        robot.show(picture(100.0))
        assert began.wait(20)
        for number in range(1, 11):
            robot.show(picture(100.0 + number / 10))
            time.sleep(0.01)
        wait_until(lambda: any(seen.frame.header.stamp.sec == 101 for seen in waiting(robot)), "the last of the burst")
        go_on.set()
        wait_until(lambda: heard[-1].header.stamp.sec == 101, "the answer to the newest")
        stamps = [one.header.stamp.sec + one.header.stamp.nanosec * 1e-9 for one in heard]
        assert [stamp for stamp in stamps if stamp >= 100] == [100.0, 101.0]
        assert robot.node._cameras[0].health.snapshot().dropped["replaced by a newer one"] > 0


def test_pictures_beyond_the_rate_limit_are_dropped_and_counted(context):
    with Robot(context, **DETECTOR, max_rate_hz=0.01) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.ask(heard, picture())
        health = robot.node._cameras[0].health
        robot.show(picture(6.0))
        wait_until(lambda: health.snapshot().dropped.get("rate limit", 0) > 0, "the drop")
        assert heard[-1].header.stamp.sec == 5


def test_the_labels_and_the_model_are_told_to_whoever_comes_later(context):
    with Robot(context, **DETECTOR) as robot:
        labels = robot.hear(LabelInfo, "label_info", latched())
        models = robot.hear(VisionInfo, "vision_info", latched())
        wait_until(lambda: labels and models, "label_info and vision_info")
        assert [one.class_name for one in labels[0].class_map] == list(robot.node.duty.model.labels)
        assert [one.class_id for one in labels[0].class_map] == list(range(len(robot.node.duty.model.labels)))
        assert models[0].method == "fcos_shufflenet_v2_x1_0_fpn random"


def test_the_annotated_picture_is_drawn_only_while_somebody_looks(context):
    with Robot(context, **DETECTOR) as robot:
        draws = []
        robot.node._cameras[0].answering._results._annotated.publish = draws.append
        robot.ask(robot.hear(Detection2DArray, "detections"), picture())
        assert draws == []
        del robot.node._cameras[0].answering._results._annotated.publish
        answer = robot.ask(robot.hear(Image, "image_annotated"), picture(7.0))
        assert (answer.encoding, answer.width, answer.height, answer.header.stamp.sec) == ("rgb8", 64, 48, 7)


def test_compressed_pictures_are_read_under_the_name_that_image_transport_gives_them(context):
    with Robot(context, **DETECTOR, image_transport="compressed") as robot:
        jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
        message = stamped(CompressedImage(format="rgb8; jpeg compressed bgr8", data=array.array("B", jpeg)), 3.0)
        answer = robot.ask(robot.hear(Detection2DArray, "detections"), message, "image/compressed")
        assert answer.header.stamp.sec == 3


def test_several_cameras_share_one_model_and_answer_under_their_own_names(context):
    with Robot(context, **DETECTOR, cameras=["front", "rear"]) as robot:
        front, rear = (robot.hear(Detection2DArray, f"{name}/detections") for name in ("front", "rear"))
        robot.ask(front, picture(1.0, frame="front_eye"), "front/image")
        robot.ask(rear, picture(2.0, frame="rear_eye"), "rear/image")
        assert {one.header.frame_id for one in front} == {"front_eye"}
        assert {one.header.frame_id for one in rear} == {"rear_eye"}


BAD_PICTURES = {
    "encoding": Image(height=2, width=2, step=6, encoding="jpeg9000", data=[0] * 12),
    "truncated": Image(height=48, width=64, step=192, encoding="rgb8", data=[0] * 100),
    "empty": Image(height=0, width=0, step=0, encoding="rgb8"),
    "step": Image(height=2, width=64, step=10, encoding="rgb8", data=[0] * 384),
}


def test_bad_pictures_are_counted_and_skipped_and_the_next_good_one_is_answered(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.ask(heard, picture())
        health = robot.node._cameras[0].health
        for kind, message in BAD_PICTURES.items():
            for count in (1, 2):
                robot.show(stamped(message, 6.0))
                wait_until(lambda: health.snapshot().dropped.get(f"unreadable: {kind}") == count, kind)  # noqa: B023
        assert robot.ask(heard, picture(9.0)).header.stamp.sec == 9


def test_a_depth_picture_full_of_nan_is_answered(context):
    with Robot(context, **DETECTOR) as robot:
        data = array.array("B", struct.pack("<f", float("nan")) * (32 * 24))
        message = stamped(Image(height=24, width=32, step=128, encoding="32FC1", data=data), 4.0)
        assert robot.ask(robot.hear(Detection2DArray, "detections"), message).header.stamp.sec == 4


def test_a_recording_that_starts_again_is_followed(context):
    with Robot(context, **DETECTOR) as robot:
        heard = robot.hear(Detection2DArray, "detections")
        robot.ask(heard, picture(1000.0))
        assert robot.ask(heard, picture(10.0)).header.stamp.sec == 10


def test_pictures_older_than_max_age_are_dropped_and_counted(context):
    with Robot(context, **DETECTOR, max_age_ms=60_000.0) as robot:
        robot.ask(robot.hear(Detection2DArray, "detections"), picture(time.time()))
        health = robot.node._cameras[0].health
        robot.show(picture(time.time() - 600))
        wait_until(lambda: health.snapshot().dropped.get("too old") == 1, "the old picture to be dropped")


def test_diagnostics_tell_rate_age_drops_device_model_and_the_last_error(context):
    with Robot(context, **DETECTOR) as robot:
        told = robot.hear(DiagnosticArray, "/diagnostics")
        robot.ask(robot.hear(Detection2DArray, "detections"), picture(time.time()))
        robot.show(stamped(BAD_PICTURES["encoding"], time.time()))
        wait_until(lambda: bool(told) and values(told[-1])["last error"] != "", "the error in the diagnostics")
        said = values(told[-1])
        assert int(said["answered"]) >= 1
        assert {"rate (Hz)", "age p50 (ms)", "age p95 (ms)", "lost on the way (%)"} <= said.keys()
        assert said["dropped: unreadable: encoding"] == "1"
        assert said["device"] == "cpu"
        assert said["model"].startswith("fcos_shufflenet")
        assert "jpeg9000" in said["last error"]


def test_silence_is_explained_with_the_remedy(context):
    with Robot(context, **DETECTOR) as robot:
        camera = robot.node._cameras[0]
        robot.peer.create_publisher(Image, "/camera/image_raw", 5)
        wait_until(lambda: "/camera/image_raw: remap image" in camera.explain_silence(), "the hint at the other topic")
        assert "nothing publishes on /image" in camera.explain_silence()
        assert "image_annotated" not in camera.explain_silence(), "our own pictures are no camera"
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


@pytest.mark.parametrize("use_sim_time", [False, True])
def test_answers_come_with_and_without_simulated_time(context, use_sim_time):
    with Robot(context, **DETECTOR, use_sim_time=use_sim_time) as robot:
        robot.ask(robot.hear(Detection2DArray, "detections"), picture())


def hold(model) -> tuple[threading.Event, threading.Event]:
    """Let the next picture wait inside the model until the second event is set."""
    began, go_on, predict = threading.Event(), threading.Event(), model._predict

    def held(network, tensors, guides):
        began.set()
        assert go_on.wait(60)
        return predict(network, tensors, guides)

    model._predict = held
    return began, go_on


def waiting(robot: Robot) -> list:
    return list(robot.node.workplace.turns._frames._waiting.values())


def values(message: DiagnosticArray) -> dict[str, str]:
    return {pair.key: pair.value for status in message.status for pair in status.values}
