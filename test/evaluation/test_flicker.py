"""Flicker is measured along the motion, in the units of colour, as counts that add up."""

import cv2
import numpy as np
import pytest

from deep_perception.evaluation.flicker import Flicker, FlickerMeter, flicker
from deep_perception.predictions import Image, Picture
from deep_perception.scenes import Scene, render


@pytest.fixture(scope="module")
def image() -> Image:
    return render(Scene(3), 0.0, (240, 320)).image


def tinted(image: Image, a: float) -> Picture:
    """The picture as it is, but for a shift of all its colours along Lab's a."""
    colours = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    colours[..., 0] = np.clip(colours[..., 0], 40, 60)
    colours[..., 1:] = (a, 0)
    return Picture(np.uint8(np.clip(cv2.cvtColor(colours, cv2.COLOR_LAB2RGB) * 255, 0, 255).round()))


def test_a_still_does_not_flicker(image):
    seen = flicker([image] * 3, [Picture(image)] * 3)
    assert seen.mean == 0
    assert seen.compared == 2 * 2 * 240 * 320, "a and b of every pixel, twice"


def test_grey_does_not_flicker(image):
    other = render(Scene(3), 0.1, (240, 320)).image
    greys = [np.repeat(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2) for one in (image, other)]
    assert flicker([image, other], [Picture(one) for one in greys]).mean < 0.05


def test_a_change_of_all_colours_counts_for_what_it_is(image):
    answers = [tinted(image, 0), tinted(image, 12), tinted(image, 0)]
    # 12 in a and nothing in b, hence 6 for each value.
    assert flicker([image] * 3, answers).mean == pytest.approx(6, abs=0.3)


def test_colours_that_move_with_things_do_not_count():
    large = render(Scene(3), 0.0, (300, 420)).image
    pan = [np.ascontiguousarray(large[20:260, 8 * step : 8 * step + 320]) for step in range(5)]
    along = flicker(pan, [Picture(one) for one in pan]).mean
    in_place = flicker([pan[0]] * 5, [Picture(one) for one in pan]).mean
    assert along < 0.3
    assert in_place > 10 * along


def test_what_is_hidden_or_uncovered_is_left_out(image):
    other = render(Scene(8), 0.0, (240, 320)).image
    meter = FlickerMeter()
    meter(image, Picture(image))
    assert meter(other, Picture(other)).compared < 0.05 * image.size


def test_counts_of_videos_add_up_to_the_count_of_both(image):
    calm, wild = [tinted(image, 0)] * 4, [tinted(image, 0), tinted(image, 20)]
    together = flicker([image] * 4, calm) + flicker([image] * 2, wild)
    assert together == Flicker(together.change, 4 * 2 * 240 * 320)
    assert together.mean == pytest.approx(10 / 4, abs=0.2), "not the mean of the means"


def test_the_first_picture_and_one_of_another_size_have_nothing_to_be_compared_with(image):
    meter = FlickerMeter()
    assert meter(image, Picture(image)) == Flicker()
    smaller = image[:100, :150].copy()
    assert meter(smaller, Picture(smaller)) == Flicker()
    assert meter.total.mean == 0
