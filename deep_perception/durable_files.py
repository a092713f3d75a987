"""Files that are whole or not there at all, even where the power failed."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from deep_perception.errors import DeepPerceptionError

PART = ".part"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def aside(path: Path) -> Path:
    """Return a new name in the same folder, for what is not finished."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PART}")


@contextlib.contextmanager
def written_aside(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a path to write to, which takes the place of `path` when all went well, and leaves no trace otherwise.

    `durable`: it outlasts a power cut from then on, which takes the disk some milliseconds.
    """
    part = aside(path)
    try:
        part.touch()
        usual = part.stat().st_mode
        yield part
        part.chmod(usual)  # safetensors makes files that only their owner may read
        if durable:
            put_in_place(part, path)
        else:
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Rename a finished file so that not even a power cut leaves half of it."""
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder outlast a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def make_folder(folder: Path) -> None:
    """Make a folder that outlasts a power cut, if it is not there."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)


@contextlib.contextmanager
def in_words(what: str, kind: type[DeepPerceptionError]) -> Iterator[None]:
    """Turn an error of the disk into one line of this kind."""
    try:
        yield
    except OSError as err:
        raise kind(f"{what}: {err.strerror or err}{_remedy(err)}") from err


def _remedy(err: OSError) -> str:
    if err.errno in _FULL:
        return ". Free some space or choose another place"
    return ". Allow this user to write there, or choose another place" if err.errno in _FORBIDDEN else ""
