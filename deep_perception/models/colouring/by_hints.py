"""Networks that take hints: what somebody knows of the colours of a few places."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from deep_perception.config import Selection
from deep_perception.models.colouring.hints import hint_planes, revealed
from deep_perception.models.colouring.technique import Technique, ab_of, coloured
from deep_perception.models.networks.zhang_eccv16 import AB_RANGE, prepare
from deep_perception.models.networks.zhang_siggraph17 import grid_classes
from deep_perception.predictions import ColourHints, Guide

CHROMA_WEIGHT = 10.0
"""Of the colours against the judgement half way, as in the public training code."""


class ByHints(Technique):
    """For siggraph17: without hints it colours on its own.

    It answers with a colour and not with a choice, so there is one way to decode it. The judgement half way is for
    learning alone; how the released file numbers its classes is not documented.
    """

    guide = ColourHints

    def __init__(self, input_size: tuple[int, int]) -> None:
        self.input_size = input_size

    def chroma(
        self, network: Any, pixels: Sequence[Tensor], guides: Sequence[Guide | None], wanted: Selection
    ) -> Tensor:
        """Return ab (N, 2, h, w)."""
        light = self._batch(pixels)
        hints = torch.stack([self._planes(*pair) for pair in zip(guides, pixels, strict=True)])
        answer: Tensor = network(light, hints)
        return answer

    def losses(
        self,
        network: Any,
        pixels: Sequence[Tensor],
        colours: Sequence[Tensor],
        guides: Sequence[Guide | None],
        wanted: Selection,
    ) -> dict[str, Tensor]:
        """Return Huber's loss of the colours, and the cross entropy of the judgement half way.

        Pictures without hints get some: random places of them are revealed.
        """
        ab = ab_of(colours, self.input_size)
        places = coloured(ab)
        ab = ab[places]
        chosen = [(guides[place], pixels[place]) for place in places]
        hints = [
            revealed(truth) if guide is None else self._planes(guide, picture)
            for truth, (guide, picture) in zip(ab, chosen, strict=True)
        ]
        light = self._batch([picture for _, picture in chosen])
        found, features = network.colours_and_features(light, torch.stack(hints))
        # The judgement reads the features and does not shape them, as in the second phase of the public training.
        scores = network.model_class(features.detach())
        classes = grid_classes(functional.adaptive_avg_pool2d(ab, scores.shape[2:]))
        distance = functional.smooth_l1_loss(found / AB_RANGE, ab / AB_RANGE, beta=1 / AB_RANGE, reduction="none")
        return {
            "loss_chroma": CHROMA_WEIGHT * distance.sum(1).mean(),
            "loss_class": functional.cross_entropy(scores, classes),
        }

    def example(self) -> Tensor:
        """Return an input with which the network can run once."""
        return torch.zeros(1, 1, 64, 64)

    def settings(self) -> dict[str, object]:
        """Return the size of the network's input."""
        return {"input_size": self.input_size}

    def _planes(self, guide: Guide | None, picture: Tensor) -> Tensor:
        if not isinstance(guide, ColourHints):
            return torch.zeros(3, *self.input_size, device=picture.device)
        return hint_planes(guide, (picture.shape[1], picture.shape[2]), self.input_size).to(picture.device)

    def _batch(self, pixels: Sequence[Tensor]) -> Tensor:
        batch = torch.stack([prepare(picture, self.input_size) for picture in pixels])
        return batch.contiguous(memory_format=torch.channels_last)
