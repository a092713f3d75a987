"""sensor_msgs/Image <-> numpy, without a copy wherever the layout allows it."""

import array
import sys
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deep_perception.errors import ImageError, unknown
from deep_perception.pixels.encodings import ENCODINGS, Matrix, Packed, Planar
from deep_perception.predictions import Image


class RawImage(Protocol):
    """What sensor_msgs/Image has, from rclpy, from a bag reader or from a test."""

    height: int
    width: int
    encoding: str
    is_bigendian: Any
    step: int
    data: Any


def to_rgb(message: RawImage) -> Image:
    """The picture in `message`. For rgb8 it is a view of the message's own bytes: copy before writing into it."""
    row = _row(message)
    return row.rgb(*_planes(message, row)) if isinstance(row, Planar) else row.rgb(_matrix(message, row))


def to_array(message: RawImage) -> Matrix:
    """The numbers in `message`, (H, W) or (H, W, channels): a view of its bytes unless their order is foreign."""
    row = _row(message)
    if isinstance(row, Planar):
        problem = f"image encoding: got '{message.encoding}', two planes, expected one array"
        raise ImageError("encoding", f"{problem}. Read it as a picture, with to_rgb")
    return _matrix(message, row)


def fill(message: RawImage, matrix: Matrix, encoding: str) -> None:
    """Write `matrix`, (H, W) or (H, W, channels) as `encoding` wants it, and its description into `message`."""
    packed = {name: row for name, row in ENCODINGS.items() if isinstance(row, Packed)}
    row = packed.get(encoding)
    if row is None:
        raise ValueError(unknown("encoding", encoding, packed))
    if not row.holds(matrix):
        shape = ("height", "width", row.channels)[: 2 + (row.channels > 1)]
        expected = f"{np.dtype(row.dtype)} ({', '.join(map(str, shape))})"
        raise ValueError(f"image for {encoding}: got {matrix.dtype} {matrix.shape}, expected {expected}")
    # rclpy checks the items of anything but an array.array one by one, which takes a hundred times longer.
    octets = array.array("B", bytes(1)) * matrix.nbytes
    np.copyto(np.frombuffer(octets, row.dtype).reshape(matrix.shape), matrix)
    message.height, message.width = matrix.shape[:2]
    message.encoding = encoding
    message.is_bigendian = int(sys.byteorder == "big")
    message.step = message.width * row.channels * matrix.itemsize
    message.data = octets


def _row(message: RawImage) -> Packed | Planar:
    row = ENCODINGS.get(message.encoding)
    if row is None:
        problem = unknown("image encoding", message.encoding, ENCODINGS)
        raise ImageError("encoding", f"{problem}. Set another pixel format in the driver")
    if message.height == 0 or message.width == 0:
        size = f"{message.width}x{message.height}"
        raise ImageError(
            "empty", f"image: got {size} pixels, expected at least one. Look at the driver that publishes it"
        )
    return row


def _matrix(message: RawImage, row: Packed) -> Matrix:
    """The message's bytes seen as numbers: rows may be padded, and their order may be the other machine's."""
    dtype = np.dtype(row.dtype).newbyteorder(">" if message.is_bigendian else "<")
    pixel = dtype.itemsize * row.channels
    _check_step(message, message.width * pixel)
    octets = _octets(message.data)
    _check_length(octets, message.step * message.height, message)
    strides = (message.step, pixel, dtype.itemsize)
    shape = row.shape(message.height, message.width)
    matrix: Matrix = np.ndarray(shape, dtype, octets, strides=strides[: len(shape)])
    return matrix.astype(row.dtype, copy=False)


def _planes(message: RawImage, row: Planar) -> tuple[Matrix, Matrix]:
    height, width, shrink = message.height, message.width, row.shrink
    if height % shrink or width % shrink:
        problem = f"image: got {width}x{height} pixels of {message.encoding}, expected even numbers"
        raise ImageError("size", f"{problem}. Set another size in the driver")
    _check_step(message, width)
    octets = _octets(message.data)
    step = message.step
    # Some drivers divide all bytes by the height to get a step, or count the colours as a second channel.
    if len(octets) == _planar_length(height, width, shrink) < _planar_length(height, step, shrink):
        step = width
    _check_length(octets, _planar_length(height, step, shrink), message)
    brightness: Matrix = np.ndarray((height, width), np.uint8, octets, strides=(step, 1))
    colour: Matrix = np.ndarray(
        (height // shrink, width // shrink, 2), np.uint8, octets, height * step, (2 * step // shrink, 2, 1)
    )
    return brightness, colour


def _planar_length(height: int, step: int, shrink: int) -> int:
    return height * step + (height // shrink) * (2 * step // shrink)


def _octets(data: Any) -> NDArray[np.uint8]:
    """The bytes of a message without copying them; a plain list is copied, as it has none."""
    return np.frombuffer(bytes(data) if isinstance(data, list) else data, np.uint8)


def _check_step(message: RawImage, row_length: int) -> None:
    if message.step < row_length:
        got = f"step {message.step} for {message.width} pixels of {message.encoding}"
        raise ImageError(
            "step", f"image: got {got}, expected at least {row_length} bytes. Look at the driver that publishes it"
        )


def _check_length(octets: NDArray[np.uint8], expected: int, message: RawImage) -> None:
    if len(octets) < expected:
        layout = f"{message.width}x{message.height} {message.encoding}, step {message.step}"
        problem = f"image: got {len(octets)} bytes, expected {expected} ({layout})"
        raise ImageError("truncated", f"{problem}. Look at the driver that publishes it")
