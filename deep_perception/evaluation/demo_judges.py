"""One judge for each task of the demo: compares answers with the truth of the same picture, and shows a few."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from deep_perception.drawing import draw
from deep_perception.evaluation.demo_result import Figure
from deep_perception.evaluation.matching import Counts, compare, compare_by_class, mask_overlap
from deep_perception.evaluation.pixel_counts import PixelCounts
from deep_perception.predictions import Classes, Detections, Image, Instances, LabelMap, Picture
from deep_perception.scenes import LABELS, SURFACES

Pictures = list[tuple[str, Image]]
"""Words and pictures to show side by side."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What the camera of the demo tells about one picture."""

    image: Image
    things: Instances
    ignored: Detections
    semantic: LabelMap
    surface: Classes


class Judge(ABC):
    """Adds up raw counts over the pictures of a run."""

    task: str
    labels: Sequence[str] = LABELS

    def __init__(self) -> None:
        self.judged = 0

    def judge(self, answer: Any, truth: Truth) -> str:
        """Count an answer; return in a few words how good it is."""
        self.judged += 1
        return self._count(answer, truth)

    @abstractmethod
    def _count(self, answer: Any, truth: Truth) -> str:
        """Compare with the truth."""

    @abstractmethod
    def figures(self) -> list[Figure]:
        """Sum up."""

    def show(self, answer: Any, truth: Truth) -> Pictures:
        """Return pictures for people: what is true beside what was answered."""
        right = draw(truth.image, self._true(truth), self.labels)
        return [("truth", right), ("answer", draw(truth.image, answer, self.labels))]

    def _true(self, truth: Truth) -> Any:
        return truth.things

    def _figure(self, name: str, value: float, least: float, unit: str = "") -> Figure:
        return Figure(self.task, name, value, least, self.judged, unit)


class BoxJudge(Judge):
    """Boxes of the detector."""

    task = "detection"
    least = 0.90

    def __init__(self) -> None:
        super().__init__()
        self.classes: dict[int, Counts] = defaultdict(Counts)

    def _count(self, answer: Detections, truth: Truth) -> str:
        for label, counts in compare_by_class(answer, truth.things, truth.ignored).items():
            self.classes[label] += counts
        counts = compare(answer, truth.things, truth.ignored)
        return f"{counts.found} of {counts.found + counts.missed} found, {counts.wrong} wrong"

    def figures(self) -> list[Figure]:
        total = sum(self.classes.values(), Counts())
        return [
            self._figure("recall", total.recall, self.least),
            self._figure("precision", total.precision, self.least),
        ]

    def _true(self, truth: Truth) -> Any:
        return Detections(truth.things.boxes, truth.things.labels, truth.things.scores)


class InstanceJudge(BoxJudge):
    """Boxes and masks of the instance segmenter."""

    task = "instance_segmentation"
    least = 0.85

    def __init__(self) -> None:
        super().__init__()
        self._overlap, self._masks = 0.0, 0

    def _count(self, answer: Any, truth: Truth) -> str:
        shares = mask_overlap(answer, truth.things)
        self._overlap, self._masks = self._overlap + sum(shares), self._masks + len(shares)
        return f"{super()._count(answer, truth)}, masks overlap by {np.mean(shares or [0.0]):.0%}"

    def figures(self) -> list[Figure]:
        return [*super().figures(), self._figure("mask IoU", self._overlap / max(1, self._masks), 0.75)]

    def _true(self, truth: Truth) -> Any:
        return truth.things


class SurfaceJudge(Judge):
    """What the classifier says of the table top."""

    task = "classification"
    labels = SURFACES

    def __init__(self) -> None:
        super().__init__()
        self._right = 0

    def _count(self, answer: Classes, truth: Truth) -> str:
        said, true = (SURFACES[int(one.labels[0])] for one in (answer, truth.surface))
        self._right += said == true
        return f"table of {said}, right" if said == true else f"table of {said}, wrong: it is {true}"

    def figures(self) -> list[Figure]:
        return [self._figure("accuracy", self._right / max(1, self.judged), 0.90)]

    def _true(self, truth: Truth) -> Any:
        return truth.surface


class PixelJudge(Judge):
    """The class of each pixel."""

    task = "semantic_segmentation"

    def __init__(self) -> None:
        super().__init__()
        self._counts = PixelCounts(len(LABELS))

    def _count(self, answer: LabelMap, truth: Truth) -> str:
        own = PixelCounts(len(LABELS))
        own.add(answer, truth.semantic)
        self._counts.confusion += own.confusion
        return f"mean IoU {own.mean_iou():.2f}, {own.accuracy():.0%} of the pixels right"

    def figures(self) -> list[Figure]:
        return [self._figure("mean IoU", self._counts.mean_iou(), 0.65)]

    def _true(self, truth: Truth) -> Any:
        return truth.semantic


class ColourJudge(Judge):
    """Colours that the colorizer gives to what it sees in gray."""

    task = "colorization"

    def __init__(self) -> None:
        super().__init__()
        self._error = self._error_of_gray = 0.0

    def _count(self, answer: Picture, truth: Truth) -> str:
        ours, without = colour_error(answer.image, truth.image), colour_error(gray(truth.image), truth.image)
        self._error, self._error_of_gray = self._error + ours, self._error_of_gray + without
        return f"colours {ours:.1f} off, those of gray {without:.1f}"

    def figures(self) -> list[Figure]:
        gained = 1 - self._error / self._error_of_gray if self._error_of_gray else 0.0
        return [self._figure("colour error removed", gained, 0.10)]

    def show(self, answer: Picture, truth: Truth) -> Pictures:
        return [("truth", truth.image), ("what it looks at", gray(truth.image)), ("answer", answer.image)]


class LargeJudge(Judge):
    """Pictures of the upscaler. Nobody knows the large truth, but made small again it must be what the camera saw."""

    task = "super_resolution"
    CROP = (160, 120)

    def __init__(self) -> None:
        super().__init__()
        self._squares, self._values = 0.0, 0

    def _count(self, answer: Picture, truth: Truth) -> str:
        again = cv2.resize(answer.image, truth.image.shape[1::-1], interpolation=cv2.INTER_AREA)
        squares = float(np.square(again.astype(np.float32) - truth.image).sum())
        self._squares, self._values = self._squares + squares, self._values + truth.image.size
        height, width = answer.image.shape[:2]
        return f"{width}x{height}; made small again {_decibels(squares, truth.image.size):.1f} dB from the camera's"

    def figures(self) -> list[Figure]:
        return [self._figure("agreement with the camera", _decibels(self._squares, self._values), 30.0, "dB")]

    def show(self, answer: Picture, truth: Truth) -> Pictures:
        (width, height), scale = self.CROP, answer.image.shape[0] // truth.image.shape[0]
        top, left = (truth.image.shape[0] - height) // 2, (truth.image.shape[1] - width) // 2
        small = truth.image[top : top + height, left : left + width]
        large = answer.image[scale * top :, scale * left :][: scale * height, : scale * width]
        size = (3 * width, 3 * height)
        shown = [cv2.resize(small, size, interpolation=how) for how in (cv2.INTER_NEAREST, cv2.INTER_CUBIC)]
        words = ("the camera's pixels", "bicubic", "answer")
        pictures = [*shown, cv2.resize(large, size, interpolation=cv2.INTER_NEAREST)]
        return [(word, np.asarray(one, np.uint8)) for word, one in zip(words, pictures, strict=True)]


def colour_error(image: Image, truth: Image) -> float:
    """Mean distance of the colours in the ab plane of Lab."""
    ab, true = (cv2.cvtColor(one.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 1:] for one in (image, truth))
    return float(np.linalg.norm(ab - true, axis=2).mean())


def gray(image: Image) -> Image:
    """Return what is left of a picture without its colours."""
    return np.repeat(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)


def _decibels(squares: float, values: int) -> float:
    """Peak signal-to-noise ratio; no more than what a difference of one in a thousand gives."""
    return float(10 * np.log10(255**2 * values / max(squares, values * 1e-3))) if values else 0.0
