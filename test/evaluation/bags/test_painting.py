"""What was found, missed and wrong is painted where it is, in its colour."""

import numpy as np
import pytest

from deep_perception.evaluation.bags.painting import FOUND, MISSED, WRONG, matches, paint_errors, paint_things
from deep_perception.evaluation.coco_matching import RIGHT, boxes, judged, masks
from deep_perception.predictions import UNLABELLED, Detections, Instances, LabelMap

NAMES = ("mug", "ball")
SIZE = (300, 400)
IMAGE = np.full((*SIZE, 3), 120, np.uint8)


def things(*said, masked=False):
    """Things of (label, score, box)."""
    corners = np.array([box for _, _, box in said], np.float32).reshape(-1, 4)
    labels, scores = np.array([one[0] for one in said], np.int64), np.array([one[1] for one in said], np.float32)
    if not masked:
        return Detections(corners, labels, scores)
    inside = np.zeros((len(corners), *SIZE), bool)
    for mask, (left, top, right, bottom) in zip(inside, corners.astype(int), strict=True):
        mask[top:bottom, left:right] = True
    return Instances(corners, labels, scores, inside)


TRUTH = (0, 1.0, (20, 60, 120, 200)), (1, 1.0, (200, 60, 300, 200))
ANSWER = (0, 0.9, (22, 62, 118, 198)), (0, 0.8, (200, 60, 280, 190))  # the second is called something else


def near(picture, place, colour):
    x, y = place
    return (np.abs(picture[y - 6 : y + 7, x - 6 : x + 7].astype(int) - colour).sum(-1) < 40).any()


@pytest.mark.parametrize("masked", [False, True])
def test_what_is_found_missed_and_wrong_has_its_colour(masked):
    answer, truth = things(*ANSWER, masked=masked), things(*TRUTH, masked=masked)
    painted = paint_things(IMAGE, answer, truth, None, NAMES, SIZE)
    assert painted.shape == IMAGE.shape and (IMAGE == 120).all()
    assert near(painted, (22, 130), FOUND) and near(painted, (118, 130), FOUND)
    assert near(painted, (250, 60), MISSED) and near(painted, (280, 150), WRONG)
    assert not near(painted, (22, 130), MISSED) and not near(painted, (22, 130), WRONG)


def test_a_missed_thing_has_a_broken_line():
    truth = things((0, 1.0, (50, 50, 350, 250)))
    bottom = paint_things(IMAGE, things(), truth, None, NAMES, SIZE)[250, 60:340]
    drawn = (np.abs(bottom.astype(int) - MISSED).sum(-1) < 40).mean()
    assert 0.3 < drawn < 0.8


def test_things_are_painted_in_the_pixels_of_the_enlarged_picture():
    painted = paint_things(IMAGE, things(TRUTH[0]), things(TRUTH[0]), None, NAMES, (600, 800))
    assert painted.shape == (600, 800, 3)
    assert near(painted, (240, 260), FOUND)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("masked", [False, True])
def test_what_is_right_is_what_the_figures_count(seed, masked):
    rng = np.random.default_rng(seed)

    def some(count):
        corner = rng.integers(0, 120, (count, 2))
        sides = np.concatenate([corner, corner + rng.integers(40, 100, (count, 2))], axis=1)
        chosen = zip(rng.integers(0, 2, count), rng.permutation(count) / count, sides, strict=True)
        return things(*chosen, masked=masked)

    answer, truth, ignored = some(30), some(12), some(3)
    right, neither, missed = matches(answer, truth, ignored, SIZE)
    shapes = masks if masked else boxes
    said = judged(answer, truth, ignored, shapes, SIZE)
    assert right.sum() == (said.right[:, 0] == RIGHT).sum() == len(truth) - missed.sum()
    assert not (right & neither).any()


def test_nothing_is_painted_where_nothing_is():
    assert np.array_equal(paint_things(IMAGE, things(), things(), None, NAMES, SIZE), IMAGE)


def test_pixels_of_another_class_are_shown_unless_nobody_named_them():
    truth, answer = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    truth[:, 200:], answer[:100] = UNLABELLED, 1
    painted = paint_errors(IMAGE, LabelMap(answer), LabelMap(truth), SIZE).astype(int)
    assert painted[50, 100, 0] > painted[50, 100, 1] + 80
    assert np.ptp(painted[150, 100]) == np.ptp(painted[50, 300]) == 0
