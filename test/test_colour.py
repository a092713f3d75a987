"""Colour spaces, held against OpenCV and against what the standards say."""

import cv2
import numpy as np
import pytest
import torch

from deep_perception.colour import (
    chroma_of,
    from_linear,
    lab_to_rgb,
    lightness,
    linear_of,
    luma,
    luminance,
    pixels_of,
    rgb_to_lab,
    to_linear,
    towards_gray,
    yuv_to_rgb,
)


def picture(height: int = 40, width: int = 50, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def planes(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).movedim(-1, -3)


def floats(image: np.ndarray) -> torch.Tensor:
    return planes(image.astype(np.float32) / 255)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.74, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
)
def test_known_colours_are_where_the_standard_says(rgb, lab):
    found = rgb_to_lab(floats(np.array([[rgb]], np.uint8)))[:, 0, 0]
    np.testing.assert_allclose(found, lab, atol=0.02)


def test_lab_is_opencvs():
    lab = rgb_to_lab(floats(picture())).movedim(0, -1).numpy()
    # OpenCV looks this direction up in a table of 33 steps a side, hence half a unit.
    np.testing.assert_allclose(lab, cv2.cvtColor(picture().astype(np.float32) / 255, cv2.COLOR_RGB2LAB), atol=0.5)
    rng = np.random.default_rng(1)
    any_lab = rng.uniform((0, -100, -100), (100, 100, 100), (40, 50, 3)).astype(np.float32)
    rgb = lab_to_rgb(planes(any_lab)).movedim(0, -1).numpy()
    np.testing.assert_allclose(rgb, cv2.cvtColor(any_lab, cv2.COLOR_LAB2RGB), atol=1e-3)


def test_lab_and_back_is_the_same_colour():
    np.testing.assert_allclose(lab_to_rgb(rgb_to_lab(floats(picture()))), floats(picture()), atol=1e-4)


def test_gray_has_no_colour_at_all():
    grays = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert rgb_to_lab(floats(grays))[1:].abs().max() < 1e-3
    assert chroma_of(floats(grays)).abs().max() < 1e-6


def test_lightness_of_pixels_is_the_first_plane_of_lab():
    np.testing.assert_allclose(lightness(planes(picture())), rgb_to_lab(floats(picture()))[0], atol=1e-3)


def test_pixels_come_back_from_linear_light_as_they_were():
    levels = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert torch.equal(pixels_of(linear_of(planes(levels))), planes(levels))


def test_pixels_of_linear_light_are_rounded_to_the_nearest_level():
    linear = torch.linspace(0, 1, 9999).expand(3, 1, -1)
    exact = from_linear(linear.double()) * 255
    assert (pixels_of(linear) - exact).abs().max() < 0.53


def test_yuv_is_opencvs_within_the_steps_of_its_pixels():
    image = picture()
    expected = cv2.cvtColor(image, cv2.COLOR_RGB2YUV).astype(np.float32)
    rgb = floats(image)
    found = torch.cat((luma(rgb)[None] * 255, chroma_of(rgb) * 255 + 128)).movedim(0, -1).numpy()
    # OpenCV cuts U and V off at 0 and 255.
    np.testing.assert_allclose(np.clip(found, 0, 255), expected, atol=1.1)


def test_yuv_and_back_is_the_same_colour():
    rgb = floats(picture())
    np.testing.assert_allclose(yuv_to_rgb(luma(rgb), *chroma_of(rgb)), rgb, atol=1e-5)


def test_a_colour_that_no_screen_shows_fades_and_stays_as_bright():
    wild = torch.from_numpy(np.random.default_rng(2).uniform(-1, 2, (3, 30, 30)).astype(np.float32))
    gray = luminance(wild)
    dark_or_bright = (gray < 0) | (gray > 1)
    shown = towards_gray(wild, gray)
    assert shown.min() >= 0 and shown.max() <= 1
    np.testing.assert_allclose(luminance(shown)[~dark_or_bright], gray[~dark_or_bright], atol=1e-5)


def test_a_colour_that_screens_show_stays_as_it_is():
    linear = to_linear(floats(picture()))
    np.testing.assert_allclose(towards_gray(linear, luminance(linear)), linear, atol=1e-6)
