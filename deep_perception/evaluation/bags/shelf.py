"""The messages of a topic by their stamps, on disk: memory stays flat however long the recording."""

import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import zstandard

from deep_perception.data.recordings import Message, Recording, fields_of, stamp_of
from deep_perception.errors import ImageError, InputError


class Shelf:
    """Read once, front to back; of several messages with one stamp the last counts."""

    def __init__(self, recording: Recording, topic: str) -> None:
        """Raise InputError where a message is damaged."""
        self._file = tempfile.TemporaryFile(prefix="truth_")  # noqa: SIM115  (open for as long as this object)
        weakref.finalize(self, self._file.close)
        self._places: dict[int, tuple[int, int, Message]] = {}
        pack = zstandard.ZstdCompressor(level=1).compress
        for message in recording.messages([topic]):
            try:
                fields_of(message)
            except ImageError as err:
                raise InputError(f"{recording.path}: on {topic} {err}. Record it again, or name another truth") from err
            packed = pack(message.data)
            self._places[stamp_of(message) or 0] = self._file.tell(), len(packed), replace(message, data=b"")
            self._file.write(packed)

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __contains__(self, stamp_ns: int) -> bool:
        return stamp_ns in self._places

    def __getitem__(self, stamp_ns: int) -> Any:
        """Return the fields of a message."""
        place, length, message = self._places[stamp_ns]
        self._file.seek(place)
        return fields_of(replace(message, data=self._file.read(length)).decompressed())
