"""Every kind of prediction can be told in JSON and in words, and drawn masks are given as numbers."""

import numpy as np
import pytest

from deep_perception.cli.findings import findings, found_classes, mask_of, run_lengths, sentence
from deep_perception.predictions import UNLABELLED, Instances, LabelMap, Picture

NAMES = ("background", "cat", "dog")


def instances() -> Instances:
    masks = np.zeros((2, 3, 4), bool)
    masks[0, 1:, :2], masks[1, 0, 3] = True, True
    boxes = np.array([[0, 1, 2, 3], [3, 0, 4, 1]], np.float32)
    return Instances(boxes, np.array([1, 2], np.int64), np.array([0.9, 0.8], np.float32), masks)


def test_instances_carry_area_and_run_lengths_that_coco_reads():
    first = findings(instances(), NAMES)["detections"][0]
    assert (first["class"], first["box"], first["area"]) == ("cat", [0, 1, 2, 3], 4)
    assert first["segmentation"] == {"size": [3, 4], "counts": [1, 2, 1, 2, 6]}


@pytest.mark.parametrize("seed", range(4))
def test_run_lengths_give_the_mask_again(seed):
    mask = np.random.default_rng(seed).random((5, 7)) > 0.5
    told = run_lengths(mask)
    flat = np.concatenate([np.full(count, place % 2, bool) for place, count in enumerate(told["counts"])])
    assert np.array_equal(flat.reshape(told["size"], order="F"), mask)


@pytest.mark.parametrize(("value", "counts"), [(False, [6]), (True, [0, 6])])
def test_masks_of_one_kind_have_run_lengths_too(value, counts):
    assert run_lengths(np.full((2, 3), value))["counts"] == counts


def test_pixels_are_summed_up_by_class_the_largest_first_and_unlabelled_ones_left_out():
    labels = np.array([[2, 2, 2], [1, UNLABELLED, 2]], np.uint8)
    entry = {"frame": "a.png", **findings(LabelMap(labels), NAMES)}
    assert [(area["class"], area["share"]) for area in entry["areas"]] == [("dog", 0.666667), ("cat", 0.166667)]
    assert sentence(entry) == "a.png  dog 67%, cat 17%"
    assert found_classes(entry) == ["dog"]


def test_a_picture_is_told_by_its_size():
    entry = {"frame": "a.png", **findings(Picture(np.zeros((4, 6, 3), np.uint8)), ())}
    assert sentence(entry) == "a.png  a picture of 6x4"
    assert found_classes(entry) == []


def test_masks_are_numbers():
    assert mask_of(instances()).tolist() == [[0, 0, 0, 2], [1, 1, 0, 0], [1, 1, 0, 0]]
    assert mask_of(Picture(np.zeros((4, 6, 3), np.uint8))) is None


def test_what_is_no_prediction_is_refused():
    with pytest.raises(TypeError, match="got str, expected one of Classes, Instances"):
        findings("cat", NAMES)
