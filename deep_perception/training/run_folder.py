"""RUN: the folder with everything about one training."""

import contextlib
import fcntl
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deep_perception.durable_files import PART, in_words, make_folder, written_aside
from deep_perception.errors import InputError, StorageError

CONFIG, TRANSFER, SEARCH, OVERFIT = "config.json", "transfer.json", "search.json", "overfit.json"
RATE, PROOF = "rate.json", "proof.json"
SHEET, RATE_PLOT, CURVES, REPORT = "contact_sheet.png", "rate.png", "curves.png", "report.html"
HISTORY, GRADIENTS, TENSORBOARD = "history.jsonl", "gradients.json", "tensorboard"
BEST, LAST, MODEL = "best.safetensors", "last.state", "model.safetensors"


class RunFolder:
    """Files of one training, each written whole or not at all, by one process at a time."""

    def __init__(self, path: Path, *, writes: bool = True) -> None:
        """`writes`: whether this process is the one, of several that train together."""
        self.path = path
        self.writes = writes

    def check_new(self) -> None:
        """Raise InputError if something is there already."""
        empty = self.path.is_dir() and not any(self.path.iterdir())
        if self.writes and self.path.exists() and not empty:
            way = ", or go on with the training in it: --resume" if self.has(CONFIG) else ""
            raise InputError(f"--out: {self.path} exists already. Name another folder{way}")

    def check_begun(self) -> None:
        """Raise InputError unless a training was begun here."""
        if not self.has(CONFIG):
            raise InputError(f"--resume: {self.path} holds no {CONFIG}, so no training was begun there. Leave it out")

    def check_room(self, needed: int) -> None:
        """Raise StorageError if less than this many bytes are free."""
        if not self.writes:
            return
        place = next(folder for folder in (self.path, *self.path.absolute().parents) if folder.is_dir())
        free = shutil.disk_usage(place).free
        if free < needed:
            raise StorageError(
                f"--out: {free / 1e6:.0f} MB are free for {self.path}, expected {needed / 1e6:.0f} MB for its weights. "
                "Free some space or choose another place"
            )

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Make the folder, and keep other trainings out for a while."""
        if not self.writes:
            yield
            return
        with in_words(f"--out: cannot make '{self.path}'", StorageError):
            make_folder(self.path)
        folder = os.open(self.path, os.O_RDONLY)
        try:
            self._lock(folder)
            for left in self.path.glob(f".*{PART}"):  # of a process that was killed while it wrote
                left.unlink()
            yield
        finally:
            os.close(folder)

    def has(self, name: str) -> bool:
        """Whether this file was written."""
        return (self.path / name).is_file()

    def read(self, name: str) -> dict[str, Any]:
        """Read a JSON file; raise InputError where it is damaged."""
        try:
            return dict(json.loads((self.path / name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as err:
            raise InputError(f"{self.path / name} cannot be read ({err}). Train anew, into another folder") from err

    @contextlib.contextmanager
    def written(self, name: str) -> Iterator[Path]:
        """Yield a path to write to, which becomes the file of this name; raise StorageError where that cannot be."""
        path = self.path / name
        with in_words(f"cannot write '{path}'", StorageError), written_aside(path) as part:
            yield part

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file; what is no number becomes null."""
        self._write(name, json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n")

    def history(self) -> list[dict[str, float]]:
        """Return what was written of each epoch; raise InputError where that is damaged."""
        if not self.has(HISTORY):
            return []
        try:
            return [dict(json.loads(line)) for line in (self.path / HISTORY).read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError, TypeError) as err:
            raise InputError(f"{self.path / HISTORY} cannot be read ({err}). Train anew, into another folder") from err

    def remember(self, history: Sequence[Mapping[str, float]]) -> None:
        """Write what is known of each epoch, a line each."""
        self._write(HISTORY, "".join(json.dumps(line) + "\n" for line in history))

    def _lock(self, folder: int) -> None:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise InputError(f"--out: another training works in {self.path}. Wait for it, or end it") from err

    def _write(self, name: str, text: str) -> None:
        if self.writes:
            with self.written(name) as part:
                part.write_text(text, encoding="utf-8")


def _finite(value: Any) -> Any:
    """Return the same with None in place of infinity and NaN, which JSON cannot say."""
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
