"""What a record says, in the types that models learn from and are judged by."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from faster_coco_eval.core import mask as run_lengths
from numpy.typing import NDArray

from deep_perception.data.dataset import PIXELS, TAGS, THINGS, Dataset
from deep_perception.data.media import read_image
from deep_perception.data.record import Record, Segmentation, Thing
from deep_perception.errors import InputError
from deep_perception.predictions import UNLABELLED, Classes, Detections, Image, Instances, LabelMap, Picture, Prediction

KIND = {
    "classification": TAGS,
    "detection": THINGS,
    "proposals": THINGS,
    "instance_segmentation": THINGS,
    "semantic_segmentation": PIXELS,
}
"""Which labels a task learns from; tasks whose answer is a picture learn from the picture alone."""


def image_of(dataset: Dataset, record: Record) -> Image:
    """Read the picture; raise InputError where it is damaged."""
    return read_image(dataset.folder / record.image)


def usable(dataset: Dataset, task: str) -> tuple[Record, ...]:
    """Return the records that somebody has labelled for this task; without a tag there is nothing to classify."""
    kind = KIND.get(task)
    labelled = [record for record in dataset.records if kind is None or getattr(record, kind) is not None]
    if task == "classification":
        labelled = [one for one in labelled if one.tags]
    if task == "instance_segmentation":
        labelled = [one for one in labelled if all(thing.mask is not None for thing in one.things or ())]
    return tuple(labelled)


def target_of(dataset: Dataset, record: Record, task: str, names: Sequence[str]) -> Prediction:
    """Return the truth about a picture, its labels numbered as in `names`; raise InputError for a name not there."""
    if task in ("colorization", "super_resolution"):
        return Picture(image_of(dataset, record))
    if task == "classification":
        return classes(record, names)
    if task == "semantic_segmentation":
        return label_map(dataset, record, names)
    return things(record, names, masks=task == "instance_segmentation")


def classes(record: Record, names: Sequence[str]) -> Classes:
    """Return the tags of a record, best first."""
    tags = sorted(record.tags or (), key=lambda tag: -tag.score)
    numbers = [_number(tag.name, names, record) for tag in tags]
    return Classes(np.array(numbers, np.int64), np.array([tag.score for tag in tags], np.float32))


def things(record: Record, names: Sequence[str], *, masks: bool = False, ignored: bool = False) -> Detections:
    """Return the things of a record that count, or those that do not."""
    chosen = [thing for thing in record.things or () if thing.ignored == ignored]
    boxes = np.array([thing.box for thing in chosen], np.float32).reshape(-1, 4)
    numbers = np.array([_number(thing.name, names, record) for thing in chosen], np.int64)
    scores = np.array([thing.score for thing in chosen], np.float32)
    if not masks:
        return Detections(boxes, numbers, scores)
    drawn = [mask_of(thing, record) for thing in chosen]
    stack = np.stack(drawn) if drawn else np.zeros((0, record.height, record.width), np.bool_)
    return Instances(boxes, numbers, scores, stack)


def mask_of(thing: Thing, record: Record) -> NDArray[np.bool_]:
    """Return the pixels of a thing (H, W); raise InputError where they are missing or cannot be read."""
    if thing.mask is None:
        raise InputError(f"{record.id}: '{thing.name}' has no mask, expected one for each thing")
    try:
        return decoded(thing.mask, record.height, record.width)
    except (ValueError, TypeError, LookupError, RuntimeError) as err:
        raise InputError(f"{record.id}: the mask of '{thing.name}' cannot be read ({err})") from err


def decoded(mask: Segmentation, height: int, width: int) -> NDArray[np.bool_]:
    """Draw polygons or run lengths as COCO means them."""
    if isinstance(mask, list):
        mask = run_lengths.merge(run_lengths.frPyObjects(mask, height, width))
    elif isinstance(mask["counts"], list):
        mask = run_lengths.frPyObjects(mask, height, width)
    if list(mask["size"]) != [height, width]:
        raise ValueError(f"got a mask of {mask['size']}, expected {[height, width]}")
    return np.asarray(run_lengths.decode(mask), np.bool_)


def encoded(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Return run lengths as COCO writes them, fit for JSON."""
    packed = run_lengths.encode(np.asfortranarray(mask, np.uint8))
    return {"size": list(map(int, packed["size"])), "counts": packed["counts"].decode("ascii")}


def label_map(dataset: Dataset, record: Record, names: Sequence[str]) -> LabelMap:
    """Return the class of each pixel."""
    assert record.pixels is not None
    numbers = read_numbers(dataset.folder / record.pixels)
    own = dataset.labels.get(PIXELS, ())
    table = np.full(256, UNLABELLED, np.uint8)
    for number in np.unique(numbers):
        if number != UNLABELLED:
            if number >= len(own):
                raise InputError(f"{record.id}: its mask holds class {number}, expected less than {len(own)}")
            table[number] = _number(own[number], names, record)
    return LabelMap(table[numbers])


def read_numbers(path: Path) -> NDArray[np.uint8]:
    """Read an 8-bit mask."""
    numbers = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if numbers is None or numbers.ndim != 2 or numbers.dtype != np.uint8:
        raise InputError(f"{path} is no mask that can be read, expected a gray 8-bit PNG")
    return np.asarray(numbers, np.uint8)


def _number(name: str, names: Sequence[str], record: Record) -> int:
    if name not in names:
        raise InputError(f"{record.id}: '{name}' is not among the {len(names)} labels ({', '.join(names[:6])}…)")
    return names.index(name)
