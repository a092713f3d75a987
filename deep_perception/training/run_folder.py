"""RUN: the folder with everything about one training."""

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deep_perception.durable_files import in_words, make_folder, written_aside
from deep_perception.errors import InputError, StorageError

CONFIG, TRANSFER, OVERFIT, RATE, PROOF = "config.json", "transfer.json", "overfit.json", "rate.json", "proof.json"
SHEET, RATE_PLOT, CURVES, REPORT = "contact_sheet.png", "rate.png", "curves.png", "report.html"
HISTORY, TENSORBOARD = "history.jsonl", "tensorboard"
BEST, LAST, MODEL = "best.safetensors", "last.state", "model.safetensors"


class RunFolder:
    """Files of one training, each written whole or not at all; one process at a time writes them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: int | None = None

    def check_new(self) -> None:
        """Raise InputError if something is there already."""
        if self.path.exists() and not (self.path.is_dir() and not any(self.path.iterdir())):
            resumed = ", or go on with the training in it: --resume" if self.has(CONFIG) else ""
            raise InputError(f"--out: {self.path} exists already. Name another folder{resumed}")

    def check_begun(self) -> None:
        """Raise InputError unless a training was begun here."""
        if not self.has(CONFIG):
            raise InputError(f"--resume: {self.path} holds no {CONFIG}, so no training was begun there. Leave it out")

    def check_room(self, needed: int) -> None:
        """Raise StorageError if less than this many bytes are free."""
        free = shutil.disk_usage(self._nearest()).free
        if free < needed:
            raise StorageError(
                f"--out: {free / 1e6:.0f} MB are free for {self.path}, expected at least {needed / 1e6:.0f} MB for its "
                "weights. Free some space or choose another place"
            )

    def claim(self) -> None:
        """Make the folder if need be and keep others out as long as this process lives."""
        with in_words(f"--out: cannot make '{self.path}'", StorageError):
            make_folder(self.path)
            self._held = os.open(self.path, os.O_RDONLY)
            try:
                fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as err:
                raise InputError(f"--out: another training works in {self.path}. Wait for it, or end it") from err

    def release(self) -> None:
        """Let others in."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def has(self, name: str) -> bool:
        """Whether this file was written."""
        return (self.path / name).is_file()

    def read(self, name: str) -> Any:
        """Read a JSON file; raise InputError where it is damaged."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as err:
            raise InputError(f"{self.path / name} cannot be read ({err}). Train anew, into another folder") from err

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file."""
        text = json.dumps(content, indent=1, ensure_ascii=False)
        with in_words(f"cannot write '{self.path / name}'", StorageError), written_aside(self.path / name) as part:
            part.write_text(text + "\n", encoding="utf-8")

    def history(self) -> list[dict[str, float]]:
        """Return what was written of each epoch."""
        if not self.has(HISTORY):
            return []
        lines = (self.path / HISTORY).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def remember(self, history: list[dict[str, float]]) -> None:
        """Write what is known of each epoch."""
        lines = [json.dumps(line) + "\n" for line in history]
        path = self.path / HISTORY
        with in_words(f"cannot write '{path}'", StorageError), written_aside(path) as part:
            part.write_text("".join(lines), encoding="utf-8")

    def _nearest(self) -> Path:
        """Return the folder itself, or the closest one above it that exists."""
        return next(folder for folder in (self.path, *self.path.absolute().parents) if folder.is_dir())
