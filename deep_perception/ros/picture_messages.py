"""Predictions that are pictures themselves, as messages."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, RegionOfInterest
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from deep_perception import pixels
from deep_perception.predictions import Instances, LabelMap, Picture

Size: TypeAlias = tuple[int, int]
"""Height and width in pixels."""


def image_message(array: NDArray, encoding: str, header: Header) -> ImageMessage:
    """Make a message of an array."""
    message = ImageMessage(header=header)
    pixels.fill(message, array, encoding)
    return message


def from_picture(picture: Picture, header: Header) -> ImageMessage:
    """Convert a new picture to rgb8."""
    return image_message(picture.image, "rgb8", header)


def from_labels(label_map: LabelMap, header: Header) -> ImageMessage:
    """Convert class numbers to mono8; 255 is unlabelled."""
    return image_message(label_map.labels, "mono8", header)


def from_confidence(label_map: LabelMap, header: Header) -> ImageMessage | None:
    """Convert the confidence to mono8, where it is known."""
    return None if label_map.confidence is None else image_message(label_map.confidence, "mono8", header)


def from_masks(instances: Instances, header: Header) -> ImageMessage:
    """Convert masks to mono16: 0 is none, k the k-th of the detections; where they overlap, the surer one."""
    return image_message(instances.numbered(), "mono16", header)


def scaled(info: CameraInfo, source: Size, result: Size, header: Header) -> CameraInfo:
    """Describe the camera that would have taken pictures of size `result` in place of `source`, of the same view.

    A pixel's centre is at whole coordinates, so that the left border of the first one is at -0.5.
    """
    down, across = result[0] / source[0], result[1] / source[1]
    scaling = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])
    region = info.roi
    return CameraInfo(
        header=header,
        height=round(info.height * down),
        width=round(info.width * across),
        distortion_model=info.distortion_model,
        d=info.d,
        k=_scaled(info.k, scaling, 3),
        r=info.r,
        p=_scaled(info.p, scaling, 4),
        binning_x=info.binning_x,
        binning_y=info.binning_y,
        roi=RegionOfInterest(
            x_offset=round(region.x_offset * across),
            y_offset=round(region.y_offset * down),
            height=round(region.height * down),
            width=round(region.width * across),
            do_rectify=region.do_rectify,
        ),
    )


def size_of(info: CameraInfo) -> Size:
    """Return the size of the pictures that this is about: a part of the sensor, perhaps with fewer pixels."""
    height, width = info.roi.height or info.height, info.roi.width or info.width
    return height // max(1, info.binning_y), width // max(1, info.binning_x)


def _scaled(matrix: NDArray[np.float64], scaling: NDArray[np.float64], columns: int) -> NDArray[np.float64]:
    # All zeros say that the camera was never calibrated.
    values = np.asarray(matrix, np.float64).reshape(3, columns)
    return (scaling @ values).ravel() if values.any() else values.ravel()
