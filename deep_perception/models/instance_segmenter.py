"""Instance segmenters: what is where, and which pixels belong to it."""

from collections import OrderedDict
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.models.detection.transform import resize_boxes

from deep_perception.models.detector import Detector, float_picture, from_rows
from deep_perception.predictions import Guide, Instances

MASK_THRESHOLD = 0.5


class InstanceSegmenter(Detector):
    """Wraps Mask R-CNN; masks leave the device as small as they are made and grow to the picture's size here."""

    task = "instance_segmentation"

    def _detect(self, network: Any, pixels: list[Tensor], guides: list[Guide | None]) -> list[Instances]:
        height, width = pixels[0].shape[-2:]
        found = _find(network, [float_picture(picture) for picture in pixels])
        rows = [
            torch.column_stack((one["boxes"], one["scores"], one["labels"], one["masks"].flatten(1))) for one in found
        ]
        return [self._instances(table, (height, width)) for table in self._fetched(rows, (height, width))]

    def _instances(self, rows: NDArray[np.float32], size: tuple[int, int]) -> Instances:
        boxes = from_rows(rows)
        side = round(np.sqrt(rows.shape[1] - 6))
        masks = pasted(rows[:, 6:].reshape(-1, side, side), boxes.boxes, size)
        return Instances(boxes.boxes, boxes.labels, boxes.scores, masks)

    def _truth(self, target: Any) -> dict[str, Tensor]:
        if not isinstance(target, Instances):
            raise TypeError(f"target: got {type(target).__name__}, expected Instances, which have masks")
        solid = (target.boxes[:, 2:] > target.boxes[:, :2]).all(1)
        masks = torch.from_numpy(target.masks[solid]).to(self.device, torch.uint8)
        return {**super()._truth(target), "masks": masks}


def _find(network: Any, pictures: list[Tensor]) -> list[dict[str, Tensor]]:
    """Return what the network itself does, but for masks as large as pictures."""
    images, _ = network.transform(pictures)
    features = network.backbone(images.tensors)
    if isinstance(features, Tensor):
        features = OrderedDict([("0", features)])
    proposals, _ = network.rpn(images, features)
    found: list[dict[str, Tensor]] = network.roi_heads(features, proposals, images.image_sizes)[0]
    for one, inner, picture in zip(found, images.image_sizes, pictures, strict=True):
        one["boxes"] = resize_boxes(one["boxes"], list(inner), [int(side) for side in picture.shape[-2:]])
    return found


def pasted(masks: NDArray[np.float32], boxes: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return masks (n, H, W) from likelihoods (n, m, m) within boxes, as torchvision pastes them."""
    canvas = np.zeros((len(masks), *size), np.bool_)
    for one, mask, box in zip(canvas, masks, _grown(boxes, masks.shape[-1]), strict=True):
        left, top, right, bottom = box
        whole = cv2.resize(np.pad(mask, 1), (max(1, right - left + 1), max(1, bottom - top + 1)))
        inside = whole[max(0, -top) : max(0, size[0] - top), max(0, -left) : max(0, size[1] - left)]
        at = max(top, 0), max(left, 0)
        np.greater(inside, MASK_THRESHOLD, out=one[at[0] : at[0] + len(inside), at[1] : at[1] + inside.shape[1]])
    return canvas


def _grown(boxes: NDArray[np.float32], side: int) -> list[list[int]]:
    """Whole pixels of boxes grown by the rim of one cell that every mask gets, so that it ends softly."""
    middle, half = (boxes[:, :2] + boxes[:, 2:]) * 0.5, (boxes[:, 2:] - boxes[:, :2]) * 0.5
    half = half * np.float32((side + 2) / side)
    corners: list[list[int]] = np.concatenate([middle - half, middle + half], axis=1).astype(np.int64).tolist()
    return corners
