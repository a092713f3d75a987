"""An MCAP file that is complete after every write, so that whoever is killed leaves one that every reader takes."""

import contextlib
import os
from pathlib import Path

from mcap.data_stream import RecordBuilder
from mcap.records import DataEnd, Footer
from mcap.writer import MCAP0_MAGIC


def _end() -> bytes:
    """Return how an MCAP file without an index ends."""
    builder = RecordBuilder()
    DataEnd(data_section_crc=0).write(builder)
    Footer(summary_start=0, summary_offset_start=0, summary_crc=0).write(builder)
    return builder.end() + MCAP0_MAGIC


END = _end()


class UnbrokenFile:
    """What mcap's writer writes to. The end is written with every record, and the next record over it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        self._length = 0

    def write(self, records: bytes) -> int:
        """Append whole records; raise OSError, and leave the file as it was, where that is impossible."""
        try:
            self._put(records, END)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._length)
                self._put(END)
            raise
        self._length += len(records)
        return len(records)

    def tell(self) -> int:
        """Return where the next record goes."""
        return self._length

    def flush(self) -> None:
        """Nothing waits to be written."""

    def finish(self) -> None:
        """Take the end away, because the writer has written its own."""
        os.ftruncate(self._file, self._length)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _put(self, *parts: bytes) -> None:
        """Write at the end, all at once if the system lets us."""
        written = os.pwritev(self._file, parts, self._length)
        rest = b"".join(parts)[written:] if written < sum(map(len, parts)) else b""
        while rest:  # a write that is cut short says only the next time why
            more = os.pwrite(self._file, rest, self._length + written)
            written, rest = written + more, rest[more:]
