"""sensor_msgs/CompressedImage -> numpy: what cameras and image_transport put into it."""

import struct
from typing import Any, Protocol

import cv2
import numpy as np

from deep_perception.errors import ImageError
from deep_perception.pixels import containers
from deep_perception.pixels.encodings import ENCODINGS, Matrix, Packed, stretch
from deep_perception.predictions import Image

MAX_PIXELS = 1 << 27
"""A file that claims more pixels (134 million) is refused before memory is set aside for it."""

# What the file itself says its numbers are, when `format` adds nothing.
_BY_FILE = {
    ("uint8", 1): "mono8",
    ("uint8", 3): "bgr8",
    ("uint8", 4): "bgra8",
    ("uint16", 1): "mono16",
    ("uint16", 3): "bgr16",
    ("uint16", 4): "bgra16",
    ("float32", 1): "32FC1",
}


class CompressedImage(Protocol):
    """What sensor_msgs/CompressedImage has."""

    format: str
    data: Any


def decompress(message: CompressedImage) -> Image:
    """The picture in `message`, as it was taken: EXIF orientation is ignored. Depth is stretched to be seen."""
    if "compressedDepth" in message.format:
        return stretch(depth(message))
    data = bytes(message.data)
    matrix = _decode(data, message.format)
    return _encoding(matrix, message.format, containers.name(data)).rgb(matrix)


def depth(message: CompressedImage) -> Matrix:
    """The (H, W) distances in `message`, as sent: uint16 millimetres, or float32 metres with NaN for unknown."""
    data = bytes(message.data)
    if "compressedDepth" in message.format:
        return _compressed_depth(data, message.format)
    matrix = _decode(data, message.format)
    if matrix.ndim != 2:
        problem = f"depth: got a colour picture ('{message.format}'), expected one channel"
        raise ImageError("encoding", f"{problem}. Subscribe to the depth topic")
    return matrix


def _compressed_depth(data: bytes, text: str) -> Matrix:
    """compressed_depth_image_transport: 12 bytes of parameters, then a PNG of millimetres or of scaled 1/distance."""
    if "rvl" in text:
        raise ImageError(
            "encoding", f"depth: got '{text}', expected PNG. Set the publisher's compressedDepth format to png"
        )
    if len(data) <= 12:
        problem = f"depth: got {len(data)} bytes, expected 12 of parameters and a PNG"
        raise ImageError("truncated", f"{problem}. Look at the node that publishes it")
    _, scale, offset = struct.unpack_from("<iff", data)
    matrix = _decode(data[12:], text)
    if matrix.ndim != 2:
        raise ImageError(
            "corrupt", f"depth: got a colour PNG ('{text}'), expected one channel. Look at the node that publishes it"
        )
    if not text.startswith("32FC1"):
        return matrix
    with np.errstate(divide="ignore"):
        distance = np.float32(scale) / (matrix.astype(np.float32) - np.float32(offset))
    return np.where(matrix == 0, np.float32(np.nan), distance)


def _decode(data: bytes, text: str) -> Matrix:
    """The numbers in a JPEG, PNG, WebP, BMP or TIFF file, in OpenCV's channel order."""
    if not data:
        problem = f"compressed image ('{text}'): got no bytes, expected a file"
        raise ImageError(
            "empty", f"{problem}. Look at the publisher: its compressor may not know the camera's encoding"
        )
    width, height = containers.size(data, text)
    if width * height > MAX_PIXELS:
        problem = f"compressed image ('{text}'): got {width}x{height} pixels, expected at most {MAX_PIXELS}"
        raise ImageError("size", f"{problem}. Publish a smaller picture")
    # Older OpenCV makes a half grey picture of a JPEG cut short: look for the end mark behind the last scan ourselves.
    if containers.name(data) == "JPEG" and data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        raise _damaged("truncated", data, text)
    try:
        matrix = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as err:
        raise _damaged("corrupt", data, text) from err
    if matrix is None:
        raise _damaged("corrupt", data, text)
    return matrix


def _damaged(kind: str, data: bytes, text: str) -> ImageError:
    problem = f"compressed image ('{text}'): got {len(data)} bytes of {kind} {containers.name(data)}"
    return ImageError(kind, f"{problem}, expected a whole file. Look for losses between here and the camera")


def _encoding(matrix: Matrix, text: str, container: str) -> Packed:
    """What decoded numbers mean; `text` reads '<camera encoding>; <file type> compressed [<encoding in the file>]'.

    Colours in a file are the file's own affair, whatever `text` says, with one exception: image_transport writes TIFF
    in the camera's channel order. One channel may be brightness, a Bayer mosaic or depth: there `text` decides.
    """
    source, _, rest = text.partition(";")
    words = rest.split()
    claimed = ENCODINGS.get(words[2] if len(words) > 2 else source.strip())
    channels = 1 if matrix.ndim == 2 else matrix.shape[2]
    if isinstance(claimed, Packed) and claimed.holds(matrix) and (channels == 1 or container == "TIFF"):
        return claimed
    name = _BY_FILE.get((matrix.dtype.name, channels))
    if name is None:
        got = f"{channels} channels of {matrix.dtype}"
        raise ImageError(
            "encoding", f"compressed image ('{text}'): got {got}, expected one of {sorted(set(_BY_FILE.values()))}"
        )
    row = ENCODINGS[name]
    assert isinstance(row, Packed)
    return row
