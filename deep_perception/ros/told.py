"""What is told about a picture over topics, as a record of a data set keeps it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMessage
from vision_msgs.msg import Classification, Detection2DArray

from deep_perception import pixels
from deep_perception.data import vision_messages
from deep_perception.data.record import Thing
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


def classes_in(message: ImageMessage, size: Size) -> NDArray[np.uint8]:
    """Read the class of each pixel; raise ImageError where it does not fit the picture."""
    return vision_messages.classes_in(message, (size[1], size[0]))


def millimetres_in(message: ImageMessage, size: Size) -> NDArray[np.uint16]:
    """Read depth in millimetres or metres; 0 is unknown. Raises ImageError where it does not fit the picture."""
    array = pixels.to_array(message)
    if array.dtype == np.float32:
        millimetres = np.rint(np.where(np.isfinite(array), array, 0) * np.float64(1000))
        array = np.where((millimetres > 0) & (millimetres <= FARTHEST), millimetres, 0).astype(np.uint16)
    return vision_messages.fitting("depth", array, np.uint16, (size[1], size[0]))


def intrinsics_in(info: CameraInfo) -> tuple[float, ...] | None:
    """Read the camera matrix of the pictures that this is about, row by row; None where nobody calibrated."""
    matrix = np.array(info.k, np.float64).reshape(3, 3)
    if not matrix.any():
        return None
    matrix[:2, 2] -= info.roi.x_offset, info.roi.y_offset
    matrix[0] /= max(1, info.binning_x)
    matrix[1] /= max(1, info.binning_y)
    return tuple(matrix.ravel().tolist())
