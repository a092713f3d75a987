"""Networks that paint a whole picture, of which the chroma is kept: DeOldify's generators."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms.v2 import functional as transform

from deep_perception.colour import chroma_of, luma, rgb_to_lab
from deep_perception.config import Selection
from deep_perception.models.colouring.joining import with_uv
from deep_perception.models.colouring.technique import Technique, coloured
from deep_perception.models.networks.deoldify import RENDER_BASE
from deep_perception.models.resizing import resized
from deep_perception.predictions import Guide

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
"""Of ImageNet, by which the network's input and output are normalised."""
LEAST_FACTOR = 7
TRAINING_FACTOR = 12
"""192 pixels a side, the largest that DeOldify trained with."""


class ByPicture(Technique):
    """For networks that turn a square gray picture into one in colour, both normalised (N, 3, s, s).

    `factor` is the usual render factor. The losses are the pixel part of DeOldify's pretraining. What it has on top,
    the distance between VGG-16's features and the rounds against a critic (NoGAN), is not here: without them a network
    that is trained further drifts towards duller colours.
    """

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def chroma(
        self, network: nn.Module, pixels: Sequence[Tensor], guides: Sequence[Guide | None], wanted: Selection
    ) -> Tensor:
        """Return U and V (N, 2, s, s)."""
        painted = network(self._batch(pixels, wanted.render_factor or self.factor)).float()
        with torch.autocast(painted.device.type, enabled=False):
            mean, std = (painted.new_tensor(values)[:, None, None] for values in (MEAN, STD))
            return chroma_of((painted * std + mean).clamp(0, 1))

    def losses(
        self,
        network: nn.Module,
        pixels: Sequence[Tensor],
        colours: Sequence[Tensor],
        guides: Sequence[Guide | None],
        wanted: Selection,
    ) -> dict[str, Tensor]:
        """Return how far the painted picture is from the true one, channel by channel."""
        factor = wanted.render_factor or TRAINING_FACTOR
        truth = torch.stack([_square(picture, factor) for picture in colours])
        places = coloured(rgb_to_lab(truth)[:, 1:])
        painted = network(self._batch([pixels[place] for place in places], factor))
        return {"loss_pixels": functional.l1_loss(painted, transform.normalize(truth[places], MEAN, STD))}

    def example(self) -> Tensor:
        """Return an input with which the network can run once."""
        return torch.zeros(1, 3, 64, 64)

    def join(self, pixels: Tensor, chroma: Tensor) -> Tensor:
        """Give a picture U and V; its luma stays."""
        return with_uv(pixels, chroma)

    def _batch(self, pixels: Sequence[Tensor], factor: int) -> Tensor:
        gray = luma(torch.stack([_square(picture, factor) for picture in pixels]))
        batch = transform.normalize(gray[:, None].expand(-1, 3, -1, -1), MEAN, STD)
        return batch.contiguous(memory_format=torch.channels_last)


def _square(picture: Tensor, factor: int) -> Tensor:
    """Return uint8 (3, H, W) as float (3, s, s) in [0, 1]; a factor too small for the network is raised."""
    side = max(factor, LEAST_FACTOR) * RENDER_BASE
    return resized(picture, (side, side), "bilinear").float() / 255
