"""Colour as a choice among 313 colours: a and b of CIE Lab on a grid of 10, as far as screens can show them.

Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016. The centres, and their order, are those by which the
released networks (richzhang/colorization, BSD-2-Clause) number their outputs.
"""

from collections.abc import Iterable
from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from deep_perception.colour import rgb_to_lab
from deep_perception.models.resizing import resized
from deep_perception.predictions import Image

STEP = 10
NEIGHBOURS, SIGMA = 5, 5.0
"""A colour is shared out among this many bins, by a Gaussian of this width."""
TEMPERATURE = 0.38
UNIFORM_SHARE = 0.5
"""Lambda in the paper: how far the weights of colours are from treating all pixels alike."""
COUNTED_SIDE = 64


@cache
def ab_bins() -> NDArray[np.float32]:
    """Return the centres (313, 2) as a and b, by a and then by b.

    The paper says "in gamut"; what gives its 313 is every corner of a cell of the grid that the convex hull of all
    colours of sRGB touches.
    """
    side = np.linspace(0, 1, 52, dtype=np.float32)
    cube = torch.from_numpy(np.stack(np.meshgrid(side, side, side, indexing="ij")).reshape(3, -1, 1))
    colours = rgb_to_lab(cube)[1:, :, 0].T.numpy()
    # A corner of a cell that something touches lies less than a step from it, in a as in b.
    around = [cv2.convexHull(colours)[:, 0] + (a, b) for a in (-STEP, STEP) for b in (-STEP, STEP)]
    hull = cv2.convexHull(np.concatenate(around).astype(np.float32))
    grid = [(a, b) for a in range(-110, 111, STEP) for b in range(-120, 121, STEP)]
    return np.array([point for point in grid if cv2.pointPolygonTest(hull, point, False) > 0], np.float32)


def nearest_bins(ab: Tensor) -> tuple[Tensor, Tensor]:
    """Turn ab (N, 2, h, w) into the numbers of the nearest bins (N, 5, h, w), nearest first, and their shares."""
    count, _, height, width = ab.shape
    distances = torch.cdist(ab.movedim(1, -1).reshape(1, -1, 2).float(), centres(ab.device)[None])[0]
    near, numbers = distances.topk(NEIGHBOURS, largest=False)
    # Against the nearest, or far outside the gamut all shares would be zero.
    shares = ((near[:, :1] ** 2 - near**2) / (2 * SIGMA**2)).exp()
    shares = shares / shares.sum(1, keepdim=True)
    shape = (count, height, width, NEIGHBOURS)
    return numbers.view(shape).movedim(-1, 1), shares.view(shape).movedim(-1, 1)


def cross_entropy(scores: Tensor, ab: Tensor, weights: Tensor) -> Tensor:
    """Return the mean cross entropy of scores (N, 313, h, w) with colours (N, 2, h, w), weighted by nearest bin."""
    numbers, shares = nearest_bins(ab)
    surprise = -(functional.log_softmax(scores.float(), 1).gather(1, numbers) * shares).sum(1)
    return (surprise * weights[numbers[:, 0]]).mean()


def annealed_mean(scores: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Turn scores (N, 313, h, w) into ab (N, 2, h, w), between the mean (temperature 1) and the mode (towards 0)."""
    # On a CPU, shares that lie side by side in memory are made in half the time.
    shares = (scores.movedim(1, -1).float() / temperature).softmax(-1)
    with torch.autocast(scores.device.type, enabled=False):
        return (shares @ centres(scores.device)).movedim(-1, 1)


def centres(device: torch.device) -> Tensor:
    """Return the bins on this device."""
    return torch.from_numpy(ab_bins()).to(device)


class ColourCounts:
    """How often each bin was seen, from which follows how much a pixel of a rare colour counts.

    The paper takes the frequencies in ImageNet. What is trained here are the cameras of a robot, so they are those of
    the pictures that were counted. With a `uniform_share` of 1 every pixel counts the same, and colours are duller and
    nearer to the truth.
    """

    def __init__(self, uniform_share: float = UNIFORM_SHARE) -> None:
        self.uniform_share = uniform_share
        self.counts = torch.zeros(len(ab_bins()), dtype=torch.float64)

    @classmethod
    def of(cls, pictures: Iterable[Image]) -> "ColourCounts":
        """Count the colours of RGB pictures."""
        counts = cls()
        for picture in pictures:
            pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
            small = resized(pixels, (COUNTED_SIDE, COUNTED_SIDE))
            counts.add(rgb_to_lab(small.float() / 255)[None, 1:])
        return counts

    def add(self, ab: Tensor) -> None:
        """Count colours (N, 2, h, w)."""
        numbers = nearest_bins(ab)[0][:, 0].flatten()
        self.counts += torch.bincount(numbers, minlength=len(self.counts)).cpu()

    def frequencies(self) -> Tensor:
        """Return the share of each bin (313,), smoothed over its neighbours; needs at least one counted colour."""
        assert self.counts.sum() > 0
        smooth = _neighbourhoods() @ self.counts
        return smooth / smooth.sum()

    def weights(self) -> Tensor:
        """Return the weight of a pixel of each bin (313,) float32; 1 on average over the counted colours."""
        frequencies = self.frequencies()
        share = self.uniform_share
        weights = 1 / ((1 - share) * frequencies + share / len(frequencies))
        return (weights / (frequencies * weights).sum()).float()


@cache
def _neighbourhoods() -> Tensor:
    """Return how each bin (in columns) is shared out over all (313, 313)."""
    with torch.inference_mode(False):
        bins = torch.from_numpy(ab_bins()).double()
        kernel = (-(torch.cdist(bins, bins) ** 2) / (2 * SIGMA**2)).exp()
        return kernel / kernel.sum(0)
