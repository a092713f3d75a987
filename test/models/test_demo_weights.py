"""The weights that come with the package do what the demo promises, on scenes they were not trained on."""

import cv2
import numpy as np
import pytest

from deep_perception.evaluation.demo_judges import (
    BoxJudge,
    ColourJudge,
    InstanceJudge,
    Judge,
    LargeJudge,
    PixelJudge,
    SurfaceJudge,
    Truth,
)
from deep_perception.models import create, find
from deep_perception.models.files import sha256_of
from deep_perception.models.shipped import SHIPPED
from deep_perception.predictions import UNLABELLED, Detections, LabelMap
from deep_perception.scenes import LABELS, SURFACES, Scene, render

UNSEEN = range(100, 124)
JUDGES = (BoxJudge, SurfaceJudge, InstanceJudge, PixelJudge, ColourJudge)


def truth_of(seed: int) -> Truth:
    view = render(Scene(seed), seed / 7)
    ignored = Detections(view.ignored.boxes, view.ignored.labels, view.ignored.scores)
    semantic = view.semantic.labels
    semantic[view.ignored.masks.any(axis=0)] = UNLABELLED
    return Truth(view.image, view.instances, ignored, LabelMap(semantic), view.surface)


@pytest.fixture(scope="module")
def truths() -> list[Truth]:
    return [truth_of(seed) for seed in UNSEEN]


def shipped(task: str):
    [row] = [row for row in SHIPPED if find(row.model).task == task]
    return create(row.model, row.name, device="cpu")


@pytest.mark.parametrize("kind", JUDGES)
def test_every_model_of_the_demo_is_as_good_as_the_demo_asks(kind: type[Judge], truths):
    judge, model = kind(), shipped(kind.task)
    for truth in truths:
        judge.judge(model([truth.image])[0], truth)
    assert [figure.shortfall() for figure in judge.figures()] == [""] * len(judge.figures())


def test_the_upscaler_is_nearer_to_what_a_larger_camera_sees_than_bicubic():
    model, bicubic = shipped("super_resolution"), create("bicubic", "none", scale=2, device="cpu")
    squares = {"ours": 0.0, "bicubic": 0.0}
    for seed in (100, 101, 102):
        large = render(Scene(seed), 1.0).image
        small = np.asarray(cv2.resize(large, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        for name, one in (("ours", model), ("bicubic", bicubic)):
            squares[name] += float(np.square(one([small])[0].image.astype(np.float32) - large).mean())
    assert squares["ours"] < squares["bicubic"]


def test_the_upscaler_leaves_the_picture_what_it_is(truths):
    judge, model = LargeJudge(), shipped("super_resolution")
    judge.judge(model([truths[0].image])[0], truths[0])
    assert judge.figures()[0].shortfall() == ""


def test_the_names_of_classes_come_with_the_weights():
    assert shipped("detection").labels == shipped("semantic_segmentation").labels == LABELS
    assert shipped("classification").labels == SURFACES


def test_the_shipped_files_are_small():
    assert sum(row.packaged.stat().st_size for row in SHIPPED) < 16_000_000


@pytest.mark.parametrize("row", SHIPPED, ids=lambda row: row.name)
def test_the_table_names_the_files_that_are_shipped(row):
    assert row.sha256 == sha256_of(row.packaged), "copy the new hash into models/shipped.py"
