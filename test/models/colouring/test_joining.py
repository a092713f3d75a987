"""Colours laid over pictures whose brightness stays."""

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from deep_perception.colour import chroma_of, lightness, luma, rgb_to_lab
from deep_perception.models.colouring.joining import with_ab, with_uv


def picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return torch.from_numpy(image).permute(2, 0, 1)


def gray_picture(height: int, width: int, low: int = 0, high: int = 256) -> torch.Tensor:
    image = np.random.default_rng(0).integers(low, high, (height, width, 1), np.uint8)
    return torch.from_numpy(np.repeat(image, 3, axis=2)).permute(2, 0, 1)


def wild(height: int, width: int, reach: float) -> torch.Tensor:
    return (torch.rand(2, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1) * reach


@pytest.mark.parametrize("shape", [(61, 83), (1, 1), (1, 300), (300, 1), (7, 1000)])
@pytest.mark.parametrize("reach", [30, 110, 1000])
def test_lightness_stays_as_it_was_whatever_the_colours(shape: tuple[int, int], reach: float):
    before = picture(*shape)
    after = with_ab(before, wild(16, 20, reach))
    assert after.shape == (*shape, 3)
    assert after.dtype == torch.uint8
    # Half a level of each channel is up to a quarter of a unit of L.
    assert (lightness(after.permute(2, 0, 1)) - lightness(before)).abs().max() < 0.3


@pytest.mark.parametrize("shape", [(61, 83), (1, 1), (7, 1000)])
@pytest.mark.parametrize("reach", [0.1, 0.5, 9])
def test_luma_stays_as_it_was_whatever_the_colours(shape: tuple[int, int], reach: float):
    before = picture(*shape)
    after = with_uv(before, wild(16, 20, reach))
    assert after.shape == (*shape, 3)
    assert (luma(after.permute(2, 0, 1).float()) - luma(before.float())).abs().max() < 0.51


def test_colours_that_screens_show_arrive():
    before, ab = gray_picture(64, 80, 110, 170), wild(16, 20, 18)
    after = rgb_to_lab(with_ab(before, ab).permute(2, 0, 1).float() / 255)[1:]
    expected = functional.interpolate(ab[None], (64, 80), mode="bilinear")[0]
    assert (after - expected).abs().max() < 1
    uv = wild(16, 20, 0.1)
    painted = chroma_of(with_uv(before, uv).permute(2, 0, 1).float() / 255)
    assert (painted - functional.interpolate(uv[None], (64, 80), mode="bilinear")[0]).abs().max() < 0.005


def test_a_picture_in_its_own_colours_is_the_picture():
    before = picture(33, 47)
    rgb = before.float() / 255
    for after in (with_ab(before, rgb_to_lab(rgb)[1:]), with_uv(before, chroma_of(rgb))):
        assert (after.permute(2, 0, 1).int() - before.int()).abs().max() <= 1


def test_no_colours_leave_a_gray_picture_as_it_is():
    before = gray_picture(20, 30)
    for after in (with_ab(before, torch.zeros(2, 4, 4)), with_uv(before, torch.zeros(2, 4, 4))):
        assert torch.equal(after.permute(2, 0, 1), before)


def test_black_stays_black_and_white_stays_white():
    for level in (0, 255):
        before = torch.full((3, 8, 8), level, dtype=torch.uint8)
        assert (with_ab(before, wild(4, 4, 100)) == level).all()
        assert (with_uv(before, wild(4, 4, 0.5)) == level).all()


def test_colours_are_opencvs():
    before, ab = gray_picture(40, 50, 110, 170), wild(40, 50, 18)
    lab = torch.cat((lightness(before)[None], ab)).permute(1, 2, 0).contiguous().numpy()
    expected = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255
    assert np.abs(with_ab(before, ab).numpy() - expected).max() < 0.6
