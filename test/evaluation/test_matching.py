"""Counting which boxes are right."""

import numpy as np
import pytest

from deep_perception.evaluation.matching import Counts, compare, overlaps
from deep_perception.predictions import Detections


def detections(*rows):
    """Rows of x1 y1 x2 y2 label score."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4].astype(np.int64), table[:, 5])


TRUTH = detections((0, 0, 10, 10, 1, 1), (20, 0, 30, 10, 2, 1))


def test_the_truth_itself_is_all_found():
    assert compare(TRUTH, TRUTH) == Counts(found=2)


def test_nothing_predicted_is_all_missed():
    assert compare(detections(), TRUTH) == Counts(missed=2)


def test_a_right_box_with_the_wrong_label_is_wrong_and_missed():
    assert compare(detections((0, 0, 10, 10, 2, 0.9)), TRUTH) == Counts(missed=2, wrong=1)


def test_a_box_is_found_once_and_its_double_is_wrong():
    assert compare(detections((0, 0, 10, 10, 1, 0.9), (0, 0, 10, 9, 1, 0.8)), TRUTH) == Counts(1, 1, 1)


@pytest.mark.parametrize(("width", "found"), [(5.1, 1), (4.9, 0)])
def test_half_an_overlap_is_enough(width, found):
    assert compare(detections((0, 0, width, 10, 1, 0.9)), TRUTH).found == found


def test_the_best_score_is_matched_first():
    near, exact = (0, 0, 10, 7, 1, 0.9), (0, 0, 10, 10, 1, 0.5)
    assert compare(detections(exact, near), TRUTH) == Counts(1, 1, 1)


def test_a_match_with_an_ignored_box_counts_neither_way():
    ignored = detections((50, 50, 60, 60, 3, 1))
    assert compare(detections((50, 50, 60, 60, 1, 0.9)), TRUTH, ignored) == Counts(missed=2)


def test_counts_add_up_before_they_become_rates():
    total = Counts(1, 0, 1) + Counts(2, 1, 0)
    assert total == Counts(3, 1, 1)
    assert total.recall == 0.75
    assert total.precision == 0.75


def test_rates_of_nothing_are_perfect():
    assert (Counts().recall, Counts().precision) == (1.0, 1.0)


def test_overlap_is_the_textbook_one():
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6], [0, 0, 0, 0]], np.float32)
    assert overlaps(boxes[0], boxes).tolist() == pytest.approx([1, 1 / 7, 0, 0])
