"""How good a picture is that a model made: its figures beside the truth, whose mean is told."""

from typing import Any

import numpy as np
import torch

from deep_perception.evaluation.bags.truth import Known
from deep_perception.evaluation.picture_scores import STUDIO_LUMA, check_same_size, colour_difference, decibels
from deep_perception.predictions import Image, Picture

LEAST_SIDE = 11
"""SSIM looks at so many pixels at once."""


class Colours:
    """How different the colours look, and how colourful they are."""

    def of(self, answer: Picture, known: Known | None, image: Image) -> dict[str, Any]:
        """Return the figures of one picture."""
        said = {"colourfulness": colourfulness(answer.image)}
        if known is None:
            return said
        assert isinstance(known.target, Picture)
        truth = known.target.image
        check_same_size(answer.image, truth)
        said["colourfulness of the truth"] = colourfulness(truth)
        said["dB PSNR"] = decibels(answer.image.astype(np.float64) - truth)
        return {"CIEDE2000": colour_difference(answer.image, truth), **said}


class Sharpness:
    """How near to the truth the brightness is, and each channel; every pixel counts, the border too."""

    def of(self, answer: Picture, known: Known | None, image: Image) -> dict[str, Any]:
        """Return the figures of one picture."""
        if known is None:
            return {}
        assert isinstance(known.target, Picture)
        truth = known.target.image
        check_same_size(answer.image, truth)
        pair = [one.astype(np.float64) for one in (answer.image, truth)]
        bright = [one @ np.array(STUDIO_LUMA) for one in pair]
        said = {"dB PSNR": decibels(bright[0] - bright[1]), "dB PSNR RGB": decibels(pair[0] - pair[1])}
        if min(truth.shape[:2]) >= LEAST_SIDE:
            said |= {"SSIM": _similarity(*(one[..., None] for one in bright)), "SSIM RGB": _similarity(*pair)}
        return said


def colourfulness(image: Image) -> float:
    """Return how colourful a picture looks, 0 for grey and above 100 for garish (Hasler and Süsstrunk, 2003)."""
    red, green, blue = (channel.astype(np.float64) for channel in np.moveaxis(image, -1, 0))
    opponents = red - green, (red + green) / 2 - blue
    spread, away = (np.hypot(*(measure(one) for one in opponents)) for measure in (np.std, np.mean))
    return float(spread + 0.3 * away)


def _similarity(image: Any, truth: Any) -> float:
    """Return SSIM of pictures (H, W, channels) of 0 to 255."""
    # Here, because it takes seconds, and only this task needs it.
    from torchmetrics.functional.image import structural_similarity_index_measure

    planes = (torch.from_numpy(np.moveaxis(one, -1, 0)[None].astype(np.float32)) for one in (image, truth))
    # The mean in numpy: that of torch depends on how many threads share the work.
    _, each = structural_similarity_index_measure(*planes, data_range=255.0, return_full_image=True)
    return float(each.numpy().mean(dtype=np.float64))
