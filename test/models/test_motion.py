"""Motion is found, and what cannot be found is said."""

import numpy as np
import pytest

from deep_perception.models.motion import MotionFinder
from deep_perception.predictions import Image
from deep_perception.scenes import Scene, render


@pytest.fixture(scope="module")
def image() -> Image:
    return render(Scene(3), 0.0, (260, 360)).image


def test_a_shift_is_found_and_trusted_where_both_pictures_show_the_same(image):
    before, now = image[10:250, 20:340], image[14:254, 12:332]  # 8 to the left and 4 down
    find = MotionFinder()
    motion = find(find.brightness(before), find.brightness(now))
    moved = motion.places[20:-20, 20:-20] - np.dstack(np.meshgrid(np.arange(20, 300), np.arange(20, 220)))
    assert np.median(moved, axis=(0, 1)) == pytest.approx([-8, 4], abs=0.3)
    assert motion.trusted.mean() > 0.8
    assert not motion.trusted[:, :6].any(), "came in from the left"


def test_a_picture_that_stays_has_no_motion_and_all_trust(image):
    find = MotionFinder()
    motion = find(find.brightness(image), find.brightness(image))
    carried = find.brightness(image).astype(np.float32)
    assert motion.trusted.all()
    assert np.array_equal(motion.carried(carried), carried), "to the bit"


def test_in_another_scene_next_to_nothing_is_found_again(image):
    find = MotionFinder()
    other = render(Scene(9), 0.0, (260, 360)).image
    assert find(find.brightness(image), find.brightness(other)).trusted.mean() < 0.05


@pytest.mark.parametrize(
    ("shape", "size"),
    [((480, 640), (320, 240)), ((640, 480), (240, 320)), ((90, 120), (120, 90)), ((1, 900), (320, 64))],
)
def test_pictures_are_compared_at_a_size_that_costs_little_and_is_safe(shape, size):
    assert MotionFinder().size(np.zeros((*shape, 3), np.uint8)) == size
