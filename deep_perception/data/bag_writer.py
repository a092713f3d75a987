"""Write a ROS 2 recording as `ros2 bag` does: a folder with an MCAP file and metadata.yaml, usable at any moment."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from mcap.writer import CompressionType, Writer

from deep_perception.data.unbroken_file import UnbrokenFile
from deep_perception.durable_files import in_words, written_aside
from deep_perception.errors import InputError, StorageError

COMPRESSIONS = {"none": CompressionType.NONE, "lz4": CompressionType.LZ4, "zstd": CompressionType.ZSTD}
CHUNK_BYTES = 4 << 20
METADATA = "metadata.yaml"
VERSION = 8
"""Of metadata.yaml: the last one that ROS 2 from Humble to Kilted reads."""
CDR = "cdr"
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True)
class Kind:
    """A type of messages."""

    name: str
    definition: str
    """Its .msg file and those of all that it is made of; empty: not known."""
    hash: str


@dataclass
class _Channel:
    number: int
    topic: dict[str, Any]
    messages: int = 0


class BagWriter:
    """Writes to a new folder. What was flushed stays readable however the process ends."""

    def __init__(self, folder: Path, compression: str = "none") -> None:
        self.folder = folder
        self._distro = os.environ.get("ROS_DISTRO", "unknown")
        self._channels: dict[str, _Channel] = {}
        self._schemas: dict[str, int] = {}
        self._first_ns, self._last_ns = 0, 0
        self._untold = True
        self._data = f"{folder.name}_0.mcap"
        with self._in_words():
            _make(folder)
            self._file = UnbrokenFile(folder / self._data)
            self._writer = Writer(self._file, CHUNK_BYTES, COMPRESSIONS[compression])  # type: ignore[arg-type]
            self._writer.start(profile="ros2")
            # From this `ros2 bag` concludes how QoS is spelt.
            self._writer.add_metadata("rosbag2", {"ROS_DISTRO": self._distro})
        self.flush()

    @property
    def messages(self) -> dict[str, int]:
        """How many messages of each topic were written."""
        return {topic: channel.messages for topic, channel in self._channels.items()}

    @property
    def duration_s(self) -> float:
        """Between the first message and the last."""
        return (self._last_ns - self._first_ns) / 1e9

    def add(self, topic: str, kind: Kind, qos: str) -> None:
        """Announce a topic; `qos` is the YAML of the profiles that were offered."""
        with self._in_words():
            if kind.name not in self._schemas:
                encoding = "ros2msg" if kind.definition else ""
                self._schemas[kind.name] = self._writer.register_schema(kind.name, encoding, kind.definition.encode())
            about = {"offered_qos_profiles": qos, "topic_type_hash": kind.hash}
            number = self._writer.register_channel(topic, CDR, self._schemas[kind.name], about)
        shown = {"name": topic, "type": kind.name, "serialization_format": CDR, "offered_qos_profiles": qos}
        self._channels[topic] = _Channel(number, {**shown, "type_description_hash": kind.hash})
        self._untold = True

    def write(self, topic: str, data: bytes, recorded_ns: int, published_ns: int) -> None:
        """Append a message of a topic that was added."""
        channel = self._channels[topic]
        with self._in_words():
            self._writer.add_message(channel.number, recorded_ns, data, published_ns, channel.messages)
        channel.messages += 1
        # Not the least and the most: a clock that was set back is no reason to claim years.
        self._first_ns = self._first_ns or recorded_ns
        self._last_ns = max(self._last_ns, recorded_ns)
        self._untold = True

    def flush(self) -> None:
        """Have all that was written outlast this process."""
        if self._untold:
            with self._in_words():
                self._writer.flush()
                self._describe()
            self._untold = False

    def finish(self) -> None:
        """Write the index, with which readers find every message at once."""
        with self._in_words():
            self._writer.finish()
            self._file.finish()
            self._describe()

    def close(self) -> None:
        """Leave the file as it is: finished, or as the last flush left it."""
        self._file.close()

    def _describe(self) -> None:
        about = {
            "version": VERSION,
            "storage_identifier": "mcap",
            **self._extent(),
            "topics_with_message_count": [
                {"topic_metadata": channel.topic, "message_count": channel.messages}
                for channel in self._channels.values()
            ],
            "compression_format": "",
            "compression_mode": "",
            "relative_file_paths": [self._data],
            "files": [{"path": self._data, **self._extent()}],
            "custom_data": None,
            "ros_distro": self._distro,
        }
        with written_aside(self.folder / METADATA, durable=False) as part:
            part.write_text(yaml.dump({"rosbag2_bagfile_information": about}, Dumper=_Dumper, sort_keys=False))

    def _extent(self) -> dict[str, Any]:
        return {
            "duration": {"nanoseconds": self._last_ns - self._first_ns},
            "starting_time": {"nanoseconds_since_epoch": self._first_ns},
            "message_count": sum(self.messages.values()),
        }

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        with in_words(f"the recording {self.folder} cannot be written", StorageError):
            yield


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except FileExistsError as err:
        raise InputError(f"{folder} is there already, expected a new folder. Name another one with --out") from err
