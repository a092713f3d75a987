"""A data set that grows picture by picture, and loses none, however the program or the power ends."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from deep_perception.data import repair
from deep_perception.data.dataset import BACKGROUND, FORMAT, LABELS, MANIFEST, PIXELS, TAGS, THINGS, read_labels
from deep_perception.data.encoding import encoded, picture_file
from deep_perception.data.manifest import Tail, line_of, read_records
from deep_perception.data.record import Record
from deep_perception.durable_files import in_words, make_folder, sync_folder, written_aside
from deep_perception.errors import InputError, StorageError
from deep_perception.predictions import Image

LONGEST_ID = 180
"""Bytes; with what is put around it, it must fit into the 255 of a file name."""


class Writer:
    """Writes one data set. One writer at a time, one thread.

    When `add` returns, a picture outlasts the death of the program and, if `durable`, a power cut. If not, it does from
    `close` on: that is much faster, and good enough for what can be brought in again.
    """

    records: Mapping[str, Record]
    """The latest of each id."""
    labels: Mapping[str, tuple[str, ...]]
    """Names by kind, in the order of their numbers."""
    repaired: tuple[str, ...]
    """What was mended at opening, in words."""
    bytes_written: int
    """Size of the data set on disk."""

    def __init__(self, folder: Path, *, leave_free_bytes: int = 0, durable: bool = True) -> None:
        """Open or make a data set and mend it; raise StorageError, or InputError for what cannot be mended so."""
        self.folder = folder.expanduser()
        self._leave_free_bytes, self._durable = leave_free_bytes, durable
        with self._disk():
            make_folder(self.folder)
            repair.check_own(self.folder)
            self._lock = repair.lock(self.folder)
            try:
                self._open()
            except BaseException:
                repair.unlock(self._lock)
                raise

    def _open(self) -> None:
        self._tail = Tail(self.folder / MANIFEST, durable=self._durable)
        try:
            sync_folder(self.folder)
            mended = repair.mend_end(self.folder / MANIFEST, self._tail)
            self._records = self.records = read_records(self.folder / MANIFEST)
            self._labels = self.labels = read_labels(self.folder)
            self.repaired = (*mended, *repair.tidy(self.folder, self._records.values()))
            self.bytes_written = repair.size_of(self.folder)
        except BaseException:
            self._tail.close()
            raise

    def add(
        self,
        record: Record,
        image: Image | bytes | Path,
        *,
        pixels: NDArray[np.uint8] | None = None,
        depth: NDArray[np.uint16] | None = None,
    ) -> Record:
        """Keep a picture and what is said of it; return the record with its paths and size.

        `record.image` is "" or the suffix by which an array is written; files and their bytes are kept as they are.
        Raise StorageError where the disk is too full, InputError for a picture that is none or an id that is taken.
        """
        self._check_id(record.id)
        record, files = _files(record, image, pixels, depth)
        line = line_of(record)
        self._check_free(sum(map(len, files.values())) + len(line))
        with self._disk():
            try:
                for name, content in files.items():
                    self._put(self.folder / name, content)
                self._name_all(record)
                self._tail.append(line)
            except BaseException:
                for name in files:
                    (self.folder / name).unlink(missing_ok=True)
                raise
        self._records[record.id] = record
        self.bytes_written += sum(map(len, files.values())) + len(line)
        return record

    def amend(self, record: Record) -> None:
        """Say something else of a picture that is there; raise StorageError where the disk is too full."""
        known = self._records.get(record.id)
        if known is None or known.image != record.image:
            raise InputError(f"{self.folder} holds no {record.image} with id '{record.id}', expected one to amend")
        line = line_of(record)
        self._check_free(len(line))
        with self._disk():
            self._name_all(record)
            self._tail.append(line)
        self._records[record.id] = record
        self.bytes_written += len(line)

    def add_names(self, kind: str, names: Sequence[str]) -> None:
        """Number names of "tags", "things" or "pixels" after those there are; what is there keeps its number."""
        assert kind in (TAGS, THINGS, PIXELS), kind
        before = self._labels.get(kind, ())
        after = tuple(dict.fromkeys((*before, *(() if kind == TAGS else (BACKGROUND,)), *names)))
        if after == before:
            return
        labels = {**self._labels, kind: after}
        content = json.dumps({"format": FORMAT, "labels": labels}, indent=1).encode()
        path = self.folder / LABELS
        with self._disk():
            old = path.stat().st_size if path.exists() else 0
            self._put(path, content)
        self.bytes_written += len(content) - old
        self._labels = self.labels = labels

    def close(self) -> None:
        """Let others write."""
        if not self._durable:
            os.sync()
        self._tail.close()
        repair.unlock(self._lock)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _name_all(self, record: Record) -> None:
        if record.tags:
            self.add_names(TAGS, [tag.name for tag in record.tags])
        if record.things:
            self.add_names(THINGS, [thing.name for thing in record.things])

    def _put(self, path: Path, content: bytes) -> None:
        make_folder(path.parent)
        with written_aside(path, durable=self._durable) as part:
            part.write_bytes(content)

    def _check_id(self, name: str) -> None:
        if not re.fullmatch(r"[^/\0.][^/\0]*", name) or len(name.encode()) > LONGEST_ID:
            raise InputError(f"'{name}' is no id, expected a name fit for a file of at most {LONGEST_ID} bytes")
        if name in self._records:
            raise InputError(f"{self.folder} holds a picture '{name}' already, expected ids of its own for each")

    def _check_free(self, need: int) -> None:
        if not self._leave_free_bytes:
            return
        with self._disk():
            free = shutil.disk_usage(self.folder).free
        if free - need < self._leave_free_bytes:
            raise StorageError(
                f"cannot write to {self.folder}: {free / 1e6:.1f} MB are free, and "
                f"{self._leave_free_bytes / 1e6:.1f} MB are to stay free. Free some space or choose another place"
            )

    @contextmanager
    def _disk(self) -> Iterator[None]:
        with in_words(f"cannot write to {self.folder}", StorageError):
            yield


def _files(
    record: Record,
    image: Image | bytes | Path,
    pixels: NDArray[np.uint8] | None,
    depth: NDArray[np.uint16] | None,
) -> tuple[Record, dict[str, bytes]]:
    """Return the record with its paths and size, and the content of each path."""
    content, suffix, (width, height) = picture_file(image, record.image)
    name = f"{repair.IMAGES}/{record.id}{suffix}"
    record = replace(record, image=name, width=width, height=height, pixels=None, depth=None)
    files = {name: content}
    if pixels is not None:
        if pixels.shape != (height, width):
            raise InputError(f"{record.id}: its mask is {pixels.shape}, expected the picture's {(height, width)}")
        record = replace(record, pixels=f"{repair.MASKS}/{record.id}.png")
        files[f"{repair.MASKS}/{record.id}.png"] = encoded(pixels)
    if depth is not None:
        record = replace(record, depth=f"{repair.DEPTH}/{record.id}.png")
        files[f"{repair.DEPTH}/{record.id}.png"] = encoded(depth)
    return record, files
