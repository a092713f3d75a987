"""The judges of the demo: the truth itself is perfect, and each mistake costs what it should."""

import cv2
import numpy as np
import pytest

from deep_perception.evaluation.demo_judges import (
    BoxJudge,
    ColourJudge,
    InstanceJudge,
    LargeJudge,
    PixelJudge,
    SurfaceJudge,
    Truth,
    gray,
)
from deep_perception.predictions import Classes, Detections, Instances, LabelMap, Picture
from deep_perception.scenes import Scene, render


@pytest.fixture(scope="module")
def truth() -> Truth:
    view = render(Scene(5), 1.0, (120, 160))
    ignored = Detections(view.ignored.boxes, view.ignored.labels, view.ignored.scores)
    return Truth(view.image, view.instances, ignored, view.semantic, view.surface)


def answer_of(kind: type, truth: Truth) -> object:
    """What a perfect model would say."""
    return {
        BoxJudge: Detections(truth.things.boxes, truth.things.labels, truth.things.scores),
        InstanceJudge: truth.things,
        SurfaceJudge: truth.surface,
        PixelJudge: truth.semantic,
        ColourJudge: Picture(truth.image),
        LargeJudge: Picture(np.repeat(np.repeat(truth.image, 2, axis=0), 2, axis=1)),
    }[kind]


JUDGES = (BoxJudge, InstanceJudge, SurfaceJudge, PixelJudge, ColourJudge, LargeJudge)


@pytest.mark.parametrize("kind", JUDGES)
def test_a_perfect_answer_has_no_shortfall_and_can_be_looked_at(kind, truth):
    judge, answer = kind(), answer_of(kind, truth)
    assert judge.judge(answer, truth)
    assert [figure.shortfall() for figure in judge.figures()] == [""] * len(judge.figures())
    shown = judge.show(answer, truth)
    assert len(shown) in (2, 3)
    assert all(image.dtype == np.uint8 and image.shape[2] == 3 for _, image in shown)


@pytest.mark.parametrize("kind", JUDGES)
def test_who_judged_nothing_says_so(kind):
    assert all("no answer was compared" in figure.shortfall() for figure in kind().figures())


def figures(judge) -> dict[str, float]:
    return {figure.name: figure.value for figure in judge.figures()}


def test_a_missed_thing_costs_recall_and_a_made_up_one_precision(truth):
    judge, things = BoxJudge(), truth.things
    judge.judge(Detections(things.boxes[1:], things.labels[1:], things.scores[1:]), truth)
    assert figures(judge) == {"recall": 1 - 1 / len(things), "precision": 1.0}
    judge = BoxJudge()
    boxes = np.concatenate([things.boxes, [[0, 0, 3, 3]]]).astype(np.float32)
    judge.judge(Detections(boxes, np.append(things.labels, 1), np.append(things.scores, 1).astype(np.float32)), truth)
    assert figures(judge) == {"recall": 1.0, "precision": pytest.approx(len(things) / (len(things) + 1))}


def test_half_a_mask_is_half_an_overlap(truth):
    judge, things = InstanceJudge(), truth.things
    half = things.masks.copy()
    for mask in half:
        inside = np.argwhere(mask)
        mask[tuple(inside[: len(inside) // 2].T)] = False
    judge.judge(Instances(things.boxes, things.labels, things.scores, half), truth)
    assert figures(judge)["mask IoU"] == pytest.approx(0.5, abs=0.02)


def test_a_wrong_table_top_is_named(truth):
    judge, other = SurfaceJudge(), (truth.surface.labels + 1) % 5
    assert "wrong: it is" in judge.judge(Classes(other, np.ones(1, np.float32)), truth)
    assert figures(judge) == {"accuracy": 0.0}


def test_pixels_named_background_cost_the_overlap_of_every_class(truth):
    judge = PixelJudge()
    judge.judge(LabelMap(np.zeros_like(truth.semantic.labels)), truth)
    assert figures(judge)["mean IoU"] < 0.5


def test_leaving_a_picture_gray_removes_no_colour_error(truth):
    judge = ColourJudge()
    judge.judge(Picture(gray(truth.image)), truth)
    assert figures(judge)["colour error removed"] == pytest.approx(0)
    assert judge.figures()[0].shortfall()


def test_a_large_picture_of_something_else_does_not_agree_with_the_camera(truth):
    judge = LargeJudge()
    large = cv2.resize(truth.image[::-1], None, fx=2, fy=2)
    judge.judge(Picture(np.asarray(large, np.uint8)), truth)
    assert figures(judge)["agreement with the camera"] < 25
