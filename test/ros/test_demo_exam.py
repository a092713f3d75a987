"""The learning demo's examiner compares each answer with the truth of the same picture."""

import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from robot import Robot, picture, stamped, wait_until
from station import boxes

from deep_perception.evaluation.matching import Counts
from deep_perception.ros.demo_exam import TOPICS, DemoExam

PAWN, MUG = ("pawn", (4.0, 4.0, 20.0, 20.0), 0.9), ("mug", (30.0, 10.0, 50.0, 40.0), 0.9)
ELSEWHERE = ("mug", (2.0, 30.0, 12.0, 44.0), 0.9)


class Examination(Robot):
    """An examiner; we play the camera and the node."""

    def _make(self, overrides: list[Parameter]) -> list[Node]:
        self.node = DemoExam("pawn", pictures=1)
        return [self.node]

    def frame(self, stamp_s: float, found, truth, ignored=()) -> None:
        """Let it see a picture, what is in it, and, unless None, what a model finds."""
        said = {"truth/detections": boxes(*truth), "truth/ignored": boxes(*ignored), "image": picture()}
        if found is not None:
            said["detections"] = boxes(*found)
        assert set(said) <= set(TOPICS)
        for topic, message in said.items():
            self.show(stamped(message, stamp_s), topic)


@pytest.fixture
def exam():
    rclpy.init()
    with Examination(rclpy.get_default_context(), start=False) as exam:
        yield exam
    rclpy.try_shutdown()


def test_answers_are_counted_by_class_and_some_pictures_are_kept(exam):
    exam.frame(1.0, found=[PAWN, ELSEWHERE], truth=[PAWN, MUG])
    wait_until(lambda: exam.node.judged == 1, "the first picture to be judged")
    assert exam.node.classes == {"mug": Counts(missed=1, wrong=1), "pawn": Counts(found=1)}
    exam.frame(2.0, found=None, truth=[PAWN])
    exam.frame(3.0, found=[PAWN, ELSEWHERE], truth=[PAWN], ignored=[ELSEWHERE])
    wait_until(lambda: exam.node.judged == 2, "the picture that was answered to be judged")
    assert exam.node.classes == {"mug": Counts(missed=1, wrong=1), "pawn": Counts(found=2)}, (
        "what is hidden is no fault"
    )
    [kept] = exam.node.pictures
    assert kept.shape == (48, 64, 3)
