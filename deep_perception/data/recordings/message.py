"""What a recording holds: topics, and messages as they went over the wire."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import zstandard

ZSTD = b"\x28\xb5\x2f\xfd"
"""How data begins that was compressed one message at a time; CDR never does."""


NEVER = (1 << 63) - 1
"""Later than any time that a recording can hold."""


@dataclass(frozen=True)
class Topic:
    """A topic of a recording, the type of its messages and how many there are."""

    name: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was recorded."""

    topic: str
    kind: str
    data: bytes | memoryview
    """CDR, with its header of four bytes."""
    recorded_ns: int
    published_ns: int
    """When it was sent, as far as the recording knows, else when it was recorded."""

    def decompressed(self) -> "Message":
        """Return the message with its data as it was before it was compressed, if it was; b"" where that is damaged."""
        if self.data[: len(ZSTD)] != ZSTD:
            return self
        try:
            return replace(self, data=zstandard.ZstdDecompressor().decompressobj().decompress(self.data))
        except zstandard.ZstdError:
            return replace(self, data=b"")


class Storage(Protocol):
    """One file of a recording."""

    topics: tuple[Topic, ...]
    start_ns: int
    """When the first message was recorded, NEVER where there is none."""
    end_ns: int
    """When the last one was."""
    damage: str
    """What is wrong with the file and what helps, '' while nothing is known to be; reading may find more."""

    def messages(self, topics: Container[str], start_ns: int, end_ns: int) -> Iterator[Message]:
        """Yield the messages of `topics` recorded from `start_ns` until before `end_ns`, in the order of the file."""


def kind_of(name: str, encoding: str) -> str:
    """Return the type of messages; those that are not CDR are of none that ROS 2 knows."""
    return name if encoding == "cdr" else f"{name} as {encoding}"


def listed(counts: Mapping[tuple[str, str], int]) -> tuple[Topic, ...]:
    """Return the topics of these names and types."""
    return tuple(Topic(*about, count) for about, count in sorted(counts.items()))
