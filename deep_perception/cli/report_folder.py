"""The folder that --out names, and the files in it."""

import os
from pathlib import Path

from deep_perception.durable_files import in_words, written_aside
from deep_perception.errors import InputError


def make_folder(folder: Path) -> None:
    """Make it; raise InputError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise InputError(f"--out: cannot make the folder {folder} ({err.strerror}). Name another one") from err
    if not os.access(folder, os.W_OK):
        raise InputError(f"--out: {folder} cannot be written to. Name another folder")


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all; raise InputError where that cannot be."""
    with in_words(f"--out: cannot write {path}", InputError), written_aside(path, durable=False) as part:
        part.write_text(text, encoding="utf-8")
