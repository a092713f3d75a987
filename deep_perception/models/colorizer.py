"""Colorizers: which colours a gray picture had."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from deep_perception.models.chroma_smoothing import ChromaSmoothing
from deep_perception.models.colouring.by_bins import ByBins
from deep_perception.models.colouring.by_hints import ByHints
from deep_perception.models.colouring.by_picture import ByPicture
from deep_perception.models.colouring.technique import Technique
from deep_perception.models.memory import Memory
from deep_perception.models.model import Model
from deep_perception.models.networks import colorizer_shufflenet, deoldify, zhang_eccv16
from deep_perception.models.origin import Origin
from deep_perception.predictions import Guide, Picture, Prediction

TECHNIQUES: dict[str, Callable[[tuple[int, int] | None], Technique]] = {
    "colorizer_eccv16": lambda size: ByBins(zhang_eccv16.prepare, size or zhang_eccv16.INPUT_SIZE),
    "colorizer_siggraph17": lambda size: ByHints(size or zhang_eccv16.INPUT_SIZE),
    "colorizer_shufflenet_v2_x1_0": lambda size: ByBins(
        colorizer_shufflenet.prepare, size or colorizer_shufflenet.INPUT_SIZE
    ),
    "deoldify_artistic": lambda size: ByPicture(deoldify.RENDER_FACTORS["artistic"]),
    "deoldify_stable": lambda size: ByPicture(deoldify.RENDER_FACTORS["stable"]),
    "deoldify_video": lambda size: ByPicture(deoldify.RENDER_FACTORS["video"]),
}
"""By the name of the network, for an input of this size (None: the usual)."""


def asked(origin: Origin) -> dict[str, Any]:
    """Return the argument of a Colorizer: how its network is asked, at the size that was written beside the weights."""
    written = origin.setting("input_size")
    size = (int(written[0]), int(written[1])) if isinstance(written, (list, tuple)) else None
    return {"technique": TECHNIQUES[origin.name](size)}


class Colorizer(Model):
    """Wraps any network that can be asked for colours: its size, its gray and its losses are the technique's affair.

    The answer has the size and the brightness of the picture; a colour picture is taken as the gray one it would be.
    """

    task = "colorization"

    def __init__(self, network: nn.Module, *, technique: Technique, **identity: Any) -> None:
        super().__init__(network, settings=technique.settings(), **identity)
        self.technique = technique
        self.guide = technique.guide

    def memory(self) -> Memory:
        """Return a new memory for a stream, which steadies its colours as much as is selected at each picture."""
        return ChromaSmoothing(lambda: self.selection.temporal_smoothing)

    def _predict(self, network: nn.Module, pixels: list[Tensor], guides: list[Guide | None]) -> list[Prediction]:
        chroma = self.technique.chroma(network, pixels, guides, self.selection).float()
        with torch.autocast(self.device.type, enabled=False):
            pictures = [self.technique.join(*pair) for pair in zip(pixels, chroma, strict=True)]
        return [Picture(picture.cpu().numpy()) for picture in pictures]

    def _losses(
        self, pixels: list[Tensor], targets: Sequence[Picture], guides: list[Guide | None]
    ) -> dict[str, Tensor]:
        colours = [self._upload(target.image) for target in targets]
        return self.technique.losses(self.network, pixels, colours, guides, self.selection)

    def _example(self) -> Tensor:
        return self.technique.example()
