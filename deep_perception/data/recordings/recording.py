"""A ROS 2 recording, whatever it is stored in, read where no ROS is installed."""

import hashlib
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from deep_perception.data.recordings.files import SQLITE, needs_copy, parts_of, plain_name, readable_copy
from deep_perception.data.recordings.mcap_file import McapFile
from deep_perception.data.recordings.message import NEVER, Message, Storage, Topic, listed
from deep_perception.data.recordings.sqlite_file import SqliteFile
from deep_perception.errors import InputError

_CHUNK = 1 << 20


class Recording:
    """A file, or a folder of the files that one recording was split into. No file stays open between two calls."""

    def __init__(self, path: Path) -> None:
        """Find out what it holds; raise InputError where it is none, is empty, or nothing of it can be read."""
        self.path = path.expanduser()
        self.name = plain_name(self.path)
        self._parts, self._disorder = parts_of(self.path)
        self._storages = [_opened(part) for part in self._readable()]
        self.topics = self._all_topics()
        self.start_ns = min(one.start_ns for one in self._storages)
        self.end_ns = max(one.end_ns for one in self._storages)
        """When its first and its last message were recorded."""
        if not any(topic.count for topic in self.topics):
            problem = f"the recording cannot be read: {self.damage}" if self.damage else "it holds no messages"
            raise InputError(f"{path}: {problem}")

    @property
    def damage(self) -> str:
        """What is wrong with it and what helps, '' while nothing is known to be; reading may find more."""
        return "; ".join(filter(None, [self._disorder, *(one.damage for one in self._storages)]))

    def messages(
        self, topics: Sequence[str], *, start_ns: int | None = None, end_ns: int | None = None
    ) -> Iterator[Message]:
        """Yield the messages recorded from `start_ns` until before `end_ns`, in the order of recording.

        They come one at a time, and as far as the files go: `damage` tells afterwards whether that was all.
        """
        start, end = start_ns or 0, NEVER if end_ns is None else end_ns
        for storage in self._storages:
            if start <= storage.end_ns and storage.start_ns < end:
                for message in storage.messages(topics, start, end):
                    yield message.decompressed()

    def sha256(self) -> str:
        """Return the digest of all its files, in order."""
        digest = hashlib.sha256()
        for part in self._parts:
            with open(part, "rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        return digest.hexdigest()

    def _readable(self) -> list[Path]:
        """The files, or copies that live as long as this object."""
        if not any(map(needs_copy, self._parts)):
            return self._parts
        folder = Path(tempfile.mkdtemp(prefix="recording_"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return [readable_copy(part, folder) if needs_copy(part) else part for part in self._parts]

    def _all_topics(self) -> tuple[Topic, ...]:
        counts: Counter[tuple[str, str]] = Counter()
        for topic in (topic for storage in self._storages for topic in storage.topics):
            counts[topic.name, topic.kind] += topic.count
        return listed(counts)


def _opened(part: Path) -> Storage:
    return SqliteFile(part) if part.suffix.lower() == SQLITE else McapFile(part)
