"""Detectors: what is where."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import FrozenBatchNorm2d

from deep_perception.models.model import Model
from deep_perception.predictions import Detections, Prediction

LONGEST_STRIP = 32  # Beyond this ratio of its sides a picture is padded, or its short side would shrink to nothing.


class Detector(Model):
    """Wraps any detector with torchvision's calling convention: a list of pictures in, a list of dicts out."""

    task = "detection"

    def __init__(self, network: nn.Module, **identity: Any) -> None:
        frozen = (module.eps for module in network.modules() if isinstance(module, FrozenBatchNorm2d))
        super().__init__(network, settings={"frozen_norm_eps": next(frozen, None)}, **identity)

    def _predict(self, network: nn.Module, pixels: list[Tensor]) -> list[Prediction]:
        self._pass_selection_to(network)
        answers: list[Prediction | None] = [None] * len(pixels)
        # torchvision pads pictures of different sizes to a common one, which changes what it finds near the padding:
        # pictures go together only with their equals, so that a batch answers like its pictures one by one.
        places = sorted(range(len(pixels)), key=lambda place: tuple(pixels[place].shape))
        for _, group in groupby(places, key=lambda place: tuple(pixels[place].shape)):
            together = list(group)
            for place, answer in zip(together, self._detect(network, [pixels[i] for i in together]), strict=True):
                answers[place] = answer
        return [answer for answer in answers if answer is not None]

    def _detect(self, network: nn.Module, pixels: list[Tensor]) -> list[Detections]:
        height, width = pixels[0].shape[-2:]
        found = network([_float_picture(picture) for picture in pixels])
        counts = [len(one["boxes"]) for one in found]
        # Labels ride along as floats (exact below 2**24), so that everything comes back in one transfer.
        columns = [torch.column_stack((one["boxes"], one["scores"], one["labels"])).float() for one in found]
        table = torch.cat(columns).cpu().numpy()
        table[:, 0:4:2] = table[:, 0:4:2].clip(0, width)
        table[:, 1:4:2] = table[:, 1:4:2].clip(0, height)
        return [self._chosen(rows) for rows in np.split(table, np.cumsum(counts)[:-1])]

    def _pass_selection_to(self, network: nn.Module) -> None:
        # A threshold that the network itself applies, before it suppresses overlaps, gives the same boxes sooner.
        judge: Any = getattr(network, "roi_heads", network)
        if not hasattr(judge, "own_nms_thresh"):
            judge.own_nms_thresh, judge.own_detections_per_img = judge.nms_thresh, judge.detections_per_img
        chosen = self.selection
        judge.score_thresh = chosen.score_threshold
        judge.nms_thresh = chosen.iou_threshold or judge.own_nms_thresh
        # With a class filter the network must not spend its detections on classes that are dropped afterwards.
        judge.detections_per_img = (
            max(chosen.max_detections, judge.own_detections_per_img) if chosen.classes else chosen.max_detections
        )

    def _chosen(self, rows: np.ndarray) -> Detections:
        wanted = self._wanted_labels()
        if wanted is not None:
            rows = rows[np.isin(rows[:, 5], wanted)]
        rows = rows[np.argsort(-rows[:, 4], kind="stable")][: self.selection.max_detections]
        return Detections(rows[:, :4].copy(), rows[:, 5].astype(np.int64), rows[:, 4].copy())

    def _losses(self, pixels: list[Tensor], targets: Sequence[Detections]) -> dict[str, Tensor]:
        pictures = [_float_picture(picture) for picture in pixels]
        losses: dict[str, Tensor] = self.network(pictures, [self._truth(target) for target in targets])
        return losses

    def _truth(self, target: Detections) -> dict[str, Tensor]:
        # A box without area holds no pixel to learn from, and torchvision refuses the whole batch for it.
        solid = (target.boxes[:, 2:] > target.boxes[:, :2]).all(1)
        return {
            "boxes": torch.from_numpy(target.boxes[solid]).to(self.device),
            "labels": torch.from_numpy(target.labels[solid]).to(self.device),
        }

    def _example(self) -> list[Tensor]:
        return [torch.zeros(3, 64, 64)]


def _float_picture(pixels: Tensor) -> Tensor:
    """Turn uint8 (3, H, W) into float in [0, 1], a very long strip padded on its short side."""
    height, width = pixels.shape[-2:]
    shortest = -(-max(height, width) // LONGEST_STRIP)
    picture = pixels.to(torch.float32, memory_format=torch.contiguous_format).div_(255)
    return nn.functional.pad(picture, (0, max(0, shortest - width), 0, max(0, shortest - height)))
