"""Pictures that nobody can learn from: blurred, too dark, too bright. All is measured on one small copy."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.data.sampling.look import Reason
from deep_perception.predictions import Image

LONGEST = 320
"""Longer side of the small copy in pixels."""

BLACK, WHITE = 8, 247
"""Grey levels up to which, and from which on, a camera tells nothing apart."""

SOFTENED = 1.0
"""Standard deviation of the blur that is added to find out how much there was."""

FLANKS = 1.27
"""How much too wide an edge seems, if all that is at least half as steep as its middle counts: 1 / sqrt(0.617)."""

LEAST_SLOPE = 2.0
"""Grey levels in a pixel; what is less steep may be noise, or a shade."""

LEAST_EDGES = 0.002
"""Share of the picture that has to be edges before anything is said of them."""


@dataclass(frozen=True, eq=False)
class Small:
    """A small copy of a picture: (h, w, 3) and (h, w) uint8."""

    colour: Image
    gray: NDArray[np.uint8]


def small(image: Image) -> Small:
    """Shrink a picture, if it is larger; each pixel is the mean of those it stands for, which takes noise away."""
    height, width = image.shape[:2]
    factor = min(1.0, LONGEST / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    colour = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Small(colour, np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), np.uint8))


def blurred(picture: Small, most: float) -> Reason | None:
    """Refuse a picture whose sharpest edges are wider than `most` pixels of the small copy; 0: none."""
    if most == 0 or (width := blur(picture)) <= most:
        return None
    return Reason("blur", f"its sharpest edges are {width:.2f} wide, more than {most:.3g}")


def badly_exposed(picture: Small, most: float) -> Reason | None:
    """Refuse a picture of which more than this share is black or white; 1: none."""
    black, white = float(np.mean(picture.gray <= BLACK)), float(np.mean(picture.gray >= WHITE))
    if black + white <= most:
        return None
    return Reason("exposure", f"{black:.0%} of it is black and {white:.0%} white")


def blur(picture: Small) -> float:
    """Return how wide the sharpest edges are, across or down, whichever is worse: standard deviation in small pixels.

    An edge that is blurred once more loses the less of its slope the more it was blurred before (Zhuo & Sim 2011,
    "Defocus map estimation from a single image"). Only the steepest edges count, because there always are soft ones
    too. So, unlike the variance of the Laplacian, it does not depend on how much texture or contrast there is: a lone
    cup on a plain table is as sharp as a page of print. Across and down are judged apart, because motion leaves the
    edges along it sharp. Where no edges are, nothing can be said: 0.
    """
    gray = picture.gray.astype(np.float32)
    softer = np.asarray(cv2.GaussianBlur(gray, (0, 0), SOFTENED), np.float32)
    slopes = [(_slope(gray, across), _slope(softer, across)) for across in (True, False)]
    steepest = max(float(after.max()) for _, after in slopes)
    return max(_width(before, after, steepest) for before, after in slopes)


def _slope(gray: NDArray[np.float32], across: bool) -> NDArray[np.float32]:
    return np.asarray(np.abs(cv2.Scharr(gray, cv2.CV_32F, int(across), int(not across), scale=1 / 32)), np.float32)


def _width(before: NDArray[np.float32], after: NDArray[np.float32], steepest: float) -> float:
    """Return the width of the edges of one direction, from their slopes before and after blurring once more."""
    # A direction with shades alone, in a picture with edges, is no sign of motion.
    least = max(LEAST_SLOPE, float(after.max()) / 2, steepest / 10)
    edges = after >= least
    if edges.sum() < LEAST_EDGES * edges.size:
        return 0.0
    ratio = float(before[edges].sum() / after[edges].sum())
    return SOFTENED / math.sqrt(max(ratio * ratio - 1, 1e-4)) / FLANKS
