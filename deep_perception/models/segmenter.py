"""Segmenters: what each pixel shows."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.segmentation import LRASPP
from torchvision.transforms import functional as transform

from deep_perception.errors import ModelError
from deep_perception.models.grouping import equals_together
from deep_perception.models.model import Model
from deep_perception.models.origin import Origin
from deep_perception.models.resizing import enlarged_strips
from deep_perception.predictions import UNLABELLED, Guide, LabelMap, Prediction

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
USUAL_SIDE = 520
LONGEST = 2.5
"""A longer side of the prepared picture is at most this many times the shorter one's usual length."""
SECOND_JUDGE = 0.5
"""Weight of the loss half way, as torchvision trains."""


def resized(origin: Origin, usual: int = USUAL_SIDE) -> dict[str, Any]:
    """Return the argument of a Segmenter: the side that was written beside the weights, or the usual one."""
    written = origin.setting("resize")
    return {"resize": written if isinstance(written, int) else usual}


class Segmenter(Model):
    """Wraps any segmenter with torchvision's parts, a backbone and a classifier of its places."""

    task = "semantic_segmentation"

    def __init__(self, network: nn.Module, *, resize: int = USUAL_SIDE, **identity: Any) -> None:
        super().__init__(network, settings={"resize": resize}, **identity)
        if len(self.labels) > UNLABELLED:
            raise ModelError(f"{self.name}: got {len(self.labels)} classes, expected at most {UNLABELLED}")
        self.resize = resize

    def _predict(self, network: nn.Module, pixels: list[Tensor], guides: list[Guide | None]) -> list[Prediction]:
        wanted = self._wanted_labels()
        chosen = None if wanted is None else torch.from_numpy(wanted).to(self.device)

        def answer(places: list[int]) -> list[Prediction]:
            scores = _scores(network, torch.stack([self._prepared(pixels[place]) for place in places]))
            size = pixels[places[0]].shape[-2:]
            found = torch.stack([_best(each, (size[0], size[1]), chosen) for each in scores]).cpu().numpy()
            return [LabelMap(labels, confidence) for labels, confidence in found]

        return equals_together(pixels, answer)

    def _prepared(self, pixels: Tensor) -> Tensor:
        picture = transform.resize(pixels, self._inner_size(pixels), antialias=True)
        return transform.normalize(transform.convert_image_dtype(picture), MEAN, STD)

    def _inner_size(self, pixels: Tensor) -> list[int]:
        """Return height and width with the shorter side as the weights want it, unless the longer got too long."""
        height, width = pixels.shape[-2:]
        factor = min(self.resize / min(height, width), LONGEST * self.resize / max(height, width))
        return [max(1, int(height * factor)), max(1, int(width * factor))]

    def _losses(
        self, pixels: list[Tensor], targets: Sequence[LabelMap], guides: list[Guide | None]
    ) -> dict[str, Tensor]:
        for target in targets:
            self._check_target(target)
        batch = _padded([self._prepared(picture) for picture in pixels], 0)
        truth = _padded([self._prepared_truth(target, size) for target, size in zip(targets, pixels, strict=True)])
        try:
            output: dict[str, Tensor] = self.network(batch)
        except ValueError as err:  # a norm behind a pooling of the whole picture cannot learn from one value
            raise ModelError(f"{self.name} learns from two pictures at a time or more, got {len(pixels)}") from err
        losses = {"loss_pixels": _cross_entropy(output["out"], truth)}
        if "aux" in output:
            losses["loss_auxiliary"] = SECOND_JUDGE * _cross_entropy(output["aux"], truth)
        return losses

    def _prepared_truth(self, target: LabelMap, picture: Tensor) -> Tensor:
        labels = torch.from_numpy(target.labels).to(self.device)[None, None].float()
        return functional.interpolate(labels, self._inner_size(picture), mode="nearest-exact")[0, 0].long()

    def _check_target(self, target: LabelMap) -> None:
        known = target.labels[target.labels != UNLABELLED]
        if not known.size:
            raise ModelError("target: got a picture without a labelled pixel, expected some to learn from")
        if known.max() >= len(self.labels):
            raise ModelError(f"target: got class {known.max()}, expected at most {len(self.labels) - 1} ({self.name})")

    def _example(self) -> Tensor:
        return torch.zeros(1, 3, 64, 64)


def _scores(network: Any, batch: Tensor) -> Tensor:
    """Return the scores (N, classes, h, w) as coarse as they are made: they are enlarged once, to the final size."""
    features = network.backbone(batch)
    scores: Tensor = network.classifier(features if isinstance(network, LRASPP) else features["out"])
    return scores.float()


def _best(scores: Tensor, size: tuple[int, int], chosen: Tensor | None) -> Tensor:
    """Return class and confidence of each pixel, (2, H, W) uint8, from scores (classes, h, w)."""
    answer = torch.empty(2, *size, dtype=torch.uint8, device=scores.device)
    for rows, strip in enlarged_strips(scores, *size):
        best, label = strip.max(0)
        confidence = 255 / (strip - best).exp_().sum(0)
        if chosen is not None:
            kept = torch.isin(label, chosen)
            label, confidence = torch.where(kept, label, UNLABELLED), confidence * kept
        answer[0, rows], answer[1, rows] = label, confidence.round()
    return answer


def _cross_entropy(scores: Tensor, truth: Tensor) -> Tensor:
    return functional.cross_entropy(scores, truth, ignore_index=UNLABELLED)


def _padded(pictures: Sequence[Tensor], value: int = UNLABELLED) -> Tensor:
    """Stack pictures of several sizes, filled up at the right and at the bottom."""
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (-2, -1))
    return torch.stack(
        [functional.pad(one, (0, width - one.shape[-1], 0, height - one.shape[-2]), value=value) for one in pictures]
    )
