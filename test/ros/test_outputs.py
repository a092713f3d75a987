"""What is published for each task, over real DDS."""

import array

import numpy as np
import pytest
import rclpy
from robot import SMALL, Robot, belonging, picture, stamped, wait_until
from sensor_msgs.msg import CameraInfo, Image
from vision_msgs.msg import LabelInfo

from deep_perception import pixels
from deep_perception.ros.messages import ANSWERS, latched, to_boxes
from deep_perception.scenes import Scene, render
from deep_perception.tasks import TASKS

ENCODINGS = {
    "instance_mask": "mono16",
    "mask": "mono8",
    "confidence": "mono8",
    "image_color": "rgb8",
    "image_upscaled": "rgb8",
}
SCALE = 3


def of_task(task: str) -> dict:
    more = {"scale": SCALE} if task == "super_resolution" else {}
    return {"model": SMALL[task], "weights": "none", "device": "cpu", "score_threshold": 0.0, **more}


def gray(height: int, width: int, stamp_s: float) -> Image:
    data = array.array("B", np.random.default_rng(1).integers(0, 256, height * width, np.uint8).tobytes())
    return stamped(Image(height=height, width=width, step=width, encoding="mono8", data=data), stamp_s)


PICTURES = {"colour": picture(5.0, frame="eye"), "gray": gray(48, 64, 6.0), "one pixel": gray(1, 1, 7.0)}


@pytest.mark.parametrize("task", TASKS)
def test_every_output_of_a_task_carries_the_header_of_its_picture_and_fits_its_size(context, task):
    with Robot(context, **of_task(task)) as robot:
        outputs = [output for output in ANSWERS[task] if output.message is not CameraInfo]
        heard = {output.topic: robot.hear(output.message, output.topic) for output in outputs}
        for kind, shown in PICTURES.items():
            header = robot.ask(heard[outputs[0].topic], shown).header
            assert header == shown.header, kind
            for topic, messages in heard.items():
                answer = belonging(messages, header)
                if isinstance(answer, Image):
                    factor = SCALE if topic == "image_upscaled" else 1
                    assert (answer.height, answer.width) == (factor * shown.height, factor * shown.width)
                    assert answer.encoding == ENCODINGS[topic]


def test_instance_masks_number_the_detections_of_the_same_stamp(context):
    things = {**of_task("instance_segmentation"), "weights": "TABLETOP_INSTANCES", "score_threshold": 0.3}
    shown = picture()
    pixels.fill(shown, render(Scene(3), 1.0, (240, 320)).image, "rgb8")
    with Robot(context, **things) as robot:
        boxes = robot.hear(ANSWERS["instance_segmentation"][0].message, "detections")
        masks = robot.hear(Image, "instance_mask")
        answer = robot.ask(boxes, shown)
        numbers = pixels.to_array(belonging(masks, answer.header))
        [found] = robot.node.duty.model([pixels.to_rgb(shown)])
        assert 1 < len(found) == len(answer.detections)
        assert [score for _, score, _ in to_boxes(answer)] == pytest.approx(found.scores.tolist())
        surest_first = np.argsort(-found.scores, kind="stable")
        expected = np.zeros(numbers.shape, np.uint16)
        for place in surest_first[::-1]:
            expected[found.masks[place]] = place + 1
        assert np.array_equal(numbers, expected)
        assert numbers.any()


def test_pixels_of_classes_that_are_not_wanted_are_unlabelled_in_the_mask(context):
    with Robot(context, **of_task("semantic_segmentation")) as robot:
        masks, sure = robot.hear(Image, "mask"), robot.hear(Image, "confidence")
        labels = pixels.to_array(robot.ask(masks, picture()))
        names = robot.node.duty.model.labels
        left_out = int(np.bincount(labels.ravel()).argmax())
        assert robot.set(classes=[name for name in names if name != names[left_out]]).successful
        again = robot.ask(masks, picture())
        assert np.array_equal(pixels.to_array(again), np.where(labels == left_out, 255, labels))
        assert not pixels.to_array(belonging(sure, again.header))[labels == left_out].any()


def test_label_info_tells_the_threshold_where_there_is_one_and_no_names_where_there_are_none(context):
    thresholds = {"proposals": 0.25, "instance_segmentation": 0.25, "colorization": 0.0}
    for task, threshold in thresholds.items():
        with Robot(context, **{**of_task(task), "score_threshold": 0.25}) as robot:
            told = robot.hear(LabelInfo, "label_info", latched())
            wait_until(lambda: bool(told), "label_info")  # noqa: B023
            assert told[0].threshold == threshold
            assert [one.class_name for one in told[0].class_map] == list(robot.node.duty.model.labels)
            assert bool(told[0].class_map) == (task != "colorization")


def test_a_picture_that_the_model_cannot_do_is_counted_and_skipped(context):
    with Robot(context, **{**of_task("super_resolution"), "scale": 4}) as robot:
        heard = robot.hear(Image, "image_upscaled")
        robot.ask(heard, picture())
        health = robot.node._cameras[0].health
        large = stamped(Image(height=4000, width=4000, step=4000, encoding="mono8"), 8.0)
        large.data = array.array("B", bytes(16_000_000))
        robot.show(large)
        wait_until(lambda: health.snapshot().dropped.get("cannot be done: too large") == 1, "the drop")
        assert "4000x4000" in health.snapshot().last_error
        assert robot.ask(heard, picture(9.0)).header.stamp.sec == 9


INFO = CameraInfo(height=48, width=64, k=[50.0, 0.0, 31.5, 0.0, 50.0, 23.5, 0.0, 0.0, 1.0])


def test_an_upscaled_picture_comes_with_its_camera_and_without_one_it_is_said_what_is_missing(context, monkeypatch):
    monkeypatch.setattr("deep_perception.ros.answering.PATIENCE_S", 0.0)
    with Robot(context, **of_task("super_resolution")) as robot:
        pictures, infos = robot.hear(Image, "image_upscaled"), robot.hear(CameraInfo, "image_upscaled/camera_info")
        camera = robot.node._cameras[0]
        robot.ask(pictures, picture())
        assert infos == []
        assert any("nothing has come on /camera_info" in said for said in camera.complaints._said)
        robot.show(CameraInfo(height=480, width=640), "camera_info")
        until_info(robot, pictures, camera, "is about 640x480 pixels, the pictures have 64x48")
        assert infos == []
        robot.show(stamped(INFO, 1.0), "camera_info")
        wait_until(lambda: robot.ask(pictures, picture(11.0)) and bool(infos), "the scaled camera")
        answer = belonging(pictures, infos[-1].header)
        assert (infos[-1].width, infos[-1].height) == (answer.width, answer.height) == (64 * SCALE, 48 * SCALE)
        assert infos[-1].k[2] == (31.5 + 0.5) * SCALE - 0.5


def until_info(robot, pictures, camera, said: str) -> None:
    """Show pictures until a complaint was made: camera_info travels apart from pictures."""
    wait_until(lambda: robot.ask(pictures, picture()) and any(said in one for one in camera.complaints._said), said)


def test_the_camera_info_beside_a_camera_with_a_name_is_found_as_image_transport_names_it(context):
    with Robot(context, **of_task("super_resolution"), cameras=["front"]) as robot:
        pictures = robot.hear(Image, "front/image_upscaled")
        infos = robot.hear(CameraInfo, "front/image_upscaled/camera_info")
        robot.show(stamped(INFO, 1.0), "front/camera_info")
        wait_until(lambda: robot.ask(pictures, picture(11.0), "front/image") and bool(infos), "the scaled camera")


def test_camera_info_may_be_remapped():
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", "-r", "camera_info:=/calibration", "-r", "image:=/eye/raw"], context=context)
    with Robot(context, **of_task("super_resolution")) as robot:
        assert {"/calibration", "/eye/raw"} <= {one.topic_name for one in robot.node.subscriptions}
    rclpy.try_shutdown(context=context)


def test_only_an_upscaler_asks_for_camera_info(context):
    with Robot(context, **of_task("colorization")) as robot:
        topics = {one.topic_name for one in robot.node.subscriptions}
        assert "/image" in topics
        assert "/camera_info" not in topics
