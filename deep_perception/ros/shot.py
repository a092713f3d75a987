"""A picture that may be kept, and what held when it arrived."""

import io
from collections.abc import Callable
from typing import Any

import PIL.Image

from deep_perception.pixels import containers
from deep_perception.predictions import Image
from deep_perception.ros.frame import Frame

Position = tuple[float, float, float]

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WebP": ".webp"}
"""Files that every reader of a data set reads alike."""
MEANT_OTHERWISE = ("bayer", "compressedDepth", "16")
"""What stands in the format of a message whose file looks otherwise than its picture."""
_ORIENTATION = 0x0112


class Shot(Frame):
    """Only the thread that judges pictures reads it."""

    def __init__(self, message: Any, read: Callable[[Any], Image], label: str, position: Position | None) -> None:
        super().__init__(message, read)
        self.label, self.position = label, position

    def file(self) -> tuple[bytes, str] | None:
        """Return the picture as it came, and the suffix of its kind; None where it has to be written anew."""
        text = getattr(self._message, "format", None)
        if text is None or any(word in text for word in MEANT_OTHERWISE):
            return None
        content = bytes(self._message.data)
        suffix = SUFFIXES.get(containers.name(content))
        return None if suffix is None or _is_turned(content) else (content, suffix)


def _is_turned(content: bytes) -> bool:
    """Tell whether a viewer would turn the picture, which those who looked at it did not."""
    with PIL.Image.open(io.BytesIO(content)) as picture:
        return picture.getexif().get(_ORIENTATION, 1) != 1
