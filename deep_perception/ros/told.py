"""What is told about a picture over topics, as a record of a data set keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMessage
from vision_msgs.msg import Classification, Detection2DArray, LabelInfo

from deep_perception import pixels
from deep_perception.data import vision_messages
from deep_perception.data.record import Thing
from deep_perception.errors import ImageError
from deep_perception.predictions import UNLABELLED
from deep_perception.ros.picture_messages import Size

TOPICS: dict[str, type] = {
    "detections": Detection2DArray,
    "classification": Classification,
    "mask": ImageMessage,
    "depth": ImageMessage,
    "detections_other": Detection2DArray,
}
"""What carries the stamps of pictures."""

FARTHEST = 0xFFFF
"""Millimetres; what is farther is unknown."""


@dataclass(frozen=True)
class Things:
    """What boxes say, and how many of them could not be used."""

    things: tuple[Thing, ...]
    refused: int = 0
    why: str = ""


def things_in(message: Detection2DArray, size: Size, source: str) -> Things:
    """Read boxes, cut to the picture; those without a class, and those that hold nothing of it, are left out."""
    things = vision_messages.things_in(message, (size[1], size[0]), source)
    told = len(message.detections)
    refused = told - len(things)
    why = f"{refused} of {told} boxes have no class_id, or hold nothing of a picture of {size[1]}x{size[0]}"
    return Things(things, refused, why)


def names_in(message: LabelInfo) -> dict[int, str]:
    """Read the names of classes by their numbers."""
    return {one.class_id: one.class_name for one in message.class_map}


def classes_in(message: ImageMessage, size: Size) -> NDArray[np.uint8]:
    """Read the class of each pixel; raise ImageError where it does not fit the picture."""
    array = pixels.to_array(message)
    return _checked("mask", array, np.uint8, size)


def millimetres_in(message: ImageMessage, size: Size) -> NDArray[np.uint16]:
    """Read depth in millimetres or metres; 0 is unknown. Raises ImageError where it does not fit the picture."""
    array = pixels.to_array(message)
    if array.dtype == np.float32:
        millimetres = np.rint(np.where(np.isfinite(array), array, 0) * np.float64(1000))
        array = np.where((millimetres > 0) & (millimetres <= FARTHEST), millimetres, 0).astype(np.uint16)
    return _checked("depth", array, np.uint16, size)


def intrinsics_in(info: CameraInfo) -> tuple[float, ...] | None:
    """Read the camera matrix of the pictures that this is about, row by row; None where nobody calibrated."""
    matrix = np.array(info.k, np.float64).reshape(3, 3)
    if not matrix.any():
        return None
    matrix[:2, 2] -= info.roi.x_offset, info.roi.y_offset
    matrix[0] /= max(1, info.binning_x)
    matrix[1] /= max(1, info.binning_y)
    return tuple(matrix.ravel().tolist())


def renumbered(numbers: NDArray[np.uint8], names: Mapping[int, str], order: Sequence[str]) -> NDArray[np.uint8]:
    """Return the same classes, numbered as in `order`; what has no name, or no room there, is unlabelled."""
    table = np.full(256, UNLABELLED, np.uint8)
    places = {name: place for place, name in enumerate(order[:UNLABELLED])}
    for number, name in names.items():
        if 0 <= number < UNLABELLED and name in places:
            table[number] = places[name]
    return table[numbers]


def _checked(what: str, array: NDArray[Any], dtype: type[np.generic], size: Size) -> NDArray[Any]:
    if array.dtype != dtype or array.shape != size:
        got = f"{array.dtype} of {'x'.join(map(str, array.shape[::-1]))}"
        expected = f"{np.dtype(dtype)} of the picture's {size[1]}x{size[0]}"
        raise ImageError(what, f"{what}: got {got}, expected {expected}. Remap {what} to what belongs to the picture")
    return array
