"""Classifiers: what the whole picture shows."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as transform

from deep_perception.models.model import Model
from deep_perception.models.origin import Origin
from deep_perception.predictions import Classes, Guide, Prediction

LONGEST_STRIP = 4  # A picture with longer sides than this many times its shorter ones is cut before it is resized.


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes the input of a classifier: shorter side to `resize`, centre `crop`, normalise."""

    resize: int = 256
    crop: int = 224
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    interpolation: str = "bilinear"

    @classmethod
    def of_preset(cls, preset: Any) -> "Preparation":
        """Read torchvision's ImageClassification preset."""
        return cls(
            preset.resize_size[0],
            preset.crop_size[0],
            tuple(preset.mean),
            tuple(preset.std),
            preset.interpolation.value,
        )

    @classmethod
    def of_settings(cls, settings: dict[str, Any]) -> "Preparation":
        """Read what a checkpoint holds: `asdict` of a Preparation after a trip through JSON."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()
        }
        return cls(**values)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Turn uint8 (3, H, W) into float (1 or 3, crop, crop), to the bit as torchvision's preset treats a tensor."""
        pixels = _without_far_ends(pixels)
        if len(self.mean) == 1:
            pixels = transform.rgb_to_grayscale(pixels)
        pixels = transform.resize(pixels, [self.resize], InterpolationMode(self.interpolation), antialias=True)
        pixels = transform.center_crop(pixels, [self.crop])
        return transform.normalize(transform.convert_image_dtype(pixels), list(self.mean), list(self.std))


def prepared(origin: Origin, usual: Callable[[], Preparation]) -> dict[str, Any]:
    """Return the argument of a Classifier: the preparation that was written beside the weights, or the usual one."""
    written = origin.setting("preparation")
    return {"preparation": Preparation.of_settings(written) if isinstance(written, dict) else usual()}


class Classifier(Model):
    """Answers with the `top_k` best classes."""

    task = "classification"

    def __init__(self, network: nn.Module, *, preparation: Preparation | None = None, **identity: Any) -> None:
        self.preparation = preparation or Preparation()
        super().__init__(network, settings={"preparation": asdict(self.preparation)}, **identity)

    def _predict(self, network: nn.Module, pixels: list[Tensor], guides: list[Guide | None]) -> list[Prediction]:
        batch = torch.stack([self.preparation(picture) for picture in pixels])
        probabilities = network(batch.contiguous(memory_format=torch.channels_last)).float().softmax(1)
        return [self._best(scores) for scores in probabilities.cpu().numpy()]

    def _best(self, scores: np.ndarray) -> Classes:
        wanted = self._wanted_labels()
        candidates = np.arange(len(scores)) if wanted is None else wanted
        order = candidates[np.argsort(-scores[candidates], kind="stable")][: self.selection.top_k]
        return Classes(order.astype(np.int64), scores[order])

    def _losses(
        self, pixels: list[Tensor], targets: Sequence[Classes], guides: list[Guide | None]
    ) -> dict[str, Tensor]:
        batch = torch.stack([self.preparation(picture) for picture in pixels])
        wanted = torch.tensor([int(target.labels[0]) for target in targets], device=self.device)
        output = self.network(batch)
        if isinstance(output, Tensor):
            return {"loss_class": nn.functional.cross_entropy(output, wanted)}
        # GoogLeNet and Inception judge themselves half way as well; 0.4 is the weight their authors give to that.
        losses = {"loss_class": nn.functional.cross_entropy(output[0], wanted)}
        for number, judgement in enumerate(output[1:]):
            losses[f"loss_auxiliary_{number}"] = 0.4 * nn.functional.cross_entropy(judgement, wanted)
        return losses

    def _example(self) -> Tensor:
        return torch.zeros(1, len(self.preparation.mean), self.preparation.crop, self.preparation.crop)


def _without_far_ends(pixels: Tensor) -> Tensor:
    """Keep the middle of a long strip: the centre crop would drop the rest after resizing it to an enormous picture."""
    height, width = pixels.shape[-2:]
    most = LONGEST_STRIP * min(height, width)
    if max(height, width) <= most:
        return pixels
    return transform.center_crop(pixels, [min(height, most), min(width, most)])
