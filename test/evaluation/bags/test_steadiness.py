"""How much answers change from one picture to the next, counted without tracks and without truth."""

import numpy as np
import pytest

from deep_perception.evaluation.bags.steadiness import METERS, steadiness, told
from deep_perception.evaluation.flicker import FlickerMeter
from deep_perception.predictions import Classes, Detections, LabelMap, Picture

IMAGE = np.zeros((48, 64, 3), np.uint8)


def boxes(*things):
    """Things as left, label and score; each is 10 pixels wide and high."""
    left, labels, scores = np.array(things, np.float32).reshape(-1, 3).T
    corners = np.stack([left, 0 * left, left + 10, 0 * left + 10], axis=1)
    return Detections(corners, labels.astype(np.int64), scores)


def best(*labels):
    return Classes(np.array(labels, np.int64), np.linspace(1, 0.5, len(labels), dtype=np.float32))


def counts(task, *answers):
    meter = steadiness(task)
    return [meter(IMAGE, answer) for answer in answers]


@pytest.mark.parametrize("task", [task for task, meter in METERS.items() if meter.__name__ == "BoxMeter"])
def test_boxes_that_overlap_are_the_same_thing(task):
    first, second = counts(task, boxes((0, 1, 0.9), (30, 2, 0.8)), boxes((1, 1, 0.6), (30, 3, 0.9), (50, 1, 0.7)))
    assert first == {}
    assert second == pytest.approx(
        {"pictures": 1, "pairs": 2, "label_changes": 1, "box_change": 1 - 9 / 11, "appeared": 1, "vanished": 0}
    )


def test_what_is_usually_not_shown_may_come_and_go():
    _, second = counts("detection", boxes((0, 1, 0.9), (30, 2, 0.4)), boxes((0, 1, 0.9), (50, 2, 0.3)))
    assert (second["pairs"], second["appeared"], second["vanished"]) == (1, 0, 0)


def test_each_thing_is_paired_once_the_nearest_first():
    _, second = counts("detection", boxes((0, 1, 0.9), (3, 2, 0.9)), boxes((2, 2, 0.9)))
    assert (second["pairs"], second["label_changes"], second["vanished"]) == (1, 0, 1)


def test_nothing_after_something_is_a_change():
    _, gone, still = counts("detection", boxes((0, 1, 0.9)), boxes(), boxes())
    assert (gone["vanished"], gone["pairs"]) == (1, 0)
    assert still == {"pictures": 1, "pairs": 0, "label_changes": 0, "box_change": 0, "appeared": 0, "vanished": 0}


def test_the_best_class_changes_or_not():
    said = counts("classification", best(1, 2), best(1, 3), best(2, 1), best())
    assert said == [{}, *({"pictures": 1, "changes": change} for change in (0, 1, 1))]


def test_pixels_change_where_their_class_does():
    before, after = np.zeros((2, 10, 10), np.uint8)
    after[0, :3] = 7
    assert counts("semantic_segmentation", LabelMap(before), LabelMap(after)) == [
        {},
        {"pictures": 1, "pixels": 100, "changed": 3},
    ]


def test_a_mask_of_another_size_is_not_compared():
    sizes = [LabelMap(np.zeros((side, 4), np.uint8)) for side in (4, 5)]
    assert counts("semantic_segmentation", *sizes) == [{}, {}]


def test_colours_are_followed_along_the_motion():
    rng = np.random.default_rng(0)
    video = [np.repeat(rng.integers(0, 256, (6, 8, 1), np.uint8), 8, 0).repeat(8, 1).repeat(3, 2)] * 2
    answers = [Picture(np.clip(video[0] * tint, 0, 255).astype(np.uint8)) for tint in ([1, 0.8, 0.9], [0.9, 0.8, 1])]
    meter, expected = steadiness("colorization"), FlickerMeter()
    said = [meter(image, answer) for image, answer in zip(video, answers, strict=True)]
    for image, answer in zip(video, answers, strict=True):
        expected(image, answer)
    assert said[0] == {}
    assert said[1]["compared"] == expected.total.compared > 0
    assert said[1]["change"] == pytest.approx(expected.total.change, abs=1e-3) and said[1]["change"] > 0


def test_counts_are_told_as_shares_of_what_could_have_changed():
    said = told({"pictures": 4, "pairs": 10, "label_changes": 1, "box_change": 2.5, "appeared": 6, "vanished": 2})
    assert said["figures"] == {"label changes": 0.1, "box change": 0.25, "appeared": 1.5, "vanished": 0.5}
    assert said["counts"]["pairs"] == 10


def test_without_anything_to_compare_there_is_no_figure():
    assert told({}) == {"figures": {}, "counts": {}}
    assert told({"pairs": 0, "label_changes": 0})["figures"] == {"label changes": None}
