"""A prediction painted onto a copy of its picture, for people to look at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from deep_perception.canvas import LIGHT, Canvas, Colour, readable_on
from deep_perception.predictions import (
    Classes,
    Detections,
    Image,
    Instances,
    LabelMap,
    Picture,
    Prediction,
    check_image,
)

_MOST_ROWS = 10


def draw(
    image: Image, prediction: Prediction, labels: Sequence[str], *, colours: Mapping[str, Colour] | None = None
) -> Image:
    """A new picture, as large as `image`, with `prediction` painted on it; of a Picture, its own image.

    A class has the colour that `colours` gives its lower-case name, or else one made from the name.
    """
    check_image(image)
    if isinstance(prediction, Picture):
        return prediction.image.copy()
    for kind, paint in _PAINTERS:
        if isinstance(prediction, kind):
            canvas = Canvas(np.array(image, order="C"), labels, colours or {})
            paint(canvas, prediction)
            return canvas.image
    expected = "Classes, Detections, Instances, LabelMap or Picture"
    raise TypeError(f"prediction: got {type(prediction).__name__}, expected {expected}")


def _paint_classes(canvas: Canvas, classes: Classes) -> None:
    """A panel in the upper left corner: the best classes, each above a bar as long as its score."""
    gap, bar = canvas.gap, canvas.gap
    row = canvas.letters + bar + 2 * gap
    right = min(canvas.width, max(canvas.width // 2, canvas.length("m" * 16)))
    count = min(len(classes), _MOST_ROWS, canvas.height // row)
    canvas.shade(0, count * row, right)
    for place in range(count):
        label, score = int(classes.labels[place]), float(classes.scores[place])
        bottom = (place + 1) * row - gap - bar
        share = f"{score:.0%}"
        end = right - gap - canvas.length(share)
        if end > right // 2:
            canvas.write(share, end, bottom, LIGHT)
        else:
            end = right  # a small picture has room for the name alone
        canvas.write(canvas.fitting(_names(canvas, label), end - 2 * gap), gap, bottom, LIGHT)
        filled = round(min(max(score, 0), 1) * (right - 2 * gap))
        canvas.block(gap, bottom, gap + filled, bottom + bar, canvas.colour(label))


def _names(canvas: Canvas, label: int) -> list[str]:
    """The name and, where it lists several ('tabby, tabby cat'), the first of them."""
    name = canvas.name(label)
    return [name, name.partition(",")[0]]


class _Tag(NamedTuple):
    text: str
    colour: Colour
    left: int
    top: int
    right: int
    bottom: int

    def overlaps(self, other: "_Tag") -> bool:
        beside = self.right <= other.left or other.right <= self.left
        return not beside and self.top < other.bottom and other.top < self.bottom


def _paint_detections(canvas: Canvas, detections: Detections) -> None:
    """Boxes, then their tags, so that no line crosses a tag; the surest lie on top."""
    order = np.argsort(-detections.scores, kind="stable").tolist()
    corners = np.clip(np.rint(detections.boxes), 0, [canvas.width - 1, canvas.height - 1] * 2).astype(int).tolist()
    tags: list[_Tag] = []
    for at in order:
        label, score = int(detections.labels[at]), float(detections.scores[at])
        tags.append(_tag(canvas, label, score, corners[at], tags))
    for at, tag in zip(reversed(order), reversed(tags), strict=True):
        left, top, right, bottom = corners[at]
        cv2.rectangle(canvas.image, (left, top), (right, bottom), tag.colour, canvas.line)
    for tag in reversed(tags):
        canvas.block(tag.left, tag.top, tag.right, tag.bottom, tag.colour)
        canvas.write(tag.text, tag.left + canvas.line, tag.bottom - canvas.line, readable_on(tag.colour))


def _tag(canvas: Canvas, label: int, score: float, box: Sequence[int], taken: Sequence[_Tag]) -> _Tag:
    """A name and score upon a box, inside the picture; inside or under the box if a surer tag has taken the place."""
    names = _names(canvas, label)
    text = canvas.fitting([f"{names[0]} {score:.0%}", f"{names[-1]} {score:.0%}", *names], canvas.width - canvas.gap)
    width, height = canvas.length(text) + canvas.gap, canvas.letters + canvas.gap
    left = max(0, min(box[0], canvas.width - width))
    tops = (max(0, min(top, canvas.height - height)) for top in (box[1] - height, box[1], box[3]))
    tags = [_Tag(text, canvas.colour(label), left, top, left + width, top + height) for top in tops]
    return next((tag for tag in tags if not any(tag.overlaps(other) for other in taken)), tags[0])


def _paint_instances(canvas: Canvas, instances: Instances) -> None:
    """Shapes half covered with colour inside a line, so that neighbours of one class stay apart; then the boxes."""
    _check_size(canvas, instances.masks.shape[1:])
    covered = canvas.image.copy()
    outlines = []
    for at in np.argsort(instances.scores, kind="stable").tolist():
        mask, colour = instances.masks[at].view(np.uint8), canvas.colour(int(instances.labels[at]))
        left, top, width, height = cv2.boundingRect(mask)
        part = mask[top : top + height, left : left + width]
        outline, _ = cv2.findContours(part, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE, offset=(left, top))
        cv2.drawContours(covered, outline, -1, colour, cv2.FILLED)
        outlines.append((outline, colour))
    cv2.addWeighted(canvas.image, 0.5, covered, 0.5, 0, dst=canvas.image)
    for outline, colour in outlines:
        cv2.drawContours(canvas.image, outline, -1, colour, canvas.line)
    _paint_detections(canvas, instances)


def _paint_label_map(canvas: Canvas, label_map: LabelMap) -> None:
    """Every class half covered with its colour, background and unlabelled pixels left alone, and a legend."""
    labels = label_map.labels
    _check_size(canvas, labels.shape)
    areas = cv2.calcHist([labels], [0], None, [256], [0, 256]).ravel()
    order = np.argsort(-areas, kind="stable").tolist()
    shown = [label for label in order if areas[label] and not canvas.is_background(label)]
    palette, covers = np.zeros((1, 256, 3), np.uint8), np.zeros(256, np.uint8)
    for label in shown:
        palette[0, label], covers[label] = canvas.colour(label), 1
    covered = cv2.LUT(cv2.merge([labels] * 3), palette)
    cv2.addWeighted(canvas.image, 0.5, covered, 0.5, 0, dst=covered)
    cv2.copyTo(covered, cv2.LUT(labels, covers), canvas.image)
    _paint_legend(canvas, shown, areas / labels.size)


def _paint_legend(canvas: Canvas, labels: Sequence[int], shares: Any) -> None:
    """Colour, name and share of the picture of the largest classes, in the lower left corner."""
    gap, letters = canvas.gap, canvas.letters
    row, start = letters + gap, letters + 2 * gap
    labels = labels[: min(_MOST_ROWS, canvas.height // 2 // row)]
    top = canvas.height - len(labels) * row - gap
    room = canvas.width - start - gap
    texts = [
        canvas.fitting([f"{canvas.name(label)} {shares[label]:.0%}", canvas.name(label)], room) for label in labels
    ]
    if texts:
        canvas.shade(top, canvas.height, start + gap + max(map(canvas.length, texts)))
    for label, text in zip(labels, texts, strict=True):
        top += row
        canvas.block(gap, top - letters, gap + letters, top, canvas.colour(label))
        canvas.write(text, start, top, LIGHT)


def _check_size(canvas: Canvas, size: tuple[int, ...]) -> None:
    if size != (canvas.height, canvas.width):
        raise ValueError(f"prediction: got masks of {size}, expected those of the image, {canvas.image.shape[:2]}")


# The first that fits is taken, so a kind stands before what it is a kind of.
_PAINTERS: tuple[tuple[type, Callable[[Canvas, Any], None]], ...] = (
    (Classes, _paint_classes),
    (Instances, _paint_instances),
    (Detections, _paint_detections),
    (LabelMap, _paint_label_map),
)
