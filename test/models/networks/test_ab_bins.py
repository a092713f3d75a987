"""The 313 colours, and what is learnt by choosing among them."""

import hashlib

import numpy as np
import pytest
import torch

from deep_perception.colour import rgb_to_lab
from deep_perception.models.networks.ab_bins import (
    ColourCounts,
    ab_bins,
    annealed_mean,
    cross_entropy,
    nearest_bins,
)


def as_plane(*colours: tuple[float, float]) -> torch.Tensor:
    return torch.tensor(colours).T[None, :, None].contiguous()


def number_of(a: float, b: float) -> int:
    [[number]] = np.nonzero((ab_bins() == (a, b)).all(1))
    return int(number)


def test_there_are_313_bins_a_step_of_ten_apart_by_a_and_then_by_b():
    bins = ab_bins()
    assert bins.shape == (313, 2)
    assert (bins % 10 == 0).all()
    assert bins.tolist() == sorted(bins.tolist())
    assert len({tuple(point) for point in bins.tolist()}) == 313


def test_the_bins_are_numbered_as_in_the_released_networks():
    table = hashlib.sha256(ab_bins().astype("<i2").tobytes()).hexdigest()
    assert table == "e74b520cf1929e90ad9f051db10931e8ac5d1534c6cedabd7bfeba7a78a96c89"


def test_every_colour_of_a_screen_is_at_home_in_a_bin():
    side = np.linspace(0, 1, 18, dtype=np.float32)
    cube = np.stack(np.meshgrid(side, side, side)).reshape(3, -1, 1)
    ab = rgb_to_lab(torch.from_numpy(cube))[None, 1:]
    numbers, _ = nearest_bins(ab)
    distance = ab[0, :, :, 0].T - torch.from_numpy(ab_bins())[numbers[0, 0, :, 0]]
    assert distance.abs().max() <= 5.01


def test_no_bin_is_farther_than_a_step_from_the_colours_of_a_screen():
    side = np.linspace(0, 1, 33, dtype=np.float32)
    cube = np.stack(np.meshgrid(side, side, side)).reshape(3, -1, 1)
    ab = rgb_to_lab(torch.from_numpy(cube))[1:, :, 0].T
    nearest = torch.cdist(torch.from_numpy(ab_bins()), ab).amin(1)
    assert nearest.max() < 1.5 * 10


def test_a_colour_is_shared_out_among_the_five_nearest_bins():
    numbers, shares = nearest_bins(as_plane((13, -4), (0, 0)))
    assert numbers.shape == shares.shape == (1, 5, 1, 2)
    torch.testing.assert_close(shares.sum(1), torch.ones(1, 1, 2))
    assert ab_bins()[numbers[0, 0, 0]].tolist() == [[10, 0], [0, 0]]
    # e**-2 for each of the four bins a step away, sigma being half a step.
    torch.testing.assert_close(shares[0, 0, 0, 1], torch.tensor(1 / (1 + 4 * np.exp(-2)), dtype=torch.float32))


def test_a_colour_far_outside_is_shared_out_all_the_same():
    _, shares = nearest_bins(as_plane((500, 500)))
    assert torch.isfinite(shares).all()
    torch.testing.assert_close(shares.sum(1), torch.ones(1, 1, 1))


def test_scores_that_say_the_colour_cost_less_than_scores_that_say_another():
    right, wrong = torch.zeros(2, 1, 313, 1, 1)
    right[0, number_of(40, 30)] = wrong[0, number_of(-40, 30)] = 5.0
    ab, weights = as_plane((41, 29)), torch.ones(313)
    undecided = cross_entropy(torch.zeros(1, 313, 1, 1), ab, weights)
    assert cross_entropy(right, ab, weights) < undecided < cross_entropy(wrong, ab, weights)
    assert undecided == pytest.approx(np.log(313), rel=1e-5)


def test_the_annealed_mean_lies_between_the_mean_and_the_mode():
    scores = torch.full((1, 313, 1, 1), -50.0)
    scores[0, number_of(0, 0)], scores[0, number_of(50, 0)] = 0.0, 1.0
    mean, annealed, mode = (annealed_mean(scores, t)[0, 0].item() for t in (1.0, 0.38, 0.01))
    assert mean == pytest.approx(50 / (1 + np.exp(-1)), rel=1e-4)
    assert annealed == pytest.approx(50 / (1 + np.exp(-1 / 0.38)), rel=1e-4)
    assert mode == pytest.approx(50, rel=1e-4)


def test_a_rare_colour_counts_more_and_all_together_count_one_each():
    brown, blue = as_plane((10, 20)), as_plane((30, -70))
    counts = ColourCounts()
    counts.add(brown.expand(1, 2, 1, 99))
    counts.add(blue)
    weights, frequencies = counts.weights(), counts.frequencies()
    assert weights[number_of(30, -70)] > 10 * weights[number_of(10, 20)]
    assert (weights * frequencies).sum().item() == pytest.approx(1)
    # Half of each weight's bottom is the same for all: no colour counts more than this.
    assert weights.max() / weights.min() <= (frequencies.max() * 313 + 1) + 1e-3


def test_neighbours_of_a_counted_colour_are_taken_for_likely_too():
    counts = ColourCounts()
    counts.add(as_plane((10, 20)))
    frequencies = counts.frequencies()
    assert frequencies[number_of(10, 20)] > frequencies[number_of(20, 20)] > frequencies[number_of(30, 20)]
    assert frequencies.sum().item() == pytest.approx(1)


def test_colours_are_counted_in_pictures():
    red = np.full((20, 30, 3), (255, 0, 0), np.uint8)
    green = np.full((50, 10, 3), (0, 255, 0), np.uint8)
    counts = ColourCounts.of([red, red, green]).counts
    assert counts[number_of(80, 70)] == 2 * counts[number_of(-90, 80)] > 0
    assert counts.sum() == 3 * 64 * 64
