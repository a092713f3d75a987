"""What the collector keeps of what it sees, and what it says of that, over real DDS."""

import array

import cv2
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from nav_msgs.msg import Odometry
from rclpy.qos import QoSProfile, ReliabilityPolicy
from robot import picture, stamped, wait_until
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from station import EAGER, IDLE, Station, boxes
from std_msgs.msg import String
from vision_msgs.msg import Classification, LabelInfo, ObjectHypothesis, VisionClass

from deep_perception import pixels
from deep_perception.data.media import read_image
from deep_perception.data.record import HUMAN, MODEL, Tag
from deep_perception.data.targets import read_numbers
from deep_perception.data.writer import Writer
from deep_perception.ros.messages import latched

CUP = ("cup", (4.0, 4.0, 20.0, 20.0), 0.75)
CUP_BY_TEACHER = ("mug", (5.0, 4.0, 21.0, 20.0), 0.0)
FORK = ("fork", (40.0, 4.0, 60.0, 20.0), 0.5)


COLOURS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "rgb16": 6, "bgr16": 6, "yuv422": 2, "yuv422_yuy2": 2}
ENCODINGS = {**COLOURS, "mono8": 1, "mono16": 2, "bayer_rggb8": 1, "bayer_gbrg8": 1}
"""Those that cv_bridge reads as well, and the bytes of a pixel."""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "collected"


def told(record) -> list[tuple[str, str]]:
    return [(thing.name, thing.source) for thing in record.things]


def values(heard: list[DiagnosticArray]) -> dict[str, str]:
    return {pair.key: pair.value for status in heard[-1].status for pair in status.values}


def test_a_picture_is_kept_when_it_is_due_with_all_that_says_where_it_belongs(context, folder):
    with Station(context, folder, **{**EAGER, "every_s": 1.0}, image_format="png") as station:
        station.show(stamped(CameraInfo(width=64, height=48, k=[50.0, 0, 32, 0, 50, 24, 0, 0, 1]), 4.0), "camera_info")
        wait_until(lambda: station.node._cameras[0].intrinsics((48, 64)), "the camera matrix")
        for stamp in (5.0, 5.4, 6.0):
            shown = station.see(picture(stamp, frame="left_eye"))
        first, second = station.records(2)
        assert [first.stamp_ns, second.stamp_ns] == [5_000_000_000, 6_000_000_000]
        assert (first.frame_id, first.recording) == ("left_eye", second.recording)
        assert first.recording.endswith("Z_collector")
        assert first.intrinsics == (50, 0, 32, 0, 50, 24, 0, 0, 1)
        assert second.reasons == ("1 s after the last",)
        assert (first.tags, first.things, first.pixels) == (None, None, None)
        assert np.array_equal(read_image(folder / second.image), pixels.to_rgb(shown))


def test_what_is_kept_of_a_picture_is_what_cv_bridge_sees_in_it(context, folder):
    cv_bridge = pytest.importorskip("cv_bridge", reason="cv_bridge is not installed")
    rng = np.random.default_rng(0)
    with Station(context, folder, **EAGER, image_format="png") as station:
        for number, (encoding, size) in enumerate(ENCODINGS.items()):
            data = array.array("B", rng.bytes(32 * 24 * size))
            shown = Image(height=24, width=32, encoding=encoding, step=32 * size, data=data)
            station.see(stamped(shown, 5.0 + number))
            kept = read_image(folder / station.records(number + 1)[-1].image)
            assert np.array_equal(kept, cv_bridge.CvBridge().imgmsg_to_cv2(shown, "rgb8")), encoding


def test_what_a_running_model_says_is_kept_with_the_picture_of_its_exact_stamp(context, folder):
    with Station(context, folder, **EAGER, match_timeout_s=30.0) as station:
        names = LabelInfo(class_map=[VisionClass(class_id=3, class_name="table")])
        station.peer.create_publisher(LabelInfo, "label_info", latched()).publish(names)
        wait_until(lambda: station.node.class_names == {3: "table"}, "the names")
        mask, depth = Image(), Image()
        pixels.fill(mask, np.full((48, 64), 3, np.uint8), "mono8")
        pixels.fill(depth, np.full((48, 64), 1.25, np.float32), "32FC1")
        guesses = Classification(results=[ObjectHypothesis(class_id="kitchen", score=0.5)])
        kinds = {"detections": boxes(CUP), "classification": guesses, "mask": mask, "depth": depth}
        station.expect(*kinds)
        for topic, message in kinds.items():
            station.show(stamped(message, 4.9), topic)  # of another picture
        station.show(picture(5.0))
        for topic, message in kinds.items():
            station.show(stamped(message, 5.0), topic)
        [record] = station.records(1)
        assert told(record) == [("cup", MODEL)]
        assert (record.things[0].box, record.things[0].score) == (CUP[1], 0.75)
        assert record.tags == (Tag("kitchen", 0.5, MODEL),)
        assert station.node._collecting._writer.labels["pixels"] == ("__background__", "table")
        assert (np.unique(read_numbers(folder / record.pixels)).tolist(), record.pixels_source) == ([1], MODEL)
        assert np.unique(cv2.imread(str(folder / record.depth), cv2.IMREAD_UNCHANGED)).tolist() == [1250]


def test_a_picture_of_which_the_model_is_silent_goes_on_without(context, folder):
    with Station(context, folder, **EAGER, match_timeout_s=0.2) as station:
        station.expect("detections")
        station.see(picture(5.0))
        [record] = station.records(1)
        assert record.things is None
        health = station.node._cameras[0].health
        station.show(stamped(boxes(CUP), 5.0), "detections")
        wait_until(lambda: health.snapshot().ignored.get("detections too late") == 1, "the late boxes")
        assert "Set it higher" in health.snapshot().last_error


def test_masks_without_names_and_depth_of_another_size_are_left_out_and_explained(context, folder):
    with Station(context, folder, **EAGER, match_timeout_s=30.0) as station:
        mask, depth = Image(), Image()
        pixels.fill(mask, np.zeros((48, 64), np.uint8), "mono8")
        pixels.fill(depth, np.zeros((24, 32), np.uint16), "16UC1")
        station.expect("mask", "depth")
        station.show(picture(5.0))
        for topic, message in (("mask", mask), ("depth", depth)):
            station.show(stamped(message, 5.0), topic)
        [record] = station.records(1)
        assert (record.pixels, record.depth) == (None, None)
        ignored = station.node._cameras[0].health.snapshot().ignored
        assert ignored == {"masks without names": 1, "depth that cannot be used": 1}


def test_what_a_second_model_denies_makes_a_picture_worth_keeping(context, folder):
    with Station(context, folder, **{**IDLE, "disagreement": 0.5}, match_timeout_s=30.0) as station:
        station.expect("detections", "detections_other")
        for number, (stamp, other) in enumerate(((5.0, boxes(CUP)), (6.0, boxes()))):
            station.show(picture(stamp))
            station.show(stamped(boxes(CUP), stamp), "detections")
            station.show(stamped(other, stamp), "detections_other")
            wait_until(lambda: station.seen > number, "the picture to be judged")  # noqa: B023
        [record] = station.records(1)
        assert record.stamp_ns == 6_000_000_000
        assert record.reasons == ("only the model finds cup (score 0.75)",)


def test_boxes_of_a_teacher_that_come_later_take_the_place_of_those_of_the_model(context, folder):
    with Station(context, folder, **EAGER, match_timeout_s=30.0) as station:
        station.expect("detections")
        station.show(picture(5.0))
        station.show(stamped(boxes(CUP, FORK), 5.0), "detections")
        assert told(station.records(1)[0]) == [("cup", MODEL), ("fork", MODEL)]
        station.show(stamped(boxes(CUP_BY_TEACHER), 5.0), "annotations")
        wait_until(lambda: station.node._cameras[0].counts.annotated == 1, "the amendment")
        [record] = station.records(1)
        assert told(record) == [("mug", HUMAN), ("fork", MODEL)]
        assert record.things[0].score == 1.0
        assert station.set(annotations_complete=True).successful
        station.show(stamped(boxes(CUP_BY_TEACHER), 5.0), "annotations")
        wait_until(lambda: station.node._cameras[0].counts.annotated == 2, "the amendment")
        assert told(station.records(1)[0]) == [("mug", HUMAN)]


def test_a_picture_that_a_teacher_annotates_is_kept_whether_his_words_come_before_or_after_it(context, folder):
    with Station(context, folder, **IDLE) as station:
        station.show(stamped(boxes(CUP_BY_TEACHER), 6.0), "annotations")
        for stamp in (5.0, 6.0, 7.0):
            station.see(picture(stamp))
        [early] = station.records(1)
        assert (early.stamp_ns, told(early)) == (6_000_000_000, [("mug", HUMAN)])
        assert early.reasons == ("a teacher annotated it",)
        station.show(stamped(boxes(), 5.0), "annotations")
        _, late = station.records(2)
        assert (late.stamp_ns, late.things) == (5_000_000_000, ())


def test_a_teacher_may_speak_of_kept_pictures_alone(context, folder):
    with Station(context, folder, **{**EAGER, "every_s": 10.0}, keep_annotated=False) as station:
        for stamp in (5.0, 6.0):
            station.show(stamped(boxes(CUP_BY_TEACHER), stamp), "annotations")
            station.see(picture(stamp))
        [record] = station.records(1)
        assert (record.stamp_ns, told(record)) == (5_000_000_000, [("mug", HUMAN)])


def test_boxes_without_a_name_or_a_picture_are_counted_and_explained(context, folder):
    with Station(context, folder, **EAGER) as station:
        station.see(picture(5.0))
        station.records(1)
        station.show(stamped(boxes(("", (0, 0, 9, 9), 1.0), ("far", (70, 0, 90, 9), 1.0), CUP), 5.0), "annotations")
        station.show(stamped(boxes(CUP), 4.0), "annotations")
        ignored = lambda: station.node._cameras[0].health.snapshot().ignored  # noqa: E731
        wait_until(lambda: ignored().get("annotations of no picture") == 1, "the lonely annotation")
        assert ignored()["boxes of the human that cannot be used"] == 2
        assert told(station.records(1)[0]) == [("cup", HUMAN)]


def test_a_label_holds_for_all_pictures_until_it_changes(context, folder):
    with Station(context, folder, **EAGER) as station:
        said = []
        for number, label in enumerate(("", "mug", "mug", " ")):
            station.show(String(data=label), "label")
            wait_until(lambda: station.node._cameras[0]._label == label.strip(), "the label")  # noqa: B023
            station.see(picture(5.0 + number))
            said.append(station.records(number + 1)[-1].tags)
        assert said == [None, (Tag("mug"),), (Tag("mug"),), None]


def test_save_keeps_what_is_seen_now_and_the_seconds_before(context, folder):
    with Station(context, folder, **IDLE, before_s=2.0, before_rate_hz=1000.0) as station:
        assert "no picture has come" in station.call("save").message
        for stamp in (5.0, 7.5, 8.0, 9.0):
            station.see(picture(stamp))
        answer = station.call("save")
        assert (answer.success, answer.message) == (True, "saved 3 pictures")
        records = station.records(3)
        assert [record.stamp_ns / 1e9 for record in records] == [7.5, 8.0, 9.0]
        assert "were kept before" in station.call("save").message


def test_budgets_are_not_exceeded_and_what_they_refuse_is_counted(context, folder):
    with Station(context, folder, **{**EAGER, "per_minute": 2, "reserve": 0.0}) as station:
        heard = station.hear(DiagnosticArray, "/diagnostics")
        for stamp in range(5, 10):
            station.see(picture(float(stamp)))
        station.records(2)
        wait_until(lambda: bool(heard) and values(heard).get("refused: per minute") == "3", "the refusals")
        said = values(heard)
        assert (said["seen"], said["saved"], said["left of this minute"]) == ("5", "2", "0")
    with Station(context, folder, **{**EAGER, "per_minute": 2, "reserve": 0.0}) as station:
        station.see(picture(20.0))
        assert station.node._cameras[0].counts.refused == {"per minute": 1}, "a new start grants nothing"


@pytest.mark.parametrize("found_by", ["the budget", "the writer"])
def test_a_full_disk_stops_collection_with_an_error_and_start_tries_again(
    context, folder, capfd, found_by, monkeypatch
):
    if found_by == "the writer":
        monkeypatch.setattr("deep_perception.data.sampling.collection.over_budget", lambda *given: None)
    with Station(context, folder, **{**EAGER, "leave_free_mb": 1e9}) as station:
        heard = station.hear(DiagnosticArray, "/diagnostics")
        station.see(picture(5.0))
        stopped = lambda: [s for s in heard[-1].status if s.level == DiagnosticStatus.ERROR] if heard else []  # noqa: E731
        wait_until(lambda: bool(stopped()), "the error")
        assert "are free" in stopped()[0].message
        assert "Free some space" in stopped()[0].message
        assert not station.node._cameras[0].is_listening
        status = station.status()
        assert (status["collecting"], status["saved"]) == (False, 0)
        assert capfd.readouterr().err.count("Collection stops") == 1
        assert station.set(leave_free_mb=1.0).successful
        assert station.call("start").success
        station.see(picture(6.0))
        station.records(1)
        wait_until(lambda: not stopped(), "the error to go")


def test_a_bad_picture_is_counted_and_the_next_good_one_is_kept(context, folder):
    with Station(context, folder, **EAGER) as station:
        station.show(stamped(Image(height=2, width=2, step=6, encoding="jpeg9000", data=[0] * 12), 5.0))
        dropped = lambda: station.node._cameras[0].health.snapshot().dropped  # noqa: E731
        wait_until(lambda: dropped().get("unreadable: encoding") == 1, "the bad picture")
        station.see(picture(6.0))
        assert station.records(1)[0].stamp_ns == 6_000_000_000


def test_compressed_pictures_are_kept_byte_for_byte(context, folder):
    with Station(context, folder, **EAGER, image_transport="compressed") as station:
        image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
        kinds = {".jpg": "rgb8; jpeg compressed bgr8", ".png": "bgr8; png compressed bgr8"}
        contents = {suffix: cv2.imencode(suffix, image)[1].tobytes() for suffix in kinds}
        for number, (suffix, text) in enumerate(kinds.items()):
            message = CompressedImage(format=text, data=array.array("B", contents[suffix]))
            station.see(stamped(message, 5.0 + number), "image/compressed")
        for record in station.records(2):
            suffix = record.image[-4:]
            assert (folder / record.image).read_bytes() == contents.pop(suffix)
            assert (record.width, record.height) == (64, 48)


def test_a_compressed_picture_that_other_readers_would_misread_is_written_anew(context, folder):
    with Station(context, folder, **EAGER, image_transport="compressed") as station:
        mosaic = np.tile(np.array([[255, 0], [0, 0]], np.uint8), (24, 32))
        data = array.array("B", cv2.imencode(".png", mosaic)[1].tobytes())
        station.see(stamped(CompressedImage(format="bayer_rggb8; png compressed ", data=data), 5.0), "image/compressed")
        [record] = station.records(1)
        red = cv2.imread(str(folder / record.image))[..., ::-1].mean((0, 1))
        assert red[0] > 200 > 60 > red[1:].max()


def test_pictures_are_kept_every_so_many_metres(context, folder):
    with Station(context, folder, **IDLE, every_m=1.0) as station:
        for stamp, metres in ((5.0, 0.0), (6.0, 0.5), (7.0, 1.5)):
            message = Odometry()
            message.pose.pose.position.x = metres
            station.show(message, "odom")
            wait_until(lambda: station.node.position == (metres, 0.0, 0.0), "the position")  # noqa: B023
            station.see(picture(stamp))
        assert [record.reasons for record in station.records(2)] == [("the first place",), ("1.5 m from the last",)]


def test_each_camera_has_boxes_and_labels_of_its_own(context, folder):
    with Station(context, folder, **EAGER, cameras=["front", "rear"], match_timeout_s=30.0) as station:
        station.show(String(data="door"), "rear/label")
        wait_until(lambda: station.node._cameras[1]._label == "door", "the label")
        station.expect("detections")
        station.show(picture(5.0), "front/image")
        station.show(stamped(boxes(CUP), 5.0), "front/detections")
        station.records(1)
        station.see(picture(5.0), "rear/image")
        front, rear = station.records(2)
        assert (front.camera, told(front), front.tags) == ("front", [("cup", MODEL)], None)
        assert (rear.camera, rear.things, rear.tags) == ("rear", None, (Tag("door"),))


def test_time_that_goes_back_begins_another_recording(context, folder):
    with Station(context, folder, **EAGER) as station:
        for stamp in (1000.0, 10.0, 11.0):
            station.see(picture(stamp))
        before, after = station.records(2)
        assert before.recording != after.recording
        assert before.id != after.id


def test_while_it_is_stopped_the_data_set_is_free_for_others_and_nothing_is_kept(context, folder):
    with Station(context, folder, **EAGER) as station:
        station.see(picture(5.0))
        station.records(1)
        answer = station.call("stop")
        assert (answer.success, answer.message) == (True, f"{folder} holds 1 pictures, 1 of them new")
        with Writer(folder):
            refused = station.call("start")
            assert not refused.success
            assert "is being written" in refused.message
        assert not station.call("save").success
        assert station.call("start").success
        station.see(picture(6.0))
        station.records(2)
        status = station.status()
        assert {name: status[name] for name in ("collecting", "seen", "saved", "pictures")} == {
            "collecting": True,
            "seen": 2,
            "saved": 2,
            "pictures": 2,
        }
        assert status["dataset"] == str(folder)


def test_settings_change_while_it_collects_or_are_refused_with_the_reason(context, folder):
    with Station(context, folder, **IDLE) as station:
        station.see(picture(5.0))
        assert station.set(every_s=0.001).successful
        station.see(picture(6.0))
        assert station.records(1)[0].stamp_ns == 6_000_000_000
        for parameters, reason in (
            ({"dataset_dir": "/nowhere"}, "dataset_dir: can be set only while nothing is collected. Call stop first"),
            ({"cameras": ["front"]}, "cameras: can be set only when the node is started"),
            ({"uncertain_low": 0.9, "uncertain_high": 0.5}, "uncertain_low: got 0.9, expected at most"),
        ):
            result = station.set(**parameters)
            assert not result.successful
            assert reason in result.reason
        station.call("stop")
        assert station.set(dataset_dir=str(folder / "other")).successful


def test_silence_and_a_publisher_that_does_not_match_are_explained(context, other_context, folder, capfd):
    with Station(context, folder, **EAGER) as station:
        assert "nothing publishes on /image" in station.node._cameras[0].explain_silence()
        other = rclpy.create_node("teacher", context=other_context)
        best_effort = QoSProfile(reliability=ReliabilityPolicy.BEST_EFFORT, depth=1)
        other.create_publisher(String, "label", best_effort)
        said = []
        wait_until(lambda: said.append(capfd.readouterr().err) or "RELIABILITY" in "".join(said), "the explanation")
        assert "'label', offering incompatible QoS" in "".join(said)
        other.destroy_node()


def test_pictures_of_an_earlier_start_are_remembered(context, folder):
    settings = {**EAGER, "least_change": 20.0}
    with Station(context, folder, **settings) as station:
        station.see(picture(5.0))
        station.records(1)
    with Station(context, folder, **settings) as station:
        station.see(picture(5.0))
        assert station.node._cameras[0].counts.refused == {"duplicate": 1}
        station.show(stamped(boxes(CUP), 5.0), "annotations")
        wait_until(lambda: station.node._cameras[0].counts.annotated == 1, "the words of the teacher")
