"""A picture as it arrived: received once and read once, however many models look at it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage

from deep_perception import pixels
from deep_perception.errors import ImageError
from deep_perception.predictions import Image


class Transport(NamedTuple):
    """How pictures travel."""

    message: type
    suffix: str
    read: Callable[[Any], Image]


TRANSPORTS = {
    "raw": Transport(ImageMessage, "", pixels.to_rgb),
    "compressed": Transport(CompressedImage, "/compressed", pixels.decompress),
}


class Frame:
    """Only the thread that calls the models reads it."""

    def __init__(self, message: Any, read: Callable[[Any], Image]) -> None:
        self.header = message.header
        self.stamp_ns = nanoseconds(message)
        self.size = len(message.data)
        self._message, self._read = message, read
        self._image: Image | None = None
        self._error: ImageError | None = None

    def image(self) -> Image:
        """Return the picture; raise ImageError, the same to everybody."""
        if self._error is not None:
            raise self._error
        if self._image is None:
            try:
                self._image = self._read(self._message)
            except ImageError as err:
                self._error = err
                raise
        return self._image


def nanoseconds(message: Any) -> int:
    """Return the stamp of a message."""
    stamp = message.header.stamp
    return int(stamp.sec * 1_000_000_000 + stamp.nanosec)
