"""Upscalers: the same picture with more pixels."""

import logging
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from deep_perception.errors import ImageError, ModelError
from deep_perception.models.grouping import equals_together
from deep_perception.models.model import Model
from deep_perception.models.networks.upscaling.bicubic import Bicubic
from deep_perception.models.networks.upscaling.network import UpscalingNetwork
from deep_perception.models.regions import regions
from deep_perception.models.tiling import SMALLEST, Box, upscaled
from deep_perception.predictions import Detections, Guide, Image, Picture, Prediction
from deep_perception.runtime.lack_of_memory import is_lack_of_memory

MOST_PIXELS = 128_000_000
"""Of an answer: 384 MB, which is more than any topic should carry."""
ENLARGED_SIDE = {"cpu": 1280, "cuda": 2560}
"""Side of what an automatic tile becomes: usual camera pictures go through whole, larger ones in bounded memory."""

logger = logging.getLogger(__name__)

Work = Callable[[int], NDArray[np.uint8]]
"""From the side of the tiles to upscaled pictures (N, H, W, 3)."""


class Upscaler(Model):
    """Wraps an UpscalingNetwork. Told of boxes, it works on those alone; the rest is enlarged by a cubic kernel."""

    task = "super_resolution"
    guide = Detections

    def __init__(self, network: UpscalingNetwork, **identity: Any) -> None:
        super().__init__(network, settings={"scale": network.scale}, **identity)
        self.scale = network.scale
        self._plain = Bicubic(self.scale).to(self.device)
        self._fits: tuple[int, int] | None = None

    def _predict(self, network: nn.Module, pixels: list[Tensor], guides: list[Guide | None]) -> list[Prediction]:
        assert isinstance(network, UpscalingNetwork)
        for picture in pixels:
            self._check_size(Box.around(picture))

        def answer(places: list[int]) -> list[Prediction]:
            whole = [place for place in places if guides[place] is None]
            done = dict(zip(whole, self._upscale(network, [pixels[place] for place in whole]), strict=True))
            for place in places:
                if isinstance(boxes := guides[place], Detections):
                    done[place] = self._upscale_regions(network, pixels[place], boxes)
            return [Picture(done[place]) for place in places]

        return equals_together(pixels, answer)

    def _upscale(self, network: UpscalingNetwork, pictures: list[Tensor]) -> list[Image]:
        """Upscale pictures of one size."""
        answers: list[Image] = []
        while rest := pictures[len(answers) :]:
            frame = Box.around(rest[0])
            extent = max(frame.height, frame.width, math.isqrt(len(rest) * frame.area))
            answers.extend(self._in_memory(partial(_first_upscaled, network, rest), network, frame, extent))
        return answers

    def _upscale_regions(self, network: UpscalingNetwork, picture: Tensor, boxes: Detections) -> Image:
        pictures, frame = picture[None], Box.around(picture)
        [answer] = self._in_memory(partial(upscaled, self._plain, pictures, frame), network, frame)
        for region in regions(boxes, frame, network.reach):
            bound = region.bound
            [part] = self._in_memory(partial(upscaled, network, pictures, bound), network, bound)
            for box in region.wanted:
                answer[box.seen_from(frame, self.scale).slices] = part[box.seen_from(bound, self.scale).slices]
        return answer

    def _in_memory(self, work: Work, network: UpscalingNetwork, part: Box, extent: int = 0) -> NDArray[np.uint8]:
        """Do some work in tiles, smaller ones from then on if memory runs out; none longer than `extent` is of use."""
        wanted = self.selection.tile or self._usual_side(network)
        _, side = self._fits if self._fits and self._fits[0] == wanted else (wanted, wanted)
        while True:
            try:
                return work(side)
            except (RuntimeError, MemoryError) as err:
                if not is_lack_of_memory(err):
                    raise
                if side <= SMALLEST:
                    raise self._no_memory(part, side) from err
            # Outside the except clause, whose traceback keeps alive what filled the memory.
            side = max(SMALLEST, min(side, extent or max(part.height, part.width)) // 2)
            self._fits = (wanted, side)
            self._give_back()
            logger.warning("%s: memory ran out, goes on in tiles of %d pixels", self.name, side)

    def _give_back(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _usual_side(self, network: UpscalingNetwork) -> int:
        side = math.ceil(ENLARGED_SIDE.get(self.device.type, ENLARGED_SIDE["cpu"]) / self.scale)
        return 2 * side if network.prefers_whole else side

    def _check_size(self, frame: Box) -> None:
        if frame.area * self.scale**2 > MOST_PIXELS:
            raise ImageError(
                "too large",
                f"a picture of {frame.width}x{frame.height} becomes {frame.area * self.scale**2 / 1e6:.0f} megapixels "
                f"at scale {self.scale}, expected at most {MOST_PIXELS // 1_000_000}. "
                "Take a smaller scale, or smaller pictures",
            )

    def _no_memory(self, part: Box, side: int) -> ImageError:
        return ImageError(
            "memory",
            f"{self.name}: not enough memory on {self.device} to upscale {part.width}x{part.height} by {self.scale}, "
            f"even in tiles of {side} pixels. Free some, or take a smaller network or scale",
        )

    def _losses(
        self, pixels: list[Tensor], targets: Sequence[Picture], guides: list[Guide | None]
    ) -> dict[str, Tensor]:
        if not any(parameter.requires_grad for parameter in self.network.parameters()):
            raise ModelError(f"{self.name} has nothing to learn. Take a network with weights, such as espcn")
        for picture, target in zip(pixels, targets, strict=True):
            self._check_target(Box.around(picture), target)

        def differences(places: list[int]) -> list[Tensor]:
            answers = self.network(torch.stack([pixels[place] for place in places]).float() / 255)
            truth = torch.stack([self._upload(targets[place].image) for place in places]).float() / 255
            return list(functional.l1_loss(answers, truth, reduction="none").mean((1, 2, 3)))

        return {"loss_difference": torch.stack(equals_together(pixels, differences)).mean()}

    def _check_target(self, frame: Box, target: Picture) -> None:
        height, width = target.image.shape[:2]
        if (height, width) != (self.scale * frame.height, self.scale * frame.width):
            expected = f"{self.scale * frame.width}x{self.scale * frame.height}"
            raise ImageError(
                "target size",
                f"target: got {width}x{height} for a picture of {frame.width}x{frame.height}, expected {expected} "
                f"({self.name}, scale {self.scale}). Make the small pictures from the large ones",
            )

    def _example(self) -> Tensor:
        return torch.zeros(1, 3, 16, 16)


def _first_upscaled(network: UpscalingNetwork, pictures: list[Tensor], side: int) -> NDArray[np.uint8]:
    """Upscale as many of these pictures of one size as there is room for in a tile, but at least one."""
    frame = Box.around(pictures[0])
    together = side**2 // frame.area if side > SMALLEST else 1
    return upscaled(network, torch.stack(pictures[: max(1, together)]), frame, side)
