"""Answers and truth painted onto one picture: what was found, what was missed, and what is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.canvas import Canvas, Colour, readable_on
from deep_perception.data.contact_sheet import painted
from deep_perception.evaluation import coco_matching
from deep_perception.evaluation.matching import FOUND as ENOUGH
from deep_perception.predictions import UNLABELLED, Detections, Image, Instances, LabelMap, Picture

FOUND, MISSED, WRONG, IGNORED = (38, 166, 110), (242, 165, 30), (226, 50, 84), (150, 150, 150)
DASH = 6
"""Length of the parts of a broken line, in widths of it."""


@dataclass(frozen=True, eq=False)
class Thing:
    """What is drawn of an answer or of the truth, in pixels of the picture that is shown."""

    box: tuple[int, int, int, int]
    mask: NDArray[np.uint8] | None
    colour: Colour
    text: str
    broken: bool
    """Its line is, for eyes that cannot tell the colours."""


def paint_things(
    image: Image,
    answer: Detections,
    truth: Detections,
    ignored: Detections | None,
    names: Sequence[str],
    room: tuple[int, int],
) -> Image:
    """Return the picture as large as there is room (height, width), with what was answered and what was missed."""
    large = painted(image, Picture(image), (), room)
    canvas = Canvas(large, names, {})
    things = list(_things(image, answer, truth, ignored, canvas))
    for thing in things:
        _cover(canvas, thing)
    for thing in things:
        _outline(canvas, thing)
    taken: list[tuple[int, int, int, int]] = []
    for thing in reversed(things):
        _write(canvas, thing, taken)
    return canvas.image


def paint_errors(image: Image, answer: LabelMap, truth: LabelMap, room: tuple[int, int]) -> Image:
    """Return the picture, paler, with the pixels that have another class than the true one."""
    wrong = (answer.labels != truth.labels) & (truth.labels != UNLABELLED)
    drawn = image // 2 + 30
    drawn[wrong] = (drawn[wrong].astype(np.uint16) + 3 * np.array(WRONG, np.uint16)) // 4
    return painted(image, Picture(drawn), (), room)


def matches(
    answer: Detections, truth: Detections, ignored: Detections | None, size: tuple[int, int]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which answers are right, which count neither way, and which true things were missed."""
    left_out = ignored if ignored is not None else _none(truth)
    shapes = coco_matching.masks if isinstance(truth, Instances) else coco_matching.boxes
    crowd = np.arange(len(truth) + len(left_out)) >= len(truth)
    wanted = [*shapes(truth, size), *shapes(left_out, size)]
    overlap = coco_matching.overlaps(shapes(answer, size), wanted, crowd)
    overlap[:, ~crowd] *= answer.labels[:, None] == truth.labels
    right, neither, free = np.zeros(len(answer), bool), np.zeros(len(answer), bool), np.ones(len(truth), bool)
    for place in np.argsort(-answer.scores, kind="stable").tolist():
        near = np.where(free, overlap[place, ~crowd], 0)
        if near.size and near.max() >= ENOUGH:
            right[place], free[near.argmax()] = True, False
        else:
            neither[place] = (overlap[place, crowd] >= ENOUGH).any()
    return right, neither, free


def _things(
    image: Image, answer: Detections, truth: Detections, ignored: Detections | None, canvas: Canvas
) -> Iterator[Thing]:
    """Yield what is drawn, the most telling last."""
    right, neither, missed = matches(answer, truth, ignored, image.shape[:2])
    of_size = image.shape[:2], canvas.image.shape[:2]
    if ignored is not None:
        yield from (_thing(ignored, place, of_size, IGNORED, "", broken=True) for place in range(len(ignored)))
    order = np.argsort(answer.scores, kind="stable")
    for place in [*order[right[order]], *order[~right[order]]]:
        colour = FOUND if right[place] else IGNORED if neither[place] else WRONG
        text = f"{canvas.name(int(answer.labels[place]))} {answer.scores[place]:.0%}"
        yield _thing(answer, place, of_size, colour, text)
    for place in np.flatnonzero(missed).tolist():
        text = f"missed {canvas.name(int(truth.labels[place]))}"
        yield _thing(truth, place, of_size, MISSED, text, broken=True)


def _thing(
    found: Detections,
    place: int,
    sizes: tuple[tuple[int, ...], tuple[int, ...]],
    colour: Colour,
    text: str,
    *,
    broken: bool = False,
) -> Thing:
    (height, width), (rows, columns) = sizes
    corners = found.boxes[place] * np.tile([columns / width, rows / height], 2)
    left, top, right, bottom = np.clip(np.rint(corners), 0, [columns - 1, rows - 1] * 2).astype(int).tolist()
    mask = None
    if isinstance(found, Instances):
        own = found.masks[place].view(np.uint8)
        mask = np.asarray(cv2.resize(own, (columns, rows), interpolation=cv2.INTER_NEAREST), np.uint8)
    return Thing((left, top, right, bottom), mask, colour, text, broken)


def _cover(canvas: Canvas, thing: Thing) -> None:
    """Give a shape half of its colour."""
    if thing.mask is not None:
        covered = thing.mask.astype(bool)
        canvas.image[covered] = (canvas.image[covered].astype(np.uint16) + thing.colour) // 2


def _outline(canvas: Canvas, thing: Thing) -> None:
    """Draw the border of a shape, or the box where there is none."""
    left, top, right, bottom = thing.box
    borders = [np.array([[left, top], [right, top], [right, bottom], [left, bottom]])[:, None]]
    if thing.mask is not None:
        borders = list(cv2.findContours(thing.mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0])
    for border in borders:
        closed = np.concatenate([border, border[:1]])[:, 0]
        for part in _dashes(closed, DASH * canvas.line) if thing.broken else [closed]:
            cv2.polylines(canvas.image, [part.astype(np.int32)], False, thing.colour, canvas.line + 1)


def _dashes(line: NDArray[np.int_], length: int) -> Iterator[NDArray[np.float64]]:
    """Yield every other part of a line."""
    points = line.astype(np.float64)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    for start in np.arange(0, along[-1], 2 * length):
        inside = points[(along > start) & (along < start + length)]
        ends = [[np.interp(at, along, points[:, side]) for side in (0, 1)] for at in (start, start + length)]
        yield np.array([ends[0], *inside, ends[1]])


def _write(canvas: Canvas, thing: Thing, taken: list[tuple[int, int, int, int]]) -> None:
    """Write upon the box, inside or under it, if there is room; the box alone says what it is by its colour."""
    text = canvas.fitting([thing.text], canvas.width - canvas.gap)
    wide, high = canvas.length(text) + canvas.gap, canvas.letters + canvas.gap
    left = max(0, min(thing.box[0], canvas.width - wide))
    for top in (thing.box[1] - high, thing.box[1], thing.box[3]):
        place = left, top, left + wide, top + high
        if text and 0 <= top <= canvas.height - high and not any(_overlap(place, other) for other in taken):
            canvas.block(*place, thing.colour)
            canvas.write(text, left + canvas.line, top + high - canvas.line, readable_on(thing.colour))
            taken.append(place)
            return


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _none(like: Detections) -> Detections:
    chosen = like.boxes[:0], like.labels[:0], like.scores[:0]
    return Instances(*chosen, like.masks[:0]) if isinstance(like, Instances) else Detections(*chosen)
