"""Average precision and recall are COCO's, to the digit, whatever the pictures hold and however often they count."""

import numpy as np
import pytest
import torch
from torchmetrics.detection import MeanAveragePrecision

from deep_perception.evaluation.average_precision import RECALLS
from deep_perception.evaluation.coco_matching import OVERLAPS
from deep_perception.evaluation.scoring import tally
from deep_perception.predictions import Detections, Instances

NAMES = ("__background__", "cup", "ball", "die")
SIZE = 48


def things(rng, count, *, scores=None, near=None, labels=(1, 2, 3)):
    """Boxes on a grid of quarter pixels, so that nothing is rounded on the way; some of them near those of `near`."""
    corner = rng.integers(0, 4 * SIZE - 60, (count, 2)) / 4
    boxes = np.concatenate([corner, corner + rng.integers(8, 60, (count, 2)) / 4], axis=1)
    chosen = rng.choice(labels, count)
    if near is not None and len(near):
        copied = rng.random(count) < 0.7
        source = rng.integers(0, len(near), count)
        moved = near.boxes[source] + rng.integers(-6, 7, (count, 4)) / 4
        moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 0.25)
        boxes = np.where(copied[:, None], moved, boxes)
        chosen = np.where(copied & (rng.random(count) < 0.9), near.labels[source], chosen)
    values = np.ones(count) if scores is None else rng.choice(scores, count)
    return Detections(boxes.astype(np.float32), chosen.astype(np.int64), values.astype(np.float32))


def masked(rng, found):
    """The same with masks: what is in the boxes, with holes."""
    y, x = np.mgrid[:SIZE, :SIZE]
    left, top, right, bottom = (side[:, None, None] for side in found.boxes.T)
    masks = (x >= left) & (x < right) & (y >= top) & (y < bottom) & (rng.random((len(found), SIZE, SIZE)) < 0.97)
    return Instances(found.boxes, found.labels, found.scores, masks)


def pictures(seed, *, count=12, most_found=12, scores=(0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 0.9)):
    """Found, true and ignored; some pictures are empty, and many scores equal."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        truth = things(rng, int(rng.integers(0, 7)) if number % 4 else 0)
        ignored = things(rng, int(rng.integers(0, 3)))
        around = joined(truth, ignored)
        yield things(rng, int(rng.integers(0, most_found + 1)), scores=scores, near=around), truth, ignored


def joined(*several):
    return Detections(
        *(np.concatenate([getattr(one, key) for one in several]) for key in ("boxes", "labels", "scores"))
    )


def reference(given, *, kinds=("bbox",), average="macro"):
    """What torchmetrics says, with COCO's own thresholds, which it rounds to 32 bits otherwise.

    Asked for masks alone, it leaves out pictures without any.
    """
    metric = MeanAveragePrecision(
        iou_type=kinds,
        iou_thresholds=OVERLAPS.tolist(),
        rec_thresholds=RECALLS.tolist(),
        class_metrics=average == "macro",
        average=average,
        backend="faster_coco_eval",
    )
    metric.warn_on_many_detections = False
    for found, truth, ignored in given:
        both = joined(truth, ignored)
        crowd = torch.arange(len(both)) >= len(truth)
        answer, right = told(found), {**told(both), "iscrowd": crowd.int()}
        if isinstance(found, Instances):
            right["masks"] = torch.from_numpy(np.concatenate([truth.masks, ignored.masks]))
        metric.update([answer], [right])
    return {name: value.tolist() for name, value in metric.compute().items()}


def told(found):
    return {name: torch.from_numpy(value) for name, value in vars(found).items()}


def judged(task, given, names=NAMES):
    counts = tally(task, names)
    for found, truth, ignored in given:
        counts.add(found, truth, ignored)
    return counts


def check_equal(figures, theirs, unit):
    assert 0 < theirs["map"] < 1
    assert figures[unit] == pytest.approx(theirs["map"], abs=1e-6)
    assert figures[f"{unit}50"] == pytest.approx(theirs["map_50"], abs=1e-6)
    assert figures[f"{unit}75"] == pytest.approx(theirs["map_75"], abs=1e-6)
    classes = dict(zip(theirs["classes"], theirs["map_per_class"], strict=True))
    ours = {number: figures.get(f"{unit} {name}", -1) for number, name in enumerate(NAMES) if number in classes}
    assert ours == pytest.approx(classes, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_boxes_get_the_average_precision_that_coco_gives_them(seed):
    given = list(pictures(seed))
    theirs = reference(given)
    assert 0 < theirs["map"] < 1
    check_equal(judged("detection", given).figures(), theirs, "AP")


@pytest.mark.parametrize("seed", range(3))
def test_masks_get_the_average_precision_that_coco_gives_them(seed):
    rng = np.random.default_rng(seed)
    given = [tuple(masked(rng, each) for each in one) for one in pictures(seed)]
    figures = judged("instance_segmentation", given).figures()
    theirs = reference(given, kinds=("bbox", "segm"))
    check_equal(figures, {name.removeprefix("segm_"): value for name, value in theirs.items()}, "mask AP")
    assert figures["box AP"] == pytest.approx(theirs["bbox_map"], abs=1e-6)


def test_of_more_than_a_hundred_findings_of_a_class_the_surest_hundred_count():
    given = list(pictures(1, count=4, most_found=600))
    assert max(np.bincount(found.labels).max() for found, _, _ in given) > 150
    check_equal(judged("detection", given).figures(), reference(given), "AP")


@pytest.mark.parametrize("seed", range(3))
def test_proposals_get_the_average_recall_that_coco_gives_them(seed):
    given = list(pictures(seed, most_found=40))
    found = judged("proposals", given).figures()
    assert found["AR"] == pytest.approx(reference(given, average="micro")["mar_100"], abs=1e-6)


@pytest.mark.parametrize("task", ["detection", "proposals"])
def test_a_picture_that_counts_twice_counts_as_two_equal_pictures(task):
    # Scores are all different: of equal ones the order of pictures decides.
    given = list(pictures(2, scores=np.random.default_rng(2).permutation(4000) / 4000))
    times = np.random.default_rng(3).integers(0, 3, (5, len(given)))
    weighted = judged(task, given).counted(times.astype(np.float64))
    for number, row in enumerate(times):
        repeated = judged(task, [one for one, count in zip(given, row, strict=True) for _ in range(count)])
        assert weighted.value[number] == pytest.approx(repeated.value)
        again = repeated.counted(np.ones((1, len(repeated.units)))).by_class[0]
        np.testing.assert_allclose(weighted.by_class[number], again)


def test_a_class_that_is_not_there_is_left_out_of_the_mean():
    truth = Detections(np.array([[0, 0, 8, 8]], np.float32), np.array([1]), np.ones(1, np.float32))
    made_up = Detections(np.tile(truth.boxes, (2, 1)), np.array([1, 2]), np.array([0.5, 0.9], np.float32))
    figures = judged("detection", [(made_up, truth, None)]).figures()
    assert figures == pytest.approx({"AP": 1, "AP50": 1, "AP75": 1, "AP cup": 1})


def test_what_is_hard_to_see_may_be_found_or_missed():
    corners = np.array([[0, 0, 8, 8], [20, 20, 30, 30]], np.float32)
    both = Detections(corners, np.array([1, 1]), np.array([0.5, 0.9], np.float32))
    truth, ignored = (Detections(corners[[place]], np.array([1]), np.ones(1, np.float32)) for place in (0, 1))
    assert judged("detection", [(both, truth, ignored)]).value == pytest.approx(1)
    assert judged("detection", [(both, truth, None)]).value == pytest.approx(0.5)


def test_nothing_to_find_is_no_average_precision():
    nothing = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
    assert judged("detection", [(nothing, nothing, None)]).figures() == {"AP": 0}
