"""Files that are whole or not there at all."""

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from deep_perception.errors import WeightsError

CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with in_words(f"cannot read '{path}'"), open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def aside(path: Path) -> Path:
    """Return a new name in the same folder, for what is not finished."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a path to write to, which takes the place of `path` when all went well, and leaves no trace otherwise."""
    part = aside(path)
    try:
        part.touch()
        usual = part.stat().st_mode
        yield part
        part.chmod(usual)  # safetensors makes files that only their owner may read
        put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Rename a finished file so that not even a power cut leaves half of it."""
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def in_words(what: str) -> Iterator[None]:
    """Turn an error of the disk into one line."""
    try:
        yield
    except OSError as err:
        remedy = ". Free some space or choose another place" if err.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise WeightsError(f"{what}: {err.strerror or err}{remedy}") from err
