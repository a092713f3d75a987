"""The manifest: a line a record, appended, never changed; only the last can be torn."""

import errno
import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from deep_perception.data.record import Record
from deep_perception.durable_files import in_words
from deep_perception.errors import InputError

logger = logging.getLogger(__name__)


def read_records(path: Path) -> dict[str, Record]:
    """Return the latest record of each id; raise InputError for a line that is none. A torn last line is left out."""
    records, damaged = sorted_out(read_lines(path))
    for number, reason in damaged.items():
        remedy = f"Mend it: deep_perception dataset verify --repair {path.parent}"
        raise InputError(f"{path}, line {number}: not a record ({reason}). {remedy}")
    return records


def read_lines(path: Path) -> list[bytes]:
    """Return the lines but a torn one; raise InputError where the file cannot be read."""
    with in_words(f"{path} cannot be read", InputError):
        lines, torn = whole_lines(path.read_bytes())
    if torn:
        logger.warning("%s: its last line was cut off while it was written, and is left out", path)
    return lines


def sorted_out(lines: Iterable[bytes]) -> tuple[dict[str, Record], dict[int, str]]:
    """Return the latest record of each id and, by the number of each line that is none, why."""
    records: dict[str, Record] = {}
    damaged: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = record_of(line)
        except ValueError as err:
            damaged[number] = str(err)
            continue
        if record.image != records.get(record.id, record).image:
            damaged[number] = f"its id '{record.id}' is that of {records[record.id].image}"
        else:
            records[record.id] = record
    return records, damaged


def record_of(line: bytes) -> Record:
    """Read one line; raise ValueError where it is no record."""
    try:
        return Record.from_json(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise ValueError(" ".join(str(err).split()) or type(err).__name__) from err


def line_of(record: Record) -> bytes:
    """Return what the manifest says of a record; raise ValueError or TypeError for what JSON cannot say."""
    return json.dumps(record.to_json(), allow_nan=False, separators=(",", ":")).encode() + b"\n"


def whole_lines(content: bytes) -> tuple[list[bytes], bytes]:
    """Return the lines and, where the last was cut off while it was written, what there is of it."""
    *lines, rest = content.split(b"\n")
    if lines and not rest and b"\0" in lines[-1]:  # of a block that never reached the disk, zeros are found
        rest = lines.pop()
    if rest and _is_record(rest):  # an editor that ends no line, or cut off at the very end
        return [*lines, rest], b""
    return lines, rest


def _is_record(line: bytes) -> bool:
    try:
        record_of(line)
    except ValueError:
        return False
    return True


class Tail:
    """The end of the manifest, to which whole lines are added or nothing is."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self.size = os.fstat(self._file).st_size
        self._whole, self._durable = True, durable

    def append(self, line: bytes) -> None:
        """Add a line; raise OSError and leave the file as it was where that fails."""
        if not self._whole:
            self.cut(self.size)
        self._whole = False
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if self._durable:
                os.fsync(self._file)
        except BaseException:
            self.cut(self.size)
            raise
        self.size += len(line)
        self._whole = True

    def cut(self, size: int) -> None:
        """Leave only the first `size` bytes."""
        os.ftruncate(self._file, size)
        os.fsync(self._file)
        self.size, self._whole = size, True

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
