"""Files of weights: their sha256, and their troubles in words."""

import contextlib
import hashlib
from pathlib import Path

from deep_perception import durable_files
from deep_perception.errors import WeightsError

CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with in_words(f"cannot read '{path}'"), open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def in_words(what: str) -> contextlib.AbstractContextManager[None]:
    """Turn an error of the disk into one line."""
    return durable_files.in_words(what, WeightsError)
