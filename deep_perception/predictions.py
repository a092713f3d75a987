"""What a model says about one picture. A training target has the same type as a prediction.

Every array is checked once, when the object is built, so that nobody downstream has to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""The only picture form inside the package: (H, W, 3) uint8 RGB."""

UNLABELLED = 255
"""The class id of a pixel in a LabelMap that nobody named."""


def check_array(name: str, array: object, shape: Sequence[int | None], dtype: type[np.generic]) -> None:
    """Raise TypeError or ValueError unless `array` has this dtype and shape (None = any length)."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: got {type(array).__name__}, expected a numpy array")
    if array.dtype != dtype:
        raise TypeError(f"{name}: got dtype {array.dtype}, expected {np.dtype(dtype)}")
    fits = len(array.shape) == len(shape) and all(
        want in (None, got) for got, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        expected = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"{name}: got shape {array.shape}, expected ({expected})")


def check_image(image: object) -> None:
    """Raise TypeError or ValueError unless this is a non-empty (H, W, 3) uint8 picture."""
    check_array("image", image, (None, None, 3), np.uint8)
    assert isinstance(image, np.ndarray)
    if image.size == 0:
        raise ValueError(f"image: got shape {image.shape}, expected at least one pixel")


@dataclass(frozen=True, eq=False)
class Classes:
    """Classification: class numbers (k,) int64 and scores (k,) float32, best first."""

    labels: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        check_array("labels", self.labels, (None,), np.int64)
        check_array("scores", self.scores, (len(self.labels),), np.float32)
        if np.any(np.diff(self.scores) > 0):
            raise ValueError(f"scores: got {self.scores}, expected the best first")

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Detections:
    """Detection: boxes (n, 4) float32 as x1 y1 x2 y2 in pixels of the input image, labels (n,), scores (n,)."""

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        check_array("boxes", self.boxes, (None, 4), np.float32)
        check_array("labels", self.labels, (len(self.boxes),), np.int64)
        check_array("scores", self.scores, (len(self.boxes),), np.float32)
        if not np.isfinite(self.boxes).all():
            raise ValueError("boxes: got a value that is not finite")
        if np.any(self.boxes[:, 2:] < self.boxes[:, :2]):
            raise ValueError("boxes: got x2 < x1 or y2 < y1, expected x1 y1 x2 y2")

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, eq=False)
class Instances(Detections):
    """Instance segmentation: detections with masks (n, H, W) bool."""

    masks: NDArray[np.bool_]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_array("masks", self.masks, (len(self.boxes), None, None), np.bool_)

    def numbered(self) -> NDArray[np.uint16]:
        """Return (H, W): 0 = none, k = k-th instance; where they overlap, the surest, of equals the first."""
        numbers = np.zeros(self.masks.shape[1:], np.uint16)
        for place in np.argsort(-self.scores, kind="stable")[::-1]:  # the surest last, so that it lies on top
            numbers[self.masks[place]] = place + 1
        return numbers


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Semantic segmentation: class numbers (H, W) uint8 (255 = unlabelled) and, when known, confidence (H, W) uint8."""

    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        check_array("labels", self.labels, (None, None), np.uint8)
        if self.confidence is not None:
            check_array("confidence", self.confidence, self.labels.shape, np.uint8)


@dataclass(frozen=True, eq=False)
class Picture:
    """Colorization and super-resolution: a new image (s*H, s*W, 3) uint8."""

    image: Image

    def __post_init__(self) -> None:
        check_image(self.image)


Prediction: TypeAlias = Classes | Detections | LabelMap | Picture


@dataclass(frozen=True, eq=False)
class ColourHints:
    """What somebody knows of the colours of a picture: points (n, 2) float32 as x y in pixels, colours (n, 3) uint8."""

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]

    def __post_init__(self) -> None:
        check_array("points", self.points, (None, 2), np.float32)
        check_array("colours", self.colours, (len(self.points), 3), np.uint8)
        if not np.isfinite(self.points).all():
            raise ValueError("points: got a value that is not finite")

    def __len__(self) -> int:
        return len(self.points)


Guide: TypeAlias = Detections | ColourHints
"""What a model may be told about a picture beside the picture: regions to look at, or colours."""
