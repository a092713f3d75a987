"""What the network will see, for people to look at before they wait for it."""

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from deep_perception.canvas import Canvas
from deep_perception.data.examples import Example
from deep_perception.drawing import draw
from deep_perception.predictions import Classes, Detections, Image, Instances, LabelMap, Picture, Prediction

MOST, COLUMNS = 24, 6
CELL = (240, 320)
"""Height and width of the place for a picture."""
GAP, CAPTION = 12, 26
PAGE, INK = (246, 247, 249), (22, 32, 44)
PIXELATED = 3.0
"""Pictures enlarged more than this show their pixels as they are."""


def contact_sheet(examples: Sequence[Example], labels: Sequence[str]) -> Image:
    """Return the first MOST examples in a grid, the truth painted on them, a caption under each."""
    shown = examples[:MOST]
    columns = max(1, min(COLUMNS, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    height, width = CELL[0] + CAPTION + GAP, CELL[1] + GAP
    sheet = np.empty((rows * height + GAP, columns * width + GAP, 3), np.uint8)
    sheet[:] = PAGE
    for place, example in enumerate(shown):
        top, left = GAP + place // columns * height, GAP + place % columns * width
        _put(sheet[top : top + CELL[0], left : left + CELL[1]], _shown(example, labels))
        below = top + CELL[0]
        _write(sheet[below : below + CAPTION, left : left + CELL[1]], _caption(example, labels))
    return sheet


def painted(image: Image, prediction: Prediction, labels: Sequence[str], room: tuple[int, int]) -> Image:
    """Return a picture as large as there is room (height, width), the prediction painted on it at that size."""
    if isinstance(prediction, Picture):
        return _fitting(prediction.image, room)
    large = _fitting(image, room)
    return draw(large, _enlarged(prediction, image, large), labels)


def _shown(example: Example, labels: Sequence[str]) -> Image:
    target = example.target
    if isinstance(target, Classes):
        return _fitting(example.image, CELL)  # the caption says it, and hides nothing
    if not isinstance(target, Picture):
        return painted(example.image, target, labels, CELL)
    half = (CELL[0], (CELL[1] - GAP // 2) // 2)
    return _beside(_fitting(_input(example.image, target), half), _fitting(target.image, half))


def _input(image: Image, target: Picture) -> Image:
    """Return what the network begins with: the small picture, or the colourless one."""
    if image.shape != target.image.shape:
        return image
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def _fitting(image: Image, room: tuple[int, int]) -> Image:
    height, width = image.shape[:2]
    factor = min(room[0] / height, room[1] / width)
    size = max(1, round(factor * width)), max(1, round(factor * height))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST if factor > PIXELATED else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def _enlarged(target: Prediction, image: Image, large: Image) -> Prediction:
    """Return the truth in pixels of the enlarged picture."""
    (height, width), size = image.shape[:2], large.shape[1::-1]
    if isinstance(target, Classes):
        return target
    if isinstance(target, LabelMap):
        return LabelMap(np.asarray(cv2.resize(target.labels, size, interpolation=cv2.INTER_NEAREST), np.uint8))
    assert isinstance(target, Detections)
    boxes = (target.boxes * np.tile([size[0] / width, size[1] / height], 2)).astype(np.float32)
    if not isinstance(target, Instances):
        return Detections(boxes, target.labels, target.scores)
    masks = [cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) for mask in target.masks.view(np.uint8)]
    stack = np.array(masks, np.bool_).reshape(-1, *size[::-1])
    return Instances(boxes, target.labels, target.scores, stack)


def _beside(left: Image, right: Image) -> Image:
    height, gap = max(len(left), len(right)), GAP // 2
    both = np.empty((height, left.shape[1] + gap + right.shape[1], 3), np.uint8)
    both[:] = PAGE
    _put(both[:, : left.shape[1]], left)
    _put(both[:, left.shape[1] + gap :], right)
    return both


def _put(place: Image, picture: Image) -> None:
    """Put a picture into the lower left corner of its place."""
    place[place.shape[0] - picture.shape[0] :, : picture.shape[1]] = picture


def _caption(example: Example, labels: Sequence[str]) -> list[str]:
    """Return what may be written, the best first."""
    what = _contents(example.target, Canvas(example.image, labels, {}))
    from_where = f"{example.id}, {example.image.shape[1]}x{example.image.shape[0]}"
    if not what:
        return [from_where, example.id]
    return [f"{what}  ({from_where})", f"{what}  ({example.id})", what]


def _contents(target: Prediction, named: Canvas) -> str:
    """Return what there is to see, where that can be said in a few words."""
    if isinstance(target, Classes):
        return ", ".join(named.name(int(label)) for label in target.labels[:3]) or "no class"
    if isinstance(target, Detections):
        counts = Counter(named.name(int(label)) for label in target.labels)
        return ", ".join(f"{count} {name}" for name, count in counts.most_common(3)) or "nothing"
    return ""


def _write(place: Image, texts: Sequence[str]) -> None:
    face, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.45

    def length(text: str) -> int:
        return cv2.getTextSize(text, face, scale, 1)[0][0]

    shorter = (texts[-1][:count] for count in range(len(texts[-1]), 0, -1))
    text = next((text for text in (*texts, *shorter) if length(text) <= place.shape[1]), "")
    cv2.putText(place, text, (0, 17), face, scale, INK, 1, cv2.LINE_AA)
