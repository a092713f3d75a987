"""Selective search: regions of a picture that may be things."""

import cv2
import numpy as np
import pytest

from deep_perception.errors import ModelError
from deep_perception.evaluation.matching import overlaps
from deep_perception.models.networks.detectron.selective_search import proposals
from deep_perception.scenes import Scene, render


@pytest.fixture(scope="module")
def views():
    return [render(Scene(seed), 1.0) for seed in range(3)]


def test_most_things_of_a_scene_have_a_box(views):
    found = [proposals(view.image, 1000) for view in views]
    hits = [
        overlaps(box, boxes.boxes).max() >= 0.5
        for view, boxes in zip(views, found, strict=True)
        for box in view.instances.boxes
    ]
    assert np.mean(hits) > 0.85
    assert all(len(boxes) <= 1000 for boxes in found)


def test_boxes_are_in_pixels_of_the_picture_and_scores_fall_by_rank(views):
    [found] = [proposals(views[0].image, 50)]
    assert len(found) == 50
    assert ((found.boxes >= 0) & (found.boxes <= [640, 480, 640, 480])).all()
    assert found.boxes[:, 2].max() > 600, "not of the shrunk one that was searched"
    assert (np.diff(found.scores) < 0).all()
    assert found.scores[0] == 1
    assert (found.labels == 1).all()


def test_the_same_picture_gives_the_same_boxes_in_the_same_order(views):
    one, other = proposals(views[0].image, 200), proposals(views[0].image, 200)
    np.testing.assert_array_equal(one.boxes, other.boxes)
    np.testing.assert_array_equal(one.boxes[:20], proposals(views[0].image, 20).boxes)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (300, 1), (2, 2), (7, 1000)])
def test_a_picture_without_room_for_things_has_no_boxes_or_boxes_inside(shape):
    found = proposals(np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8), 100)
    assert (found.boxes <= [shape[1], shape[0]] * 2).all()


def test_an_opencv_without_its_extra_modules_is_explained(views, monkeypatch):
    monkeypatch.delattr(cv2, "ximgproc")
    with pytest.raises(ModelError, match=r"has no ximgproc, expected .* Install opencv-contrib-python-headless"):
        proposals(views[0].image, 10)
