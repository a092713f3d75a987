"""A line of JSON holds of each picture what every later figure needs, and no more."""

import json

import cv2
import numpy as np
import pytest
import torch
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure

from deep_perception.errors import ImageError, InputError
from deep_perception.evaluation.bags.evidence import EVIDENCE
from deep_perception.evaluation.bags.packing import packed, unpacked
from deep_perception.evaluation.bags.picture_evidence import colourfulness
from deep_perception.evaluation.bags.result import FIGURES
from deep_perception.evaluation.bags.steadiness import METERS
from deep_perception.evaluation.bags.truth import Known
from deep_perception.evaluation.coco_matching import surest
from deep_perception.evaluation.pixel_counts import PixelCounts
from deep_perception.evaluation.scoring import TALLIES
from deep_perception.predictions import UNLABELLED, Classes, Detections, Instances, LabelMap, Picture

RNG = np.random.default_rng(0)


def picture(height=48, width=64):
    return RNG.integers(0, 256, (height, width, 3), np.uint8)


def found(count=5, size=None):
    corner = RNG.random((count, 2)) * 30
    boxes = np.concatenate([corner, corner + RNG.random((count, 2)) * 20], axis=1).astype(np.float32)
    told = boxes, RNG.integers(0, 400, count), RNG.random(count).astype(np.float32)
    return Instances(*told, RNG.random((count, *size)) < 0.3) if size else Detections(*told)


def evidence(task, answer, truth=None, ignored=None, image=None):
    known = None if truth is None else Known(truth, ignored)
    said = EVIDENCE[task].of(answer, known, picture() if image is None else image)
    return json.loads(json.dumps(said, allow_nan=False))


def test_every_task_has_evidence_figures_and_a_meter():
    assert {*EVIDENCE} == {*FIGURES} == {*METERS} == {*TALLIES}


@pytest.mark.parametrize("size", [None, (48, 64)])
def test_things_come_out_of_a_line_as_they_went_in(size):
    things = found(size=size)
    again = unpacked(json.loads(json.dumps(packed(things, size)))).things()
    assert type(again) is type(things)
    for name, value in vars(things).items():
        np.testing.assert_array_equal(getattr(again, name), value)


def test_three_hundred_boxes_are_less_than_ten_thousand_letters():
    assert len(json.dumps(evidence("detection", found(300), found(3)))) < 10_000


def test_of_things_a_line_holds_answer_truth_and_what_counts_neither_way():
    answer, truth, ignored = found(), found(), found(2)
    said = evidence("detection", answer, truth, ignored)
    for name, things in (("found", surest(answer)), ("truth", truth), ("ignored", ignored)):
        np.testing.assert_array_equal(unpacked(said[name]).boxes, things.boxes)
    assert {*evidence("detection", answer)} == {"found"}


def test_nothing_found_is_a_line_too():
    said = evidence("instance_segmentation", found(0, (48, 64)), found(2, (48, 64)))
    assert len(unpacked(said["found"]).things()) == 0


def test_things_without_masks_are_judged_by_their_boxes():
    box = Detections(np.array([[10, 5, 30, 25]], np.float32), np.array([1]), np.ones(1, np.float32))
    mask = np.zeros((1, 48, 64), bool)
    mask[0, 5:25, 10:30] = True
    said = evidence("instance_segmentation", Instances(*vars(box).values(), mask), box)
    assert FIGURES["instance_segmentation"](("", "cup"), [FIGURES["instance_segmentation"].unit(said)]).tally.value == 1


def test_of_classes_the_best_five_are_kept():
    answer = Classes(np.array([7, 3, 2, 5, 1, 4]), np.linspace(0.9, 0.1, 6, dtype=np.float32))
    said = evidence("classification", answer, Classes(np.array([3]), np.ones(1, np.float32)))
    assert said["labels"] == [7, 3, 2, 5, 1]
    assert said["true"] == 3
    nobody = Classes(np.zeros(0, np.int64), np.zeros(0, np.float32))
    assert evidence("classification", nobody, nobody) == {"labels": [], "scores": [], "true": -1}


def test_pixels_are_counted_by_pairs_of_classes():
    truth, answer = (RNG.choice([0, 1, 4, UNLABELLED], (40, 50)).astype(np.uint8) for _ in range(2))
    counts = PixelCounts(5)
    counts.add(LabelMap(answer), LabelMap(truth))
    again = np.zeros_like(counts.confusion)
    for true, said, pixels in evidence("semantic_segmentation", LabelMap(answer), LabelMap(truth))["pairs"]:
        again[true, min(said, 5)] = pixels
    np.testing.assert_array_equal(again, counts.confusion)


def test_a_mask_of_another_size_is_a_damaged_picture():
    with pytest.raises(ImageError, match=r"a mask has 5x4 pixels, expected 4x5\. Give masks"):
        evidence("semantic_segmentation", LabelMap(np.zeros((4, 5), np.uint8)), LabelMap(np.zeros((5, 4), np.uint8)))
    for sizes in (((4, 5), (48, 64)), ((48, 64), (4, 5))):
        with pytest.raises(ImageError, match="a mask has 5x4 pixels, expected 64x48"):
            evidence("instance_segmentation", *(found(2, size) for size in sizes))


def test_sharpness_is_what_torchmetrics_says():
    truth = cv2.GaussianBlur(picture(60, 80), (0, 0), 3)
    answer = np.clip(truth + RNG.normal(0, 6, truth.shape), 0, 255).astype(np.uint8)
    said = evidence("super_resolution", Picture(answer), Picture(truth))
    colours = [torch.from_numpy(one).permute(2, 0, 1)[None].double() for one in (answer, truth)]
    luma = torch.tensor([65.481, 128.553, 24.966], dtype=torch.float64).view(1, 3, 1, 1) / 255
    bright = [(one * luma).sum(1, keepdim=True) for one in colours]
    for name, pair in (("", bright), (" RGB", colours)):
        assert said[f"dB PSNR{name}"] == pytest.approx(float(PeakSignalNoiseRatio(255.0)(*pair)), abs=1e-4)
        assert said[f"SSIM{name}"] == pytest.approx(
            float(StructuralSimilarityIndexMeasure(data_range=255.0)(*pair)), abs=1e-4
        )
        assert 0.3 < said[f"SSIM{name}"] < 0.99


def test_equal_pictures_are_as_near_as_can_be_and_tiny_ones_have_no_structure():
    image = picture(8, 8)
    assert evidence("super_resolution", Picture(image), Picture(image)) == {"dB PSNR": 100, "dB PSNR RGB": 100}


def test_colours_are_compared_and_weighed():
    truth, grey = picture(), np.full((48, 64, 3), 90, np.uint8)
    said = evidence("colorization", Picture(grey), Picture(truth))
    assert said["colourfulness"] == 0
    assert said["colourfulness of the truth"] == pytest.approx(colourfulness(truth)) and colourfulness(truth) > 50
    assert said["CIEDE2000"] > 10
    right = evidence("colorization", Picture(truth), Picture(truth))
    assert (right["CIEDE2000"], right["dB PSNR"]) == (0, 100)
    assert {*evidence("colorization", Picture(grey))} == {"colourfulness"}


def test_colourfulness_is_that_of_its_paper():
    """One half red, one half green: opponents of 255 and 127.5, and 127.5 throughout."""
    image = np.zeros((10, 10, 3), np.uint8)
    image[:5, :, 0] = image[5:, :, 1] = 255
    assert colourfulness(image) == pytest.approx(255 + 0.3 * 127.5)


@pytest.mark.parametrize("task", ["colorization", "super_resolution"])
def test_a_picture_of_another_size_than_the_truth_is_refused(task):
    with pytest.raises(InputError, match="an answer has 64x48 pixels, the truth 32x24"):
        evidence(task, Picture(picture()), Picture(picture(24, 32)))
