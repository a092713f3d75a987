"""Judges of pictures that models make: colours and sharpness."""

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deep_perception.colour import rgb_to_lab
from deep_perception.errors import InputError
from deep_perception.evaluation.colour_difference import ciede2000
from deep_perception.evaluation.tally import Counted, Floats, Tally, ratio
from deep_perception.predictions import Detections, Image, Picture

STUDIO_LUMA = (65.481 / 255, 128.553 / 255, 24.966 / 255)
"""Y of YCbCr from red, green and blue, less its offset, as upscalers are compared (ITU-R BT.601)."""
MOST_DECIBELS = 100.0
"""Equal pictures are no further apart than this, so that a mean stays finite."""


class PictureTally(Tally):
    """The mean of what each picture gets."""

    def counted(self, weights: Floats) -> Counted:
        """Count the pictures, each as often as `weights` says."""
        sums = (weights * np.array(self.units)).sum(
            1
        )  # not @, whose rounding depends on how many threads share the work
        return Counted(ratio(sums, weights.sum(1)), np.empty((len(weights), 0)))

    def _unit(self, prediction: Picture, truth: Picture, ignored: Detections | None) -> Any:
        check_same_size(prediction.image, truth.image)
        return self._judged(prediction.image, truth.image)

    @abstractmethod
    def _judged(self, image: Image, truth: Image) -> float:
        """Return the figure of one picture."""


class ColourTally(PictureTally):
    """How different the colours look."""

    unit = "CIEDE2000"
    lower_is_better = True

    def _judged(self, image: Image, truth: Image) -> float:
        return colour_difference(image, truth)


class SharpnessTally(PictureTally):
    """Peak signal-to-noise ratio of the brightness."""

    unit = "dB PSNR"

    def _judged(self, image: Image, truth: Image) -> float:
        return decibels((image.astype(np.float64) - truth) @ np.array(STUDIO_LUMA))


def check_same_size(image: Image, truth: Image) -> None:
    """Raise InputError where an answer cannot be compared."""
    got, expected = image.shape, truth.shape
    if got != expected:
        raise InputError(
            f"an answer has {got[1]}x{got[0]} pixels, the truth {expected[1]}x{expected[0]}. "
            "Judge models by pictures of their own scale"
        )


def colour_difference(image: Image, truth: Image) -> float:
    """Return the mean of CIEDE2000."""
    # In numpy, because the mean of torch depends on how many threads share the work.
    return float(ciede2000(_lab(image), _lab(truth)).numpy().mean(dtype=np.float64))


def decibels(error: Floats) -> float:
    """Return the peak signal-to-noise ratio of values of 0 to 255."""
    squares = float(np.square(error).mean())
    return min(MOST_DECIBELS, float(10 * np.log10(255**2 / squares))) if squares else MOST_DECIBELS


def _lab(image: Image) -> Tensor:
    return rgb_to_lab(torch.tensor(image).permute(2, 0, 1).float() / 255)
