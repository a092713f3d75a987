"""The demo's teacher points out the things of one class, with the header of their picture."""

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter
from robot import Robot, stamped, wait_until
from station import boxes
from vision_msgs.msg import Detection2DArray

from deep_perception.ros.demo_teacher import DemoTeacher
from deep_perception.ros.messages import to_boxes

PAWN, MUG = ("pawn", (4.0, 4.0, 20.0, 20.0), 1.0), ("mug", (30.0, 10.0, 50.0, 40.0), 1.0)


class Lesson(Robot):
    """A teacher of pawns; we play the camera that tells the truth."""

    def _make(self, overrides: list[Parameter]) -> list[Node]:
        self.node = DemoTeacher(context=self.context, parameter_overrides=overrides)
        return [self.node]

    def tell(self, stamp_s: float, *seen, hidden=(), order=("truth/detections", "truth/ignored")) -> None:
        truth = {"truth/detections": boxes(*seen), "truth/ignored": boxes(*hidden)}
        for topic in order:
            self.show(stamped(truth[topic], stamp_s), topic)


@pytest.fixture
def lesson(context):
    with Lesson(context, start=False, teaches="pawn") as lesson:
        yield lesson


def test_things_of_its_class_are_pointed_out_and_their_absence_is_said(lesson):
    heard = lesson.hear(Detection2DArray, "annotations")
    lesson.tell(1.0, PAWN, MUG)
    lesson.tell(2.0, MUG, order=("truth/ignored", "truth/detections"))
    wait_until(lambda: len(heard) == 2, "two annotations")
    first, second = heard
    assert (first.header, second.header) == (stamped(boxes(), 1.0).header, stamped(boxes(), 2.0).header)
    assert to_boxes(first) == to_boxes(boxes(PAWN))
    assert not second.detections


def test_nothing_is_said_of_a_picture_in_which_one_is_hidden(lesson):
    heard = lesson.hear(Detection2DArray, "annotations")
    lesson.tell(1.0, PAWN, hidden=[PAWN])
    lesson.tell(2.0, PAWN, hidden=[MUG])
    wait_until(lambda: bool(heard), "an annotation")
    assert [one.header.stamp.sec for one in heard] == [2]
