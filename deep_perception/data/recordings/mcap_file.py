"""MCAP: finished files by their index, others from the start to where they end."""

import struct
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mcap.data_stream import ReadDataStream
from mcap.exceptions import EndOfFile, InvalidMagic, McapError
from mcap.opcode import Opcode
from mcap.reader import SeekingReader
from mcap.records import Channel, Chunk, ChunkIndex, Schema
from mcap.records import Message as McapMessage
from mcap.stream_reader import StreamReader, get_chunk_data_stream
from mcap.summary import Summary
from zstandard import ZstdError

from deep_perception.data.recordings.message import NEVER, Message, Topic, kind_of, listed

_RECORD, _MESSAGE = struct.Struct("<BQ"), struct.Struct("<HIQQ")
"""Opcode and length; channel, number, time of recording and of publishing."""

# What mcap and those who unpack for it say of a damaged file; a length or a number in it may be anything.
_DAMAGED = (
    McapError,
    ZstdError,
    struct.error,
    ArithmeticError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    ValueError,
)


class McapFile:
    """An MCAP file, finished or not."""

    def __init__(self, path: Path) -> None:
        """Find out what it holds. Where it does not say so itself, all of it has to be read."""
        self._path = path
        self._channels: dict[int, tuple[str, str]] = {}
        """Topic and type by number."""
        self.damage = ""
        self._index = _index_of(path)
        self.topics, self.start_ns, self.end_ns = self._indexed(self._index) if self._index else self._counted()

    def messages(self, topics: Container[str], start_ns: int, end_ns: int) -> Iterator[Message]:
        """Yield the messages of `topics` recorded from `start_ns` until before `end_ns`, in the order of the file."""
        chunks = self._index.chunk_indexes if self._index else []
        for message in self._seek(chunks, topics, start_ns, end_ns) if chunks else self._scan():
            if message.topic in topics and start_ns <= message.recorded_ns < end_ns:
                yield message

    def _indexed(self, index: Summary) -> tuple[tuple[Topic, ...], int, int]:
        assert index.statistics is not None
        for channel in index.channels.values():
            self._add(channel, index.schemas)
        counts: Counter[tuple[str, str]] = Counter()
        for number, one in self._channels.items():
            counts[one] += index.statistics.channel_message_counts.get(number, 0)
        start_ns = index.statistics.message_start_time if index.statistics.message_count else NEVER
        return listed(counts), start_ns, index.statistics.message_end_time

    def _counted(self) -> tuple[tuple[Topic, ...], int, int]:
        counts: Counter[tuple[str, str]] = Counter()
        start_ns, end_ns = NEVER, 0
        for message in self._scan():
            counts[message.topic, message.kind] += 1
            start_ns, end_ns = min(message.recorded_ns, start_ns), max(message.recorded_ns, end_ns)
        counts.update(dict.fromkeys(self._channels.values(), 0))
        return listed(counts), start_ns, end_ns

    def _seek(
        self, chunks: Iterable[ChunkIndex], topics: Container[str], start_ns: int, end_ns: int
    ) -> Iterator[Message]:
        """Read the chunks that may hold what is looked for."""
        wanted = {number for number, (topic, _) in self._channels.items() if topic in topics}
        with open(self._path, "rb") as stream:
            for place in sorted(chunks, key=lambda one: one.chunk_start_offset):
                within = start_ns <= place.message_end_time and place.message_start_time < end_ns
                held = place.message_index_offsets.keys()  # a writer may leave it out
                if within and (wanted & held or not held):
                    with self._explained():
                        stream.seek(place.chunk_start_offset + _RECORD.size)
                        yield from self._messages_in(Chunk.read(ReadDataStream(stream)))

    def _messages_in(self, chunk: Chunk) -> Iterator[Message]:
        """Give the data as views of the chunk: pictures are too large to be copied once more."""
        stream, length = get_chunk_data_stream(chunk, validate_crc=True)
        content, at = memoryview(stream.read(length)), 0
        while at < length:
            code, size = _RECORD.unpack_from(content, at)
            at += _RECORD.size + size
            if at > length:
                raise EndOfFile
            if code == Opcode.MESSAGE:
                channel, _, recorded_ns, published_ns = _MESSAGE.unpack_from(content, at - size)
                data = content[at - size + _MESSAGE.size : at]
                yield Message(*self._channels[channel], data, recorded_ns, published_ns)

    def _scan(self) -> Iterator[Message]:
        """Read everything, as far as it goes."""
        schemas: dict[int, Schema] = {}
        with self._explained(), open(self._path, "rb") as stream:
            size = self._path.stat().st_size
            for record in StreamReader(stream, validate_crcs=True, record_size_limit=size).records:
                if isinstance(record, Schema):
                    schemas[record.id] = record
                elif isinstance(record, Channel):
                    self._add(record, schemas)
                elif isinstance(record, McapMessage):
                    about = self._channels[record.channel_id]
                    yield Message(*about, record.data, record.log_time, record.publish_time)

    def _add(self, channel: Channel, schemas: Mapping[int, Schema]) -> None:
        name = schemas[channel.schema_id].name if channel.schema_id else "no type"
        self._channels[channel.id] = channel.topic, kind_of(name, channel.message_encoding)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Keep what is wrong with the file in mind, and go on."""
        try:
            yield
        except _DAMAGED as err:
            self.damage = f"{self._path.name} {_reason(err)}. To mend it: mcap recover {self._path.name} -o NEW.mcap"


def _index_of(path: Path) -> Summary | None:
    """Return the index, None where there is none that is complete."""
    try:
        with open(path, "rb") as stream:
            index = SeekingReader(stream, record_size_limit=path.stat().st_size).get_summary()
    except _DAMAGED:  # it seeks to where a damaged file says that its index is
        return None
    if index is None or index.statistics is None:
        return None
    known = {number for number, one in index.channels.items() if one.schema_id in (0, *index.schemas)}
    used = {number for chunk in index.chunk_indexes for number in chunk.message_index_offsets}
    return index if used | index.statistics.channel_message_counts.keys() <= known else None


def _reason(err: Exception) -> str:
    if isinstance(err, InvalidMagic):
        return "does not begin or end as MCAP files do"
    if isinstance(err, EndOfFile | struct.error):
        return "ends in the middle: it was cut off, or never finished"
    return f"is damaged ({' '.join(str(err).split()) or type(err).__name__})"
