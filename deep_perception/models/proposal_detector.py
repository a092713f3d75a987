"""Detectors that judge boxes which somebody else proposes."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from deep_perception.models.detector import Detector, float_picture
from deep_perception.models.networks.detectron import selective_search
from deep_perception.predictions import Detections, Guide, Prediction

SEARCHED = 1000
"""Most boxes that selective search proposes."""


class ProposalDetector(Detector):
    """Judges the boxes of a guide; where there is no guide, those that selective search finds.

    Boxes are in pixels of the picture. What they leave of it outside is cut off, and a box without area is left out; a
    picture for which none is left has an empty answer.
    """

    guide = Detections

    def _predict(self, network: nn.Module, pixels: list[Tensor], guides: list[Guide | None]) -> list[Prediction]:
        return super()._predict(network, pixels, list(map(_proposals, pixels, guides)))

    def _call(self, network: nn.Module, pictures: list[Tensor], guides: list[Guide | None]) -> list[dict[str, Tensor]]:
        found: list[dict[str, Tensor]] = network(pictures, proposals=list(map(_boxes, pictures, guides)))
        return found

    def _losses(
        self, pixels: list[Tensor], targets: Sequence[Detections], guides: list[Guide | None]
    ) -> dict[str, Tensor]:
        boxes = [_boxes(picture, _proposals(picture, guide)) for picture, guide in zip(pixels, guides, strict=True)]
        pictures = [float_picture(picture) for picture in pixels]
        losses: dict[str, Tensor] = self.network(pictures, [self._truth(target) for target in targets], boxes)
        return losses


def _proposals(pixels: Tensor, guide: Guide | None) -> Detections:
    """Return what is given or found, cut to the picture (3, H, W)."""
    if guide is None:
        return selective_search.proposals(pixels.permute(1, 2, 0).cpu().numpy(), SEARCHED)
    assert isinstance(guide, Detections)
    height, width = pixels.shape[-2:]
    boxes = guide.boxes.clip(0, np.array([width, height, width, height], np.float32))
    inside = (boxes[:, 2:] > boxes[:, :2]).all(1)
    return Detections(boxes[inside], guide.labels[inside], guide.scores[inside])


def _boxes(picture: Tensor, guide: Guide | None) -> Tensor:
    assert isinstance(guide, Detections)
    return torch.from_numpy(guide.boxes).to(picture.device)
