"""What a picture contributes to the result, by task: small raw counts that a line of JSON holds."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deep_perception.errors import ImageError
from deep_perception.evaluation.bags.packing import packed
from deep_perception.evaluation.bags.picture_evidence import Colours, Sharpness
from deep_perception.evaluation.bags.truth import Known
from deep_perception.evaluation.coco_matching import surest
from deep_perception.predictions import UNLABELLED, Classes, Detections, Image, Instances, LabelMap

MOST_LIKELY = 5
"""So many classes of an answer are kept, since that is what is asked for."""


class Evidence(Protocol):
    """Counts one answer; its labels and those of the truth are places in the same names."""

    def of(self, answer: Any, known: Known | None, image: Image) -> dict[str, Any]:
        """Return what a line holds of an answer of the task's own type; raise ImageError where it does not fit."""


class Things:
    """Boxes as they are: what is right can only be said when all pictures are known."""

    by_masks = False

    def of(self, answer: Detections, known: Known | None, image: Image) -> dict[str, Any]:
        """Pack what was found, what there is, and what counts neither way."""
        size = image.shape[:2] if self.by_masks else None
        _check_masks(size, answer, known)
        said = {"found": packed(surest(answer), size)}
        if known is not None:
            assert isinstance(known.target, Detections)
            said["truth"] = packed(known.target, size)
            if known.ignored is not None and len(known.ignored):
                said["ignored"] = packed(known.ignored, size)
        return said


class Masks(Things):
    """Boxes with masks."""

    by_masks = True


class BestClasses:
    """The best few classes."""

    def of(self, answer: Classes, known: Known | None, image: Image) -> dict[str, Any]:
        """Tell them and the true one, -1 where there is none."""
        best = answer.labels[:MOST_LIKELY].tolist(), [round(float(one), 6) for one in answer.scores[:MOST_LIKELY]]
        said: dict[str, Any] = dict(zip(("labels", "scores"), best, strict=True))
        if known is not None:
            assert isinstance(known.target, Classes)
            said["true"] = int(known.target.labels[0]) if len(known.target) else -1
        return said


class PixelPairs:
    """How many pixels of which class were given which."""

    def of(self, answer: LabelMap, known: Known | None, image: Image) -> dict[str, Any]:
        """Count the pairs that there are; pixels that nobody named in truth do not count."""
        if known is None:
            return {}
        assert isinstance(known.target, LabelMap)
        got, expected = answer.labels, known.target.labels
        _check_size(got, expected.shape)
        counts = np.bincount((expected.astype(np.int64) << 8 | got).ravel(), minlength=1 << 16)
        pairs = np.flatnonzero(counts[: UNLABELLED << 8])
        return {"pairs": np.stack([pairs >> 8, pairs & 255, counts[pairs]]).T.tolist()}


EVIDENCE: dict[str, Evidence] = {
    "classification": BestClasses(),
    "detection": Things(),
    "proposals": Things(),
    "instance_segmentation": Masks(),
    "semantic_segmentation": PixelPairs(),
    "colorization": Colours(),
    "super_resolution": Sharpness(),
}
"""By task."""


def _check_masks(size: tuple[int, ...] | None, answer: Detections, known: Known | None) -> None:
    """Raise ImageError for masks that do not fit a picture of this (height, width)."""
    for one in (answer, known and known.target, known and known.ignored):
        if size and isinstance(one, Instances) and len(one):
            _check_size(one.masks[0], size)


def _check_size(mask: NDArray[Any], size: tuple[int, ...]) -> None:
    if mask.shape != size:
        told = f"a mask has {mask.shape[1]}x{mask.shape[0]} pixels, expected {size[1]}x{size[0]}"
        raise ImageError("mask size", f"{told}. Give masks of the size of the picture")
