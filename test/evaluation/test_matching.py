"""Right, missed and made-up boxes are counted as people count them."""

import numpy as np
import pytest

from deep_perception.evaluation.matching import Counts, compare, compare_by_class, overlaps
from deep_perception.predictions import Detections

BOX = (10, 10, 20, 20)
AWAY = (50, 50, 60, 60)
HALF = (10, 10, 20, 15)
"""Overlaps BOX by exactly 0.5."""


def boxes(*rows: tuple[tuple[float, ...], int, float]) -> Detections:
    return Detections(
        np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4),
        np.array([label for _, label, _ in rows], np.int64),
        np.array([score for _, _, score in rows], np.float32),
    )


def test_overlap_is_the_common_area_of_the_joint_area():
    found = overlaps(
        np.array(BOX, np.float32), np.array([BOX, HALF, AWAY, (15, 10, 25, 20), (12, 12, 12, 12)], np.float32)
    )
    assert found.tolist() == pytest.approx([1, 0.5, 0, 1 / 3, 0])


def test_a_box_that_overlaps_exactly_by_the_threshold_is_found():
    assert compare(boxes((HALF, 1, 0.9)), boxes((BOX, 1, 1))) == Counts(found=1)
    assert compare(boxes((HALF, 1, 0.9)), boxes((BOX, 1, 1)), iou_threshold=0.51) == Counts(missed=1, wrong=1)


def test_a_box_of_another_class_is_wrong_and_the_true_one_missed():
    assert compare(boxes((BOX, 2, 0.9)), boxes((BOX, 1, 1))) == Counts(missed=1, wrong=1)


def test_a_true_box_is_found_once_and_what_repeats_it_is_wrong():
    assert compare(boxes((BOX, 1, 0.9), (BOX, 1, 0.8)), boxes((BOX, 1, 1))) == Counts(found=1, wrong=1)


def test_the_best_score_chooses_first_whatever_the_order():
    between, lower = (10, 12, 20, 24), (10, 15, 20, 27)
    truth = boxes((BOX, 1, 1), ((10, 13, 20, 25), 1, 1))  # the second fits both best, the first only `between`
    greedy = compare(boxes((lower, 1, 0.2), (between, 1, 0.9)), truth)
    assert greedy == Counts(found=1, missed=1, wrong=1)
    assert compare(boxes((between, 1, 0.2), (lower, 1, 0.9)), truth) == Counts(found=2)


def test_what_matches_a_thing_that_does_not_count_counts_neither_way():
    hidden = boxes((AWAY, 1, 1))
    assert compare(boxes((AWAY, 1, 0.9), (AWAY, 2, 0.8)), boxes(), hidden) == Counts()
    assert compare(boxes((BOX, 1, 0.9)), boxes(), hidden) == Counts(wrong=1)
    assert compare(boxes(), boxes((BOX, 1, 1)), hidden) == Counts(missed=1)


def test_nothing_against_nothing_is_perfect_and_nothing_against_something_is_not():
    assert (Counts().recall, Counts().precision) == (1, 1)
    assert compare(boxes(), boxes()) == Counts()
    assert compare(boxes(), boxes((BOX, 1, 1))).recall == 0
    assert compare(boxes((BOX, 1, 1)), boxes()).precision == 0


def test_counts_of_pictures_add_up():
    total = Counts(8, 2, 1) + Counts(1, 0, 3)
    assert total == Counts(9, 2, 4)
    assert (total.recall, total.precision) == (9 / 11, 9 / 13)


def test_the_classes_add_up_to_the_whole():
    rng = np.random.default_rng(0)

    def crowd(count: int) -> Detections:
        corner = rng.uniform(0, 40, (count, 2))
        both = np.hstack([corner, corner + rng.uniform(5, 20, (count, 2))]).astype(np.float32)
        return Detections(both, rng.integers(1, 4, count), rng.uniform(0, 1, count).astype(np.float32))

    for _ in range(20):
        predicted, truth, ignored = crowd(30), crowd(20), crowd(5)
        by_class = compare_by_class(predicted, truth, ignored, iou_threshold=0.3)
        assert set(by_class) <= {1, 2, 3}
        assert sum(by_class.values(), Counts()) == compare(predicted, truth, ignored, iou_threshold=0.3)
