"""Every raw encoding this package reads: how its numbers lie in memory and how they become RGB. One row each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.errors import ImageError
from deep_perception.predictions import Image

Matrix: TypeAlias = NDArray[Any]
"""(H, W) or (H, W, channels) numbers, in this machine's byte order."""


@dataclass(frozen=True)
class Packed:
    """Pixel after pixel: one matrix of `channels` numbers of type `dtype`."""

    dtype: type[np.generic]
    channels: int
    rgb: Callable[[Matrix], Image]

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        return (height, width) if self.channels == 1 else (height, width, self.channels)

    def holds(self, matrix: Matrix) -> bool:
        return matrix.ndim > 1 and matrix.dtype == self.dtype and matrix.shape == self.shape(*matrix.shape[:2])


@dataclass(frozen=True)
class Planar:
    """Bytes in two planes: brightness (H, W), then colour pairs (H, W, 2), `shrink` times smaller both ways."""

    shrink: int
    rgb: Callable[[Matrix, Matrix], Image]


def _same(rgb: Matrix) -> Image:
    return rgb


def _recoloured(matrix: Matrix, code: int) -> Image:
    return np.asarray(cv2.cvtColor(matrix, code), np.uint8)


def _recolour(code: int) -> Callable[[Matrix], Image]:
    return partial(_recoloured, code=code)


def _scaled(rgb: Callable[[Matrix], Image]) -> Callable[[Matrix], Image]:
    """Full-range 16 bit: brought to 8 bit first (65535 is 255, rounded), because half as much is then recoloured."""

    def scaled(matrix: Matrix) -> Image:
        aligned = np.require(
            matrix, requirements=["ALIGNED"]
        )  # OpenCV refuses rows that start in the middle of a number
        return rgb(cv2.convertScaleAbs(aligned, alpha=1 / 257))

    return scaled


def _demosaic(code: int) -> Callable[[Matrix], Image]:
    def rgb(mosaic: Matrix) -> Image:
        _check_size(
            mosaic, min(mosaic.shape) >= 3, "a Bayer mosaic of at least 3x3"
        )  # OpenCV leaves a smaller one black
        return _recoloured(mosaic, code)

    return rgb


def _yuv422(code: int) -> Callable[[Matrix], Image]:
    def rgb(pairs: Matrix) -> Image:
        _check_size(pairs, pairs.shape[1] % 2 == 0, "an even width, as two pixels share their colour")
        return _recoloured(pairs, code)

    return rgb


def _yuv420(code: int) -> Callable[[Matrix, Matrix], Image]:
    def rgb(brightness: Matrix, colour: Matrix) -> Image:
        return np.asarray(cv2.cvtColorTwoPlane(brightness, colour, code), np.uint8)

    return rgb


def _yuv444(brightness: Matrix, colour: Matrix) -> Image:
    """OpenCV has no code for it: the same BT.601 limited-range formula as its 4:2:0 and 4:2:2 codes."""
    y, u, v = 1.164, (0, -0.391, 2.018), (1.596, -0.813, 0)
    rows = [[y, u[i], v[i], -16 * y - 128 * (u[i] + v[i])] for i in range(3)]
    return np.asarray(cv2.transform(np.dstack([brightness, colour]), np.array(rows)), np.uint8)


def stretch(values: Matrix) -> Image:
    """Grey from the least finite value (black) to the greatest (white); NaN, infinity and a flat picture are black."""
    finite = np.isfinite(values)
    low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
    if low == high:
        return np.zeros((*values.shape, 3), np.uint8)
    share = (np.where(finite, values, low) - np.float64(low)) / (high - low)
    return _recoloured(np.rint(share * 255).astype(np.uint8), cv2.COLOR_GRAY2RGB)


def _check_size(matrix: Matrix, fits: bool, expected: str) -> None:
    if not fits:
        height, width = matrix.shape[:2]
        raise ImageError(
            "size", f"image: got {width}x{height} pixels, expected {expected}. Set another size in the driver"
        )


_GREY, _BGR, _RGBA, _BGRA = map(
    _recolour, (cv2.COLOR_GRAY2RGB, cv2.COLOR_BGR2RGB, cv2.COLOR_RGBA2RGB, cv2.COLOR_BGRA2RGB)
)
_UYVY, _YUYV = map(_yuv422, (cv2.COLOR_YUV2RGB_UYVY, cv2.COLOR_YUV2RGB_YUYV))
# OpenCV names a mosaic by its second row, read from the second pixel on; ROS by its first four pixels.
_RGGB, _BGGR, _GBRG, _GRBG = map(
    _demosaic, (cv2.COLOR_BayerBG2RGB, cv2.COLOR_BayerRG2RGB, cv2.COLOR_BayerGR2RGB, cv2.COLOR_BayerGB2RGB)
)

# Names as in sensor_msgs/image_encodings.hpp; nv12 is not there, but drivers publish it. The names with a C say nothing
# about colour: three and four channels are taken for BGR and BGRA, because that is what OpenCV nodes put there; one
# channel of 8 bit is brightness; one channel of anything wider is a measure such as depth, stretched to be seen.
ENCODINGS: dict[str, Packed | Planar] = {
    "rgb8": Packed(np.uint8, 3, _same),
    "bgr8": Packed(np.uint8, 3, _BGR),
    "rgba8": Packed(np.uint8, 4, _RGBA),
    "bgra8": Packed(np.uint8, 4, _BGRA),
    "mono8": Packed(np.uint8, 1, _GREY),
    "rgb16": Packed(np.uint16, 3, _scaled(_same)),
    "bgr16": Packed(np.uint16, 3, _scaled(_BGR)),
    "rgba16": Packed(np.uint16, 4, _scaled(_RGBA)),
    "bgra16": Packed(np.uint16, 4, _scaled(_BGRA)),
    "mono16": Packed(np.uint16, 1, _scaled(_GREY)),
    "8UC1": Packed(np.uint8, 1, _GREY),
    "8UC3": Packed(np.uint8, 3, _BGR),
    "8UC4": Packed(np.uint8, 4, _BGRA),
    "16UC1": Packed(np.uint16, 1, stretch),
    "16UC3": Packed(np.uint16, 3, _scaled(_BGR)),
    "16UC4": Packed(np.uint16, 4, _scaled(_BGRA)),
    "16SC1": Packed(np.int16, 1, stretch),
    "32SC1": Packed(np.int32, 1, stretch),
    "32FC1": Packed(np.float32, 1, stretch),
    "bayer_rggb8": Packed(np.uint8, 1, _RGGB),
    "bayer_bggr8": Packed(np.uint8, 1, _BGGR),
    "bayer_gbrg8": Packed(np.uint8, 1, _GBRG),
    "bayer_grbg8": Packed(np.uint8, 1, _GRBG),
    "bayer_rggb16": Packed(np.uint16, 1, _scaled(_RGGB)),
    "bayer_bggr16": Packed(np.uint16, 1, _scaled(_BGGR)),
    "bayer_gbrg16": Packed(np.uint16, 1, _scaled(_GBRG)),
    "bayer_grbg16": Packed(np.uint16, 1, _scaled(_GRBG)),
    "uyvy": Packed(np.uint8, 2, _UYVY),
    "yuv422": Packed(np.uint8, 2, _UYVY),
    "yuyv": Packed(np.uint8, 2, _YUYV),
    "yuv422_yuy2": Packed(np.uint8, 2, _YUYV),
    "nv12": Planar(2, _yuv420(cv2.COLOR_YUV2RGB_NV12)),
    "nv21": Planar(2, _yuv420(cv2.COLOR_YUV2RGB_NV21)),
    "nv24": Planar(1, _yuv444),
}
