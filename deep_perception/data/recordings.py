"""Images out of ROS 2 recordings (SQLite and MCAP, split or compressed) where no ROS is installed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_typestore

from deep_perception.errors import ImageError, InputError, unknown
from deep_perception.pixels import decompress, to_rgb
from deep_perception.predictions import Image

SUFFIXES = frozenset((".db3", ".mcap"))
TO_RGB: dict[str, Callable[[Any], Image]] = {
    "sensor_msgs/msg/Image": to_rgb,
    "sensor_msgs/msg/CompressedImage": decompress,
}

# The two image types have not changed since the first ROS 2, so one set of types reads the recordings of all.
_TYPES = get_typestore(Stores.ROS2_JAZZY)

Decode: TypeAlias = Callable[[], tuple[int, Image]]
"""Returns the stamp of the header in nanoseconds and the picture, or raises ImageError."""


def is_recording(path: Path) -> bool:
    """Tell whether this file or folder holds a ROS 2 recording."""
    return bool(_parts(path))


def recorded_images(path: Path, topic: str | None = None) -> Iterator[Decode]:
    """Yield the images of `topic`, or of the only image topic, in the order of recording.

    Raise InputError when the recording is damaged, holds no such topic, or leaves a choice open.
    """
    for kind, data in messages(path, image_topic(path, topic)):
        yield partial(_decode, kind, data)


def image_topic(path: Path, wanted: str | None = None) -> str:
    """Return the topic `wanted`, or the only one with images; raise InputError where there is none or several."""
    return _choose(connections(path), wanted, path)


def connections(path: Path) -> list[Connection]:
    """Return what was recorded: topics, types and how many messages."""
    with _explained(path), ExitStack() as stack:
        readers = [stack.enter_context(Reader(part)) for part in _parts(path)]
        return [connection for reader in readers for connection in reader.connections]


def messages(path: Path, topic: str) -> Iterator[tuple[str, bytes]]:
    """Yield type and content of the messages of a topic, in the order of recording."""
    with _explained(path), ExitStack() as stack:
        for reader in [stack.enter_context(Reader(part)) for part in _parts(path)]:
            here = [connection for connection in reader.connections if connection.topic == topic]
            for connection, _, data in reader.messages(here) if here else ():
                yield connection.msgtype, data


def _parts(path: Path) -> list[Path]:
    """What rosbags opens: a file, a folder with metadata, or the files of a recording that was never finished."""
    if path.is_file():
        return [path] if path.suffix.lower() in SUFFIXES else []
    metadata = path / "metadata.yaml"
    if metadata.is_file() and "rosbag2_bagfile_information" in metadata.read_text(errors="replace"):
        return [path]
    parts = (file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    return sorted(parts, key=lambda file: (len(file.name), file.name))  # part 2 before part 10


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as err:  # rosbags passes on whatever its parsers meet in a damaged file
        reason = " ".join(str(err).split()) or type(err).__name__
        remedy = "If it was cut off: ros2 bag reindex FOLDER, or mcap recover FILE"
        raise InputError(f"{path}: the recording cannot be read ({reason}). {remedy}") from err


def _choose(connections: list[Connection], wanted: str | None, path: Path) -> str:
    types = {connection.topic: connection.msgtype for connection in connections}
    filled = {connection.topic for connection in connections if connection.msgcount}
    images = sorted(topic for topic in filled if types[topic] in TO_RGB)
    if not images:
        found = ", ".join(f"{topic} ({types[topic]})" for topic in sorted(types)[:8]) or "nothing"
        raise InputError(f"{path}: no images in this recording; it holds {found}")
    if wanted is None and len(images) > 1:
        raise InputError(f"{path}: several image topics, choose one with --topic: {', '.join(images)}")
    chosen = images[0] if wanted is None else f"/{wanted.lstrip('/')}"
    if chosen not in images and chosen in types:
        found = types[chosen] if types[chosen] not in TO_RGB else "no message"
        raise InputError(f"{path}: topic {chosen} holds {found}, expected one of {', '.join(images)}")
    if chosen not in images:
        raise InputError(f"{path}: {unknown('image topic', chosen, images)}")
    return chosen


def _decode(kind: str, data: bytes) -> tuple[int, Image]:
    try:
        message: Any = _TYPES.deserialize_cdr(data, kind)
    except SerdeError as err:
        raise ImageError("corrupt", f"the message is damaged ({err})") from err
    stamp = message.header.stamp
    return stamp.sec * 1_000_000_000 + stamp.nanosec, TO_RGB[kind](message)
