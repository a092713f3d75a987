"""Networks that choose among 313 colours, place by place."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from deep_perception.config import Selection
from deep_perception.models.colouring.technique import Technique, ab_of, coloured
from deep_perception.models.networks.ab_bins import ColourCounts, annealed_mean, cross_entropy
from deep_perception.predictions import Guide

Prepare = Callable[[Tensor, tuple[int, int]], Tensor]
"""Turns uint8 RGB (3, H, W) into the network's input (c, h, w)."""
EXAMPLE_SIZE = (64, 64)


class ByBins(Technique):
    """For networks that answer with ab, and with the scores of the bins when asked for `scores`.

    `counts` says how often each colour was seen, so that rare ones count for more; every batch of the training adds to
    it. Start with `ColourCounts.of(pictures)` to have it right from the first batch.
    """

    def __init__(self, prepare: Prepare, input_size: tuple[int, int], counts: ColourCounts | None = None) -> None:
        self.prepare = prepare
        self.input_size = input_size
        self.counts = counts or ColourCounts()

    def chroma(
        self, network: Any, pixels: Sequence[Tensor], guides: Sequence[Guide | None], wanted: Selection
    ) -> Tensor:
        """Return ab (N, 2, h, w)."""
        batch = self._batch(pixels)
        answer: Tensor = network(batch) if wanted.color_decoding == "own" else annealed_mean(network.scores(batch))
        return answer

    def losses(
        self,
        network: Any,
        pixels: Sequence[Tensor],
        colours: Sequence[Tensor],
        guides: Sequence[Guide | None],
        wanted: Selection,
    ) -> dict[str, Tensor]:
        """Return the cross entropy with the true colours, each shared out among the nearest bins."""
        ab = ab_of(colours, self.input_size)
        places = coloured(ab)
        scores = network.scores(self._batch([pixels[place] for place in places]))
        truth = functional.adaptive_avg_pool2d(ab[places], scores.shape[2:])
        self.counts.add(truth)
        return {"loss_colour": cross_entropy(scores, truth, self.counts.weights().to(scores.device))}

    def example(self) -> Tensor:
        """Return an input with which the network can run once."""
        return self.prepare(torch.zeros(3, 1, 1, dtype=torch.uint8), EXAMPLE_SIZE)[None]

    def settings(self) -> dict[str, object]:
        """Return the size of the network's input."""
        return {"input_size": self.input_size}

    def _batch(self, pixels: Sequence[Tensor]) -> Tensor:
        batch = torch.stack([self.prepare(picture, self.input_size) for picture in pixels])
        return batch.contiguous(memory_format=torch.channels_last)
