"""DIR: the folder with everything about one evaluation, of use whenever the work stops."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deep_perception.durable_files import PART, in_words, make_folder, written_aside
from deep_perception.errors import InputError, StorageError
from deep_perception.evaluation.bags.entry import Entry

JOB, FRAMES, RESULT, REPORT, COMPARED = "job.json", "frames", "result.json", "report.html", "compared"


class EvaluationFolder:
    """A line a picture in frames/, a file for each piece of work; all other files follow from these lines."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check_new(self) -> None:
        """Raise InputError if something is there already."""
        if self.path.is_file():
            raise InputError(f"--out: {self.path} is a file, expected a new folder")
        if self.path.is_dir() and any(self.path.iterdir()):
            way = ", or go on with the evaluation in it: --resume" if self.begun else ""
            raise InputError(f"--out: {self.path} exists already. Name another folder{way}")

    @property
    def begun(self) -> bool:
        """Whether an evaluation was begun here."""
        return (self.path / JOB).is_file()

    @property
    def concluded(self) -> bool:
        """Whether the evaluation here came to its end."""
        return (self.path / RESULT).is_file() and bool(self.result()["made"]["finished"])

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Make the folder, and keep other evaluations out for a while."""
        with in_words(f"--out: cannot make '{self.path}'", StorageError):
            make_folder(self.path)
            make_folder(self.path / FRAMES)
        folder = os.open(self.path, os.O_RDONLY)
        try:
            self._lock(folder)
            for left in self.path.glob(f".*{PART}"):  # of a process that was killed while it wrote
                left.unlink()
            yield
        finally:
            os.close(folder)

    def job(self) -> dict[str, Any]:
        """Return what was asked for."""
        return self._read(JOB)

    def result(self) -> dict[str, Any]:
        """Return what came of it; raise InputError where that was never written."""
        return self._read(RESULT)

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file, whole or not at all."""
        path = self.path / name
        with in_words(f"cannot write '{path}'", StorageError), written_aside(path) as part:
            part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def entries(self) -> Iterator[Entry]:
        """Yield all pictures that were finished, stream by stream; a stamp that came before in one is repeated."""
        seen: set[int | None] = set()
        stream = ("", "")
        for path in sorted((self.path / FRAMES).glob("*.jsonl")):
            for line in _whole_lines(path):
                entry = _entry(line, path)
                if (entry.bag, entry.camera) != stream:
                    stream = entry.bag, entry.camera
                    seen = {None}
                yield replace(entry, repeated=True) if entry.stamp_ns in seen - {None} else entry
                seen.add(entry.stamp_ns)

    def file_of(self, number: int) -> Path:
        """Return the file of a piece of work."""
        return self.path / FRAMES / f"{number:06d}.jsonl"

    def begin_again(self, number: int, batch: int) -> int:
        """Cut a file to whole lines of whole batches; return how many they are."""
        path = self.file_of(number)
        if not path.exists():
            return 0
        sizes = [len(line) for line in _whole_lines(path)]
        kept = len(sizes) // batch * batch
        with in_words(f"cannot write '{path}'", StorageError):
            os.truncate(path, sum(sizes[:kept]))
        return kept

    def _read(self, name: str) -> dict[str, Any]:
        path = self.path / name
        if not path.is_file():
            raise InputError(f"{self.path} holds no {name}, expected a folder that `deep_perception evaluate` wrote")
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as err:
            raise InputError(f"{path} cannot be read ({err}). Evaluate anew, into another folder") from err

    def _lock(self, folder: int) -> None:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise InputError(f"--out: another evaluation works in {self.path}. Wait for it, or end it") from err


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yield lines; half of one, left by a process that was killed, is none."""
    with open(path, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _entry(line: bytes, path: Path) -> Entry:
    try:
        return Entry.from_json(line)
    except (ValueError, TypeError, KeyError) as err:
        raise InputError(
            f"{path} holds a line that cannot be read ({err}). Evaluate anew, into another folder"
        ) from err
