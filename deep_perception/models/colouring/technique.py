"""What a family of colorizers has to say for itself."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from deep_perception.colour import rgb_to_lab
from deep_perception.config import Selection
from deep_perception.errors import InputError
from deep_perception.models.colouring.joining import with_ab
from deep_perception.models.resizing import resized
from deep_perception.predictions import Guide

COLOURED = 5.0
"""A picture whose a and b stay within this is gray, as in the public training code."""


class Technique(ABC):
    """How the networks of a family are asked for colours, and how they learn them.

    `Colorizer` knows pictures, devices and sizes; a network knows tensors. In between stands what differs from family
    to family: which gray the network reads and how large, which form its colours have, what it can be told beside the
    picture, and its losses.
    """

    guide: type | None = None
    """Type of what the network can be told about a picture."""

    @abstractmethod
    def chroma(
        self, network: nn.Module, pixels: Sequence[Tensor], guides: Sequence[Guide | None], wanted: Selection
    ) -> Tensor:
        """Return the colours (N, 2, h, w) of uint8 RGB pictures (3, H, W), at whatever size they come."""

    @abstractmethod
    def losses(
        self,
        network: nn.Module,
        pixels: Sequence[Tensor],
        colours: Sequence[Tensor],
        guides: Sequence[Guide | None],
        wanted: Selection,
    ) -> dict[str, Tensor]:
        """Return the losses of the network in training mode, for uint8 pictures and the same in colour."""

    @abstractmethod
    def example(self) -> Tensor:
        """Return an input with which the network can run once."""

    def join(self, pixels: Tensor, chroma: Tensor) -> Tensor:
        """Give a uint8 picture (3, H, W) these colours (2, h, w); return it as (H, W, 3)."""
        return with_ab(pixels, chroma)

    def settings(self) -> dict[str, object]:
        """Return what has to be known beside the weights."""
        return {}


def ab_of(colours: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
    """Return a and b (N, 2, h, w) of uint8 RGB pictures."""
    small = torch.stack([resized(picture, size) for picture in colours])
    return rgb_to_lab(small.float() / 255)[:, 1:]


def coloured(ab: Tensor) -> Tensor:
    """Tell which pictures of ab (N, 2, h, w) have colour, by their numbers; raise InputError where none has."""
    places = (ab.abs().amax((1, 2, 3)) > COLOURED).nonzero()[:, 0]
    if not len(places):
        raise InputError(
            f"target: got {len(ab)} gray pictures, expected at least one with colour. "
            "A colorizer learns from colour pictures alone; leave the gray ones out"
        )
    return places
