"""What a model is told about a picture over a topic reaches it with that picture, or is explained."""

import itertools
import time

import numpy as np
import pytest
from robot import PATIENCE_S, Robot, belonging, picture, stamped, wait_until
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesis, ObjectHypothesisWithPose

from deep_perception import pixels
from deep_perception.predictions import ColourHints, Detections
from deep_perception.ros.guides import hints
from deep_perception.ros.messages import Naming, from_detections

JUDGE = {
    "model": "fastrcnn_shufflenet_v2_x1_0_fpn",
    "weights": "none",
    "device": "cpu",
    "score_threshold": 0.0,
    "max_detections": 3,
}
UPSCALER = {"model": "bicubic", "weights": "none", "device": "cpu", "scale": 2}
SECONDS = itertools.count(10)
PAINTER = {"model": "colorizer_siggraph17", "weights": "none", "device": "cpu"}


def proposals(*boxes: tuple[float, float, float, float]) -> Detection2DArray:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    found = Detections(array, np.ones(len(array), np.int64), np.ones(len(array), np.float32))
    return from_detections(found, Header(), Naming(("", "object"), by_index=False))


def listen_in(robot: Robot) -> list:
    """Note what the model is told with each picture."""
    told, predict = [], robot.node.duty.model._predict

    def heard(network, tensors, guides):
        told.extend(guides)
        return predict(network, tensors, guides)

    robot.node.duty.model._predict = heard
    return told


def guide(robot: Robot, answers: list, guides: Detection2DArray, shown: Image, topics=("image", "proposals")):
    """Show a picture and its proposals, again until it is answered; return the answer."""
    robot.show(stamped(guides, 0.5), topics[1])  # so that whoever waits for them knows that somebody sends them
    deadline = time.monotonic() + PATIENCE_S
    for second in SECONDS:
        robot.show(stamped(shown, second), topics[0])
        robot.show(stamped(guides, second), topics[1])
        arrived = lambda: any(one.header == shown.header for one in answers)  # noqa: E731
        wait_until(arrived, "an answer", 3.0, strict=False)
        if arrived():
            return belonging(answers, shown.header)
        assert time.monotonic() < deadline, "no answer"
    raise AssertionError


def counts(robot: Robot) -> dict[str, int]:
    snapshot = robot.node._cameras[0].health.snapshot()
    return {**snapshot.dropped, **snapshot.ignored}


def test_a_detector_judges_the_proposals_with_the_stamp_of_its_picture(context):
    with Robot(context, **JUDGE) as robot:
        told, answers = listen_in(robot), robot.hear(Detection2DArray, "detections")
        answer = guide(robot, answers, proposals((4, 6, 30, 40), (10, 10, 20, 20)), picture())
        assert told[-1].boxes.tolist() == [[4, 6, 30, 40], [10, 10, 20, 20]]
        assert answer.header.frame_id == "camera"


def test_proposals_with_another_stamp_and_pictures_without_any_are_counted_and_explained(context):
    with Robot(context, **JUDGE) as robot:
        answers = robot.hear(Detection2DArray, "detections")
        guide(robot, answers, proposals((4, 6, 30, 40)), picture())
        answered = len(answers)
        waiting = robot.node._cameras[0]._attention.pairing._frames
        for count, stamp in enumerate((2000.0, 2001.0), 1):
            robot.show(picture(stamp))
            wait_until(lambda: len(waiting) == count, "the picture to wait for proposals")  # noqa: B023
        robot.show(stamped(proposals((4, 6, 30, 40)), 2000.5), "proposals")
        wait_until(lambda: counts(robot).get("proposals of no picture", 0) > 0, "the proposals to be counted")
        robot.show(stamped(proposals((4, 6, 30, 40)), 2002.0), "proposals")
        wait_until(lambda: counts(robot).get("no proposals of its stamp", 0) > 1, "the pictures to be counted")
        assert len(answers) == answered
        assert "stamps of some pictures" in robot.node._cameras[0].health.snapshot().last_error
        assert guide(robot, answers, proposals((1, 1, 9, 9)), picture()).header.frame_id == "camera"


def test_where_nobody_publishes_proposals_the_detector_searches_itself_and_says_so(context, capfd):
    with Robot(context, **JUDGE) as robot:
        told, answers = listen_in(robot), robot.hear(Detection2DArray, "detections")
        robot.ask(answers, picture())
        assert told[-1] is None
        assert "nobody publishes proposals on /proposals: the model searches" in capfd.readouterr().err
        guide(robot, answers, proposals((4, 6, 30, 40)), picture())
        assert told[-1] is not None
        assert "proposals come from /proposals" in capfd.readouterr().err


def test_boxes_outside_of_the_picture_are_left_out_and_explained(context):
    with Robot(context, **JUDGE) as robot:
        told, answers = listen_in(robot), robot.hear(Detection2DArray, "detections")
        strange = [(float("nan"), 0.0, 5.0, 5.0), (500.0, 500.0, 600.0, 600.0), (30.0, 30.0, 30.0, 40.0)]
        guide(robot, answers, proposals((-9, 6, 30, 40)), picture())
        strange += [(-1e300, 0.0, 1e300, 9.0)]
        messages = proposals(*[(0, 0, 1, 1)] * len(strange), (-9, 6, 30, 40))
        for one, box in zip(messages.detections, strange, strict=False):
            x1, y1, x2, y2 = box
            one.bbox.center.position.x, one.bbox.center.position.y = (x1 + x2) / 2, (y1 + y2) / 2
            one.bbox.size_x, one.bbox.size_y = x2 - x1, y2 - y1
        messages.detections[-1].results = []
        guide(robot, answers, messages, picture())
        assert told[-1].boxes.tolist() == [[0, 0, 64, 9], [0, 6, 30, 40]]
        assert counts(robot)["proposals that cannot be used"] == 3
        assert "3 of 5 boxes hold nothing of a picture of 64x48" in robot.node._cameras[0].health.snapshot().last_error


def test_each_camera_has_proposals_of_its_own(context):
    with Robot(context, **JUDGE, cameras=["front", "rear"]) as robot:
        told, answers = listen_in(robot), robot.hear(Detection2DArray, "rear/detections")
        guide(robot, answers, proposals((1, 2, 3, 4)), picture(), ("rear/image", "rear/proposals"))
        assert told[-1].boxes.tolist() == [[1, 2, 3, 4]]


def test_a_detector_without_a_guide_asks_nobody_and_one_that_takes_over_does(context):
    with Robot(context, **{**JUDGE, "model": "fcos_shufflenet_v2_x1_0_fpn"}) as robot:
        listened = lambda: {one.topic_name for one in robot.node.subscriptions}  # noqa: E731
        assert "/proposals" not in listened()
        assert robot.set(model=JUDGE["model"]).successful
        assert "/proposals" in listened()
        told, answers = listen_in(robot), robot.hear(Detection2DArray, "detections")
        guide(robot, answers, proposals((4, 6, 30, 40)), picture())
        assert told[-1] is not None
        assert robot.set(model="fcos_shufflenet_v2_x1_0_fpn").successful
        assert "/proposals" not in listened()
        assert robot.ask(answers, picture(3000.0)).header.stamp.sec == 3000


def test_an_upscaler_takes_its_regions_from_the_topic_that_is_named(context):
    with Robot(context, **UPSCALER) as robot:
        told, answers = listen_in(robot), robot.hear(Image, "image_upscaled")
        robot.ask(answers, picture())
        assert told[-1] is None
        assert robot.set(roi_topic="faces").successful
        answer = guide(robot, answers, proposals((8, 8, 16, 16)), picture(), ("image", "faces"))
        assert told[-1].boxes.tolist() == [[8, 8, 16, 16]]
        assert (answer.width, answer.height) == (128, 96)
        refused = robot.set(roi_topic="no such/topic")
        assert not refused.successful
        assert "expected a topic" in refused.reason


def hint(x: float, y: float, colour: str, side: float = 0.0) -> Detection2D:
    one = Detection2D(results=[ObjectHypothesisWithPose(hypothesis=ObjectHypothesis(class_id=colour, score=1.0))])
    one.bbox.center.position.x, one.bbox.center.position.y = float(x), float(y)
    one.bbox.size_x = one.bbox.size_y = float(side)
    return one


def test_colour_hints_stay_in_force_until_others_come(context, monkeypatch):
    monkeypatch.setattr("deep_perception.models.networks.zhang_eccv16.INPUT_SIZE", (64, 64))
    with Robot(context, **PAINTER) as robot:
        told, answers = listen_in(robot), robot.hear(Image, "image_color")
        plain = pixels.to_rgb(robot.ask(answers, picture()))
        assert told[-1] is None
        robot.show(Detection2DArray(detections=[hint(32, 24, "#ff0000", 40), hint(1, 1, "red")]), "color_hints")
        latest = robot.node._cameras[0]._attention.pairing
        wait_until(lambda: latest._guide is not None, "the hints")
        for second in (20.0, 21.0):
            hinted = pixels.to_rgb(robot.ask(answers, stamped(picture(), second)))
            assert isinstance(told[-1], ColourHints)
            assert (len(told[-1]), told[-1].colours[0].tolist()) == (5, [255, 0, 0])
        assert not np.array_equal(hinted, plain)
        assert counts(robot)["colour hints that cannot be used"] == 2
        assert "got the colour 'red', expected #rrggbb" in robot.node._cameras[0].health.snapshot().last_error
        robot.show(Detection2DArray(), "color_hints")
        wait_until(lambda: not latest._guide.detections, "the hints to be cleared")
        robot.ask(answers, picture(22.0))
        assert len(told[-1]) == 0


@pytest.mark.parametrize(
    ("one", "points"),
    [
        (hint(10, 12, "#00FF7f"), [[10, 12]]),
        (hint(10, 12, "#00FF7f", 8), [[10, 12], [8, 10], [8, 14], [12, 10], [12, 14]]),
        (hint(1, 1, "#00FF7f", 8), [[1, 1], [3, 3]]),
        (hint(64, 12, "#00FF7f"), []),
        (hint(10, 12, "00FF7f"), []),
        (hint(float("nan"), 12, "#00FF7f"), []),
        (Detection2D(), []),
    ],
)
def test_a_hint_is_a_point_or_the_five_points_of_a_box(one, points):
    read = hints(Detection2DArray(detections=[one]), (48, 64))
    assert read.guide.points.tolist() == points
    assert read.refused == (0 if points else 1)
