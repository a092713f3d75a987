"""Things found in a picture as a line of text holds them: numbers as base64, masks as COCO's run lengths."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_coco_eval.core import mask as run_lengths
from numpy.typing import NDArray

from deep_perception.evaluation import coco_matching
from deep_perception.predictions import Detections, Instances


@dataclass(frozen=True, eq=False)
class Packed:
    """Things as they lie in a line; masks still as run lengths, since nobody needs them otherwise to compare."""

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]
    runs: list[dict[str, Any]] | None
    """Masks, where there are any."""

    def things(self) -> Detections:
        """Return what was packed, to be drawn."""
        found = self.boxes, self.labels, self.scores
        if not self.runs:
            return Detections(*found)
        return Instances(*found, np.stack([run_lengths.decode(run) for run in self.runs]).astype(bool))


def packed(found: Detections, size: tuple[int, int] | None = None) -> dict[str, Any]:
    """Pack things; with the (height, width) of the picture their masks too: their boxes where they have none."""
    numbers = {"boxes": found.boxes, "labels": found.labels.astype("<u2"), "scores": found.scores}
    said: dict[str, Any] = {name: base64.b64encode(value.tobytes()).decode() for name, value in numbers.items()}
    if size is not None:
        said |= {"size": size, "masks": [run["counts"].decode() for run in coco_matching.masks(found, size)]}
    return said


def unpacked(said: Mapping[str, Any]) -> Packed:
    """Return what `packed` packed."""
    boxes, labels, scores = (
        np.frombuffer(base64.b64decode(said[name]), kind)
        for name, kind in (("boxes", "<f4"), ("labels", "<u2"), ("scores", "<f4"))
    )
    runs = None
    if "masks" in said:
        runs = [{"size": said["size"], "counts": counts.encode()} for counts in said["masks"]]
    return Packed(boxes.reshape(-1, 4), labels.astype(np.int64), scores, runs)
