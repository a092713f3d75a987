"""The pictures of a recording: which topics hold them, which of them are asked for, and how they are decoded."""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rosbags.serde import SerdeError

from deep_perception.data.recordings.message import Message
from deep_perception.data.recordings.recording import Recording
from deep_perception.data.vision_messages import types
from deep_perception.errors import ConfigError, ImageError, InputError, unknown
from deep_perception.pixels import decompress, to_rgb
from deep_perception.predictions import Image

TO_RGB: dict[str, Callable[[Any], Image]] = {
    "sensor_msgs/msg/Image": to_rgb,
    "sensor_msgs/msg/CompressedImage": decompress,
}
SECOND = 1_000_000_000

# What is read here has not changed since Humble, so one set of types serves the recordings of all.
_TYPES = types()


@dataclass(frozen=True)
class Window:
    """Which pictures of a topic are asked for: a time since the start of the recording, and every so many of them."""

    start_s: float = 0.0
    end_s: float = math.inf
    stride: int = 1
    max_frames: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise ConfigError(f"window: got {self.start_s:g} s to {self.end_s:g} s, expected 0 <= start < end")
        if self.stride < 1:
            raise ConfigError(f"stride: got {self.stride}, expected at least 1")
        if self.max_frames is not None and self.max_frames < 1:
            raise ConfigError(f"max_frames: got {self.max_frames}, expected at least 1")


EVERYTHING = Window()


@dataclass(frozen=True, slots=True)
class RecordedPicture:
    """A picture as it was recorded, not decoded yet."""

    number: int
    """Place in its topic, counted from the start of the window."""
    message: Message

    @property
    def stamp_ns(self) -> int | None:
        """Return the stamp of its header, None where that is damaged."""
        return stamp_of(self.message)

    def decode(self) -> Image:
        """Return the picture, or raise ImageError. May be called in any thread."""
        return TO_RGB[self.message.kind](fields_of(self.message))


def pictures(recording: Recording, topic: str, window: Window = EVERYTHING) -> Iterator[RecordedPicture]:
    """Yield the pictures of a topic in the order of recording, one at a time."""
    start_ns = recording.start_ns + round(window.start_s * SECOND) if window.start_s else None
    end_ns = None if math.isinf(window.end_s) else recording.start_ns + round(window.end_s * SECOND)
    messages = recording.messages([topic], start_ns=start_ns, end_ns=end_ns)
    images = (message for message in messages if message.kind in TO_RGB)  # a topic may have changed its type
    for number, message in islice(islice(enumerate(images), None, None, window.stride), window.max_frames):
        yield RecordedPicture(number, message)


def image_topics(recording: Recording) -> tuple[str, ...]:
    """Return the topics that hold images, by name."""
    return tuple(topic.name for topic in recording.topics if topic.count and topic.kind in TO_RGB)


def image_topic(recording: Recording, wanted: str | None = None, *, option: str = "--topic") -> str:
    """Return the topic `wanted`, or the only one with images.

    Raise InputError where there is none, or several; `option` is what chooses among them.
    """
    images, path = image_topics(recording), recording.path
    kinds = {topic.name: topic.kind for topic in recording.topics}
    if not images:
        found = ", ".join(f"{topic} ({kinds[topic]})" for topic in list(kinds)[:8]) or "nothing"
        raise InputError(f"{path}: no images in this recording; it holds {found}")
    if wanted is None and len(images) > 1:
        raise InputError(f"{path}: several image topics, choose one with {option}: {', '.join(images)}")
    chosen = images[0] if wanted is None else f"/{wanted.lstrip('/')}"
    if chosen not in images and chosen in kinds:
        found = kinds[chosen] if kinds[chosen] not in TO_RGB else "no message"
        raise InputError(f"{path}: topic {chosen} holds {found}, expected one of {', '.join(images)}")
    if chosen not in images:
        raise InputError(f"{path}: {unknown('image topic', chosen, images)}")
    return chosen


def stamp_of(message: Message) -> int | None:
    """Return the stamp of a message that begins with a header, in nanoseconds; None where it is cut off."""
    try:
        seconds, nanoseconds = struct.unpack_from("<iI" if message.data[1] else ">iI", message.data, 4)
    except (struct.error, IndexError):
        return None
    return int(seconds) * SECOND + int(nanoseconds)


def fields_of(message: Message) -> Any:
    """Return the fields of a message, its arrays as views of its data; raise ImageError where it is damaged."""
    try:
        return _TYPES.deserialize_cdr(message.data, message.kind)
    except SerdeError as err:
        raise ImageError("corrupt", f"the message is damaged ({' '.join(str(err).split())})") from err
