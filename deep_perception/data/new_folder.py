"""A folder that comes to be as a whole or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from deep_perception.durable_files import aside, in_words, sync_folder
from deep_perception.errors import InputError, StorageError


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a place to write to: what is there goes into `folder` when all went well, and is removed otherwise.

    Raise InputError unless `folder` is new or empty, StorageError where it cannot be written.
    """
    new = not folder.exists()
    with in_words(f"cannot write to {folder}", StorageError):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"{folder} exists and is not empty, expected a new folder. Choose another, or remove it")
        part = aside(folder / "unfinished")  # within it, since it may be a disk of its own
        try:
            part.mkdir()
            yield part
            for one in part.iterdir():
                os.replace(one, folder / one.name)
            part.rmdir()
            sync_folder(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            if new:
                with contextlib.suppress(OSError):  # somebody else has put something there
                    folder.rmdir()
            raise
