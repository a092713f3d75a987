"""Counts of pixels add up over pictures, and say what the figures of the field say."""

import numpy as np
import pytest

from deep_perception.evaluation.pixel_counts import PixelCounts
from deep_perception.predictions import UNLABELLED, LabelMap


def label_map(*rows: list[int]) -> LabelMap:
    return LabelMap(np.array(rows, np.uint8))


def test_intersection_over_union_follows_from_the_pixels():
    counts = PixelCounts(3)
    counts.add(label_map([0, 1, 1, 1]), label_map([0, 0, 1, 1]))
    assert counts.intersection_over_union()[:2].tolist() == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(counts.intersection_over_union()[2]), "nobody spoke of it"
    assert counts.mean_iou() == pytest.approx(7 / 12)
    assert counts.accuracy() == pytest.approx(3 / 4)


def test_pixels_without_truth_do_not_count_and_pixels_without_an_answer_are_wrong():
    counts = PixelCounts(2)
    counts.add(label_map([0, UNLABELLED, 1]), label_map([UNLABELLED, 1, 1]))
    assert counts.confusion.tolist() == [[0, 0, 0], [0, 1, 1]]
    assert counts.accuracy() == 0.5


def test_counts_of_pictures_add_up_to_those_of_all():
    rng = np.random.default_rng(0)
    pairs = [[LabelMap(rng.integers(0, 4, (6, 7), np.uint8)) for _ in range(2)] for _ in range(3)]
    together, parts = PixelCounts(4), [PixelCounts(4) for _ in pairs]
    for part, (answer, truth) in zip(parts, pairs, strict=True):
        together.add(answer, truth)
        part.add(answer, truth)
    assert np.array_equal(sum(part.confusion for part in parts), together.confusion)


def test_nothing_counted_is_nothing_right():
    assert PixelCounts(2).mean_iou() == PixelCounts(2).accuracy() == 0.0
