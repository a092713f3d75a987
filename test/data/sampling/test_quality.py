"""Pictures that nobody can learn from."""

import cv2
import numpy as np
import pytest

from deep_perception.data.sampling.quality import badly_exposed, blur, blurred, small
from deep_perception.data.sampling.settings import SamplingConfig
from deep_perception.scenes import Scene, render

MOST = SamplingConfig().most_blur


@pytest.fixture(scope="module", params=range(4))
def picture(request):
    return render(Scene(request.param), 1.0).image


def noisy(picture, deviation=2.8):
    noise = np.random.default_rng(0).normal(0, deviation, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def moved(picture, pixels, across=True):
    """What a camera that moves while it looks would see."""
    return noisy(cv2.blur(picture, (pixels, 1) if across else (1, pixels)))


def lone_cup():
    """A table without texture, and one thing on it."""
    picture = np.full((480, 640, 3), 90, np.uint8)
    return cv2.circle(picture, (320, 240), 50, (200, 180, 160), -1)


def test_sharp_pictures_are_kept(picture):
    assert blurred(small(picture), MOST) is None


@pytest.mark.parametrize("across", [True, False])
def test_motion_over_a_fiftieth_of_the_picture_is_refused_across_and_down(picture, across):
    assert blurred(small(moved(picture, 13, across)), MOST).kind == "blur"


def test_a_picture_out_of_focus_is_refused_although_its_noise_is_sharp(picture):
    assert blurred(small(noisy(cv2.GaussianBlur(picture, (0, 0), 4))), MOST)


def test_the_more_a_picture_is_blurred_the_wider_are_its_edges(picture):
    widths = [blur(small(noisy(cv2.GaussianBlur(picture, (0, 0), sigma)))) for sigma in (1, 2, 4, 8)]
    assert widths == sorted(widths)


@pytest.mark.parametrize("sigma", [2.0, 3.0, 4.0])
def test_the_width_is_that_of_the_blur_in_pixels_of_the_small_copy(sigma):
    width = blur(small(cv2.GaussianBlur(lone_cup(), (0, 0), 2 * sigma)))
    assert width == pytest.approx(sigma, rel=0.15)


def test_little_texture_is_not_blur():
    assert blurred(small(noisy(lone_cup())), MOST) is None
    assert blurred(small(moved(lone_cup(), 15)), MOST)


def test_low_contrast_is_not_blur():
    faint = (lone_cup() // 4 + 90).astype(np.uint8)
    assert blurred(small(noisy(faint)), MOST) is None
    assert blurred(small(moved(faint, 15)), MOST)


def test_of_a_picture_without_edges_nothing_is_said():
    assert blur(small(noisy(np.full((480, 640, 3), 120, np.uint8)))) == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 700, 3), (700, 1, 3), (33, 65, 3)])
def test_pictures_of_any_size_can_be_judged(shape):
    picture = small(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8))
    assert max(picture.gray.shape) <= 320 and np.isfinite(blur(picture))


def test_zero_refuses_no_blur(picture):
    assert blurred(small(moved(picture, 40)), 0.0) is None


def test_well_exposed_pictures_are_kept(picture):
    assert badly_exposed(small(picture), 0.5) is None


@pytest.mark.parametrize(("low", "high"), [(0, 6), (250, 256)])
def test_a_picture_that_is_mostly_black_or_white_is_refused(low, high):
    picture = np.full((60, 80, 3), 128, np.uint8)
    picture[:35] = np.random.default_rng(0).integers(low, high, (35, 80, 3))
    assert badly_exposed(small(picture), 0.5).kind == "exposure"
    assert badly_exposed(small(picture), 0.6) is None


def test_black_and_white_add_up():
    picture = np.full((100, 100, 3), 128, np.uint8)
    picture[:30], picture[70:] = 0, 255
    assert badly_exposed(small(picture), 0.5).words == "30% of it is black and 30% white"


def test_one_refuses_no_exposure():
    assert badly_exposed(small(np.zeros((10, 10, 3), np.uint8)), 1.0) is None
