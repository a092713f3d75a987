"""Small planes over large pictures, strip by strip."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from deep_perception.models import resizing
from deep_perception.models.resizing import enlarged_strips, resized


@pytest.mark.parametrize(("height", "width"), [(90, 120), (7, 9), (31, 200), (13, 9)])
def test_strips_together_are_the_enlarged_planes(monkeypatch: pytest.MonkeyPatch, height: int, width: int):
    monkeypatch.setattr(resizing, "STRIP", 5 * width)
    small = torch.randn(2, 7, 9, generator=torch.Generator().manual_seed(0))
    strips = list(enlarged_strips(small, height, width))
    assert [rows.start for rows, _ in strips] == list(range(0, height, 5))
    whole = functional.interpolate(small[None], (height, width), mode="bilinear")[0]
    torch.testing.assert_close(torch.cat([part for _, part in strips], 1), whole)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 100), (50, 2)])
def test_planes_larger_than_the_picture_are_averaged(height: int, width: int):
    small = torch.full((2, 16, 16), 3.0)
    [(rows, part)] = enlarged_strips(small, height, width)
    assert (rows.start, rows.stop) == (0, height)
    torch.testing.assert_close(part, torch.full((2, height, width), 3.0))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (480, 640)])
def test_a_picture_of_any_shape_becomes_the_size_asked_for(shape: tuple[int, int]):
    image = np.full((*shape, 3), 77, np.uint8)
    small = resized(torch.from_numpy(image).permute(2, 0, 1), (24, 32))
    assert small.shape == (3, 24, 32)
    assert (small == 77).all()
