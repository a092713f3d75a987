"""Pictures that show what was kept already."""

import numpy as np
import pytest

from deep_perception.data.sampling.likeness import Latest, cells, near_duplicate
from deep_perception.data.sampling.quality import small
from deep_perception.data.sampling.settings import SamplingConfig
from deep_perception.scenes import Scene, render

LEAST = SamplingConfig().least_change


@pytest.fixture(scope="module")
def scene():
    return Scene(3)


def change(before, after) -> float:
    latest = Latest()
    latest.add(cells(small(before)), 5)
    return latest.change(cells(small(after)))


def test_the_same_view_with_other_noise_is_a_duplicate(scene):
    again = change(render(scene, 1.0).image, render(scene, 1.0 + 1e-6).image)
    assert near_duplicate(again, LEAST).kind == "duplicate"


def test_a_darker_picture_of_the_same_view_is_a_duplicate(scene):
    picture = render(scene, 1.0).image
    assert near_duplicate(change(picture, (picture * 0.7).astype(np.uint8)), LEAST)


def test_another_view_is_none(scene):
    assert near_duplicate(change(render(scene, 1.0).image, render(scene, 3.0).image), LEAST) is None


def test_one_small_new_thing_is_enough_to_be_none(scene):
    picture = render(scene, 1.0).image
    after = picture.copy()
    after[300:340, 300:340] = (230, 40, 40)
    assert near_duplicate(change(picture, after), LEAST) is None


def test_a_thing_of_another_colour_but_equal_brightness_is_none():
    red, green = np.full((2, 120, 160, 3), 100, np.uint8)
    red[60:90, 60:90], green[60:90, 60:90] = (180, 80, 80), (80, 131, 80)
    assert near_duplicate(change(red, green), LEAST) is None


def test_a_picture_is_compared_with_the_last_few_only(scene):
    views = [cells(small(render(scene, float(time)).image)) for time in range(4)]
    latest = Latest()
    for view in views:
        latest.add(view, 3)
    assert latest.change(views[1]) == 0
    assert latest.change(views[0]) > LEAST


def test_nothing_is_a_duplicate_of_nothing():
    assert near_duplicate(Latest().change(cells(small(np.zeros((1, 1, 3), np.uint8)))), LEAST) is None


def test_zero_refuses_no_duplicate():
    assert near_duplicate(0.0, 0.0) is None
