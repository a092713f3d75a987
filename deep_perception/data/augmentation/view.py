"""A picture and its truth while both are changed in step, as torchvision's tensors that know what they hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from deep_perception.predictions import UNLABELLED, Detections, Image, Instances, LabelMap, Picture, Prediction

LEAST_SEEN = 0.35
"""A thing counts while this share of it is seen."""

Fill: TypeAlias = int | list[int]

GRAY = [124, 116, 104]
"""ImageNet's average colour: what is shown where the picture says nothing."""
FILLS: Mapping[str, Fill] = {
    "image": GRAY,
    "truth": GRAY,
    "boxes": 0,
    "masks": 0,
    "pixels": UNLABELLED,
    "confidence": 0,
}
"""What each part holds where the picture says nothing."""


@dataclass(frozen=True, eq=False)
class View:
    """Parts: the image and, of its truth, boxes and masks of things, pixels and their confidence, or another image."""

    parts: Mapping[str, Tensor]
    target: Prediction
    """The truth as it was."""
    kept: NDArray[np.intp]
    """Which things of it are still there."""

    @classmethod
    def of(cls, image: Image, target: Prediction) -> "View":
        """Copy a picture and its truth."""
        parts: dict[str, Tensor] = {"image": _of_image(image)}
        if isinstance(target, Picture):
            parts["truth"] = _of_image(target.image)
        if isinstance(target, Detections):
            boxes = torch.tensor(target.boxes)
            parts["boxes"] = tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=image.shape[:2])
        if isinstance(target, Instances):
            parts["masks"] = tv_tensors.Mask(torch.tensor(target.masks.view(np.uint8)))
        if isinstance(target, LabelMap):
            parts["pixels"] = tv_tensors.Mask(torch.tensor(target.labels))
            if target.confidence is not None:
                parts["confidence"] = tv_tensors.Mask(torch.tensor(target.confidence))
        return cls(parts, target, np.arange(len(target) if isinstance(target, Detections) else 0))

    @property
    def image(self) -> Image:
        """The picture as it is now."""
        return _to_image(self.parts["image"])

    @property
    def truth(self) -> Prediction:
        """What is true of it now."""
        parts, target = self.parts, self.target
        if isinstance(target, LabelMap):
            return LabelMap(parts["pixels"].numpy(), parts["confidence"].numpy() if "confidence" in parts else None)
        if isinstance(target, Picture):
            return Picture(_to_image(parts["truth"]))
        if not isinstance(target, Detections):
            return target
        things = self.boxes, target.labels[self.kept], target.scores[self.kept]
        return Instances(*things, parts["masks"].numpy().view(np.bool_)) if "masks" in parts else Detections(*things)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.parts["image"].shape[-2:]
        return height, width

    @property
    def boxes(self) -> NDArray[np.float32]:
        """Boxes (n, 4) of the things."""
        return self.parts["boxes"].numpy() if "boxes" in self.parts else np.empty((0, 4), np.float32)

    @property
    def says_something(self) -> bool:
        """Whether there is a thing or a pixel to learn from; always, where the whole picture is what is learnt from."""
        if "pixels" in self.parts:
            return bool((self.parts["pixels"] != UNLABELLED).any())
        return "boxes" not in self.parts or len(self.kept) > 0

    def painted(self, paint: Callable[[Tensor], Tensor], *names: str) -> "View":
        """Change the colours of the parts of these names, as far as they are there."""
        painted = {name: paint(self.parts[name]) for name in names if name in self.parts}
        return replace(self, parts={**self.parts, **painted})

    def mirrored(self) -> "View":
        """Exchange left and right."""
        return self._moved(lambda part, _: functional.horizontal_flip(part))

    def cut(self, top: int, left: int, height: int, width: int) -> "View":
        """Look at a part of the picture."""
        cut = self._moved(lambda part, _: functional.crop(part, top, left, height, width))
        return cut._without_hidden(self, areas(self.boxes))

    def surrounded(self, left: int, top: int, right: int, bottom: int) -> "View":
        """Look from further away: so many pixels that say nothing on each side."""
        return self._moved(lambda part, fill: functional.pad(part, [left, top, right, bottom], fill=fill))

    def turned(self, degrees: float) -> "View":
        """Turn counter-clockwise around the middle; without a mask, a box becomes the hull of itself."""

        def turn(part: Tensor, fill: Fill) -> Tensor:
            return functional.rotate(part, degrees, InterpolationMode.BILINEAR, fill=fill)

        sides = self.boxes[:, 2:] - self.boxes[:, :2]
        along, across = abs(np.cos(np.radians(degrees))), abs(np.sin(np.radians(degrees)))
        return self._moved(turn)._without_hidden(self, (sides @ [along, across]) * (sides @ [across, along]))

    def _moved(self, move: Callable[[Tensor, Fill], Tensor]) -> "View":
        return replace(self, parts={name: move(part, FILLS[name]) for name, part in self.parts.items()})

    def _without_hidden(self, before: "View", whole: NDArray[np.floating]) -> "View":
        """Leave out the things of which too little is left; `whole` are the areas of boxes that nothing cuts off."""
        if "boxes" not in self.parts:
            return self
        parts, left = dict(self.parts), areas(self.boxes)
        if "masks" in parts:
            left, whole = (view.parts["masks"].sum((1, 2)).numpy() for view in (self, before))
        seen = (left > 0) & (left >= LEAST_SEEN * whole)
        for name in parts.keys() & {"boxes", "masks"}:
            parts[name] = tv_tensors.wrap(parts[name][torch.from_numpy(seen)], like=parts[name])
        if "masks" in parts:
            parts["boxes"] = tv_tensors.wrap(torch.from_numpy(hulls(parts["masks"].numpy())), like=parts["boxes"])
        return replace(self, parts=parts, kept=self.kept[seen])


def areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the area of each box."""
    return np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)


def hulls(masks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the boxes (n, 4) around masks (n, H, W), of which none is empty."""
    rows, columns = np.any(masks, axis=2), np.any(masks, axis=1)
    height, width = masks.shape[1:]
    ends = width - columns[:, ::-1].argmax(1), height - rows[:, ::-1].argmax(1)
    return np.stack([columns.argmax(1), rows.argmax(1), *ends], axis=1).astype(np.float32)


def _of_image(image: Image) -> Tensor:
    pixels: Tensor = tv_tensors.Image(torch.tensor(image).permute(2, 0, 1))
    return pixels


def _to_image(pixels: Tensor) -> Image:
    return pixels.permute(1, 2, 0).contiguous().numpy()
