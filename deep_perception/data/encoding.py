"""Pictures as the files of a data set."""

import io
from hashlib import blake2b
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from deep_perception.durable_files import in_words
from deep_perception.errors import InputError
from deep_perception.predictions import Image, check_image

_SIDEWAYS = (5, 6, 7, 8)
"""Values of the EXIF orientation by which width and height change places."""

_ORIENTATION = 0x0112
_SETTINGS = {
    ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95],
    ".jpeg": [cv2.IMWRITE_JPEG_QUALITY, 95],
    ".png": [cv2.IMWRITE_PNG_COMPRESSION, 1],
}


def picture_file(image: Image | bytes | Path, suffix: str) -> tuple[bytes, str, tuple[int, int]]:
    """Return the content of a file, its suffix, width and height; raise InputError for what is no picture.

    Arrays are written as `suffix` says, ".png" if it is empty; files are kept as they are.
    """
    if isinstance(image, np.ndarray):
        check_image(image)
        chosen = suffix or ".png"
        pixels = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)
        return encoded(pixels, chosen), chosen, (image.shape[1], image.shape[0])
    if isinstance(image, Path):
        with in_words(f"{image} cannot be read", InputError):
            content = image.read_bytes()
        own, size = looked_at(content, str(image))
        return content, image.suffix.lower() or own, size
    own, size = looked_at(image, "a picture")
    return image, suffix or own, size


def encoded(array: NDArray[np.uint8] | NDArray[np.uint16], suffix: str = ".png") -> bytes:
    """Return an array of gray or BGR pixels as a file; raise InputError for a suffix that nothing is written as."""
    if suffix not in _SETTINGS:
        raise InputError(f"pictures are not written as '{suffix}', expected {' '.join(_SETTINGS)}")
    good, content = cv2.imencode(suffix, array, _SETTINGS[suffix])
    assert good
    return content.tobytes()


def looked_at(file: bytes | Path, name: str) -> tuple[str, tuple[int, int]]:
    """Return the suffix, and width and height as shown; read the first bytes only. Raise InputError for no picture."""
    try:
        with PIL.Image.open(file if isinstance(file, Path) else io.BytesIO(file)) as picture:
            width, height = picture.size
            sideways = picture.getexif().get(_ORIENTATION) in _SIDEWAYS
            return f".{(picture.format or 'png').lower()}", (height, width) if sideways else (width, height)
    except Exception as err:  # a damaged file can make its decoder raise anything
        raise InputError(f"{name} is no picture that can be read ({' '.join(str(err).split())})") from err


def digest(image: Image) -> bytes:
    """Return 16 bytes that are the same for equal pictures alone."""
    return blake2b(image.tobytes(), digest_size=16, salt=bytes(str(image.shape[:2]), "ascii")[:16]).digest()
