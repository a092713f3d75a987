"""Detectors: what is where."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.ops import FrozenBatchNorm2d

from deep_perception.models.grouping import equals_together
from deep_perception.models.model import Model
from deep_perception.predictions import Detections, Guide, Prediction

LONGEST_STRIP = 32  # Beyond this ratio of its sides a picture is padded, or its short side would shrink to nothing.


class Detector(Model):
    """Wraps any detector with torchvision's calling convention: a list of pictures in, a list of dicts out."""

    task = "detection"

    def __init__(self, network: nn.Module, **identity: Any) -> None:
        frozen = (module.eps for module in network.modules() if isinstance(module, FrozenBatchNorm2d))
        super().__init__(network, settings={"frozen_norm_eps": next(frozen, None)}, **identity)

    def _predict(self, network: nn.Module, pixels: list[Tensor], guides: list[Guide | None]) -> list[Prediction]:
        self._pass_selection_to(network)
        # torchvision pads pictures of different sizes to a common one, which changes what it finds near the padding.
        return equals_together(
            pixels,
            lambda places: list(self._detect(network, [pixels[i] for i in places], [guides[i] for i in places])),
        )

    def _detect(self, network: nn.Module, pixels: list[Tensor], guides: list[Guide | None]) -> Sequence[Prediction]:
        """Answer for pictures of one size."""
        found = self._call(network, [float_picture(picture) for picture in pixels], guides)
        # Labels ride along as floats (exact below 2**24), so that everything comes back in one transfer.
        rows = [torch.column_stack((one["boxes"], one["scores"], one["labels"])) for one in found]
        height, width = pixels[0].shape[-2:]
        return [from_rows(each) for each in self._fetched(rows, (height, width))]

    def _call(self, network: nn.Module, pictures: list[Tensor], guides: list[Guide | None]) -> list[dict[str, Tensor]]:
        found: list[dict[str, Tensor]] = network(pictures)
        return found

    def _fetched(self, rows: list[Tensor], size: tuple[int, int]) -> list[NDArray[np.float32]]:
        """Bring rows (x1 y1 x2 y2 score label ...) of each picture from the device; keep what is selected."""
        table = torch.cat(rows).float().cpu().numpy()
        table[:, 0:4:2] = table[:, 0:4:2].clip(0, size[1])
        table[:, 1:4:2] = table[:, 1:4:2].clip(0, size[0])
        return [self._chosen(each) for each in np.split(table, np.cumsum([len(one) for one in rows])[:-1])]

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

    def _chosen(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the rows of wanted classes, best first, no more than are asked for."""
        wanted = self._wanted_labels()
        if wanted is not None:
            rows = rows[np.isin(rows[:, 5], wanted)]
        return rows[np.argsort(-rows[:, 4], kind="stable")][: self.selection.max_detections]

    def _losses(
        self, pixels: list[Tensor], targets: Sequence[Detections], guides: list[Guide | None]
    ) -> dict[str, Tensor]:
        pictures = [float_picture(picture) for picture in pixels]
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


def from_rows(rows: NDArray[np.float32]) -> Detections:
    """Read rows that begin with x1 y1 x2 y2, score and label."""
    return Detections(rows[:, :4].copy(), rows[:, 5].astype(np.int64), rows[:, 4].copy())


def float_picture(pixels: Tensor) -> Tensor:
    """Turn uint8 (3, H, W) into float in [0, 1], a very long strip padded on its short side."""
    height, width = pixels.shape[-2:]
    shortest = -(-max(height, width) // LONGEST_STRIP)
    picture = pixels.to(torch.float32, memory_format=torch.contiguous_format).div_(255)
    return nn.functional.pad(picture, (0, max(0, shortest - width), 0, max(0, shortest - height)))
