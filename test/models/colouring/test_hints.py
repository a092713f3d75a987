"""Colour hints as the network reads them."""

import numpy as np
import torch

from deep_perception.colour import rgb_to_lab
from deep_perception.models.colouring import hints as module
from deep_perception.models.colouring.hints import SIDE, hint_planes, revealed
from deep_perception.predictions import ColourHints


def told(*points: tuple[float, float], colour: tuple[int, int, int] = (200, 30, 40)) -> ColourHints:
    return ColourHints(
        np.array(points, np.float32).reshape(-1, 2), np.tile(np.array(colour, np.uint8), (len(points), 1))
    )


def test_a_hint_is_a_square_of_its_colour_around_its_point():
    planes = hint_planes(told((160, 60)), (120, 320), (64, 64))
    rows, columns = planes[2].nonzero().T
    assert (rows.float().mean(), columns.float().mean()) == (32, 32)
    assert len(rows) == SIDE**2
    red = torch.tensor([200, 30, 40])[:, None, None] / 255
    torch.testing.assert_close(planes[:2, 32, 32], rgb_to_lab(red)[1:, 0, 0])
    assert planes[:, planes[2] == 0].abs().max() == 0


def test_hints_outside_the_picture_are_left_out():
    inside, outside = (5, 5), [(-1, 5), (5, -0.5), (320, 5), (5, 120), (1e9, -1e9)]
    assert torch.equal(
        hint_planes(told(inside, *outside), (120, 320), (64, 64)), hint_planes(told(inside), (120, 320), (64, 64))
    )
    assert hint_planes(told(*outside), (120, 320), (64, 64)).abs().max() == 0


def test_a_hint_at_the_border_is_cut_by_it():
    for corner in ((0, 0), (319.99, 119.99), (0, 119), (319, 0)):
        planes = hint_planes(told(corner), (120, 320), (64, 64))
        assert planes[2].sum() == (SIDE // 2 + 1) ** 2


def test_no_hints_hold_nowhere():
    assert hint_planes(told(), (120, 320), (16, 16)).abs().max() == 0


def test_revealed_places_show_the_true_colours_and_nothing_else_is_shown():
    torch.manual_seed(0)
    plain = torch.tensor([30.0, -20.0])[:, None, None].expand(2, 48, 64)
    shares = []
    for _ in range(200):
        planes = revealed(plain)
        shown = planes[2] == 1
        torch.testing.assert_close(planes[:2, shown], plain[:, shown])
        assert not planes[:, ~shown].any()
        shares.append(shown.float().mean().item())
    assert 0.05 < np.mean([share == 0 for share in shares]) < 0.25, "one in eight shows nothing"
    assert 0 < np.mean([share == 1 for share in shares]) < 0.05, "one in a hundred shows all"
    assert 0.01 < np.median(shares) < 0.2


def test_a_revealed_place_is_one_colour_the_mean_of_what_is_there(monkeypatch):
    torch.manual_seed(1)
    monkeypatch.setattr(module, "CHANCE_OF_ALL", 0)
    monkeypatch.setattr(module, "SIDES", (4, 4))
    ab = torch.randn(2, 4, 4)
    shown = next(planes for planes in (revealed(ab) for _ in range(99)) if planes[2].all())
    torch.testing.assert_close(shown[:2], ab.mean((1, 2))[:, None, None].expand(2, 4, 4))
