"""Which files make a recording, in which order, and what they are called where they had to be unpacked."""

import os
import shutil
from pathlib import Path, PurePath
from typing import Any

import yaml  # type: ignore[import-untyped]
import zstandard

from deep_perception.durable_files import in_words
from deep_perception.errors import InputError

SQLITE = ".db3"
SUFFIXES = frozenset((SQLITE, ".mcap"))
PACKED = frozenset((".zst", ".zstd"))
OLD = ".bag"
CONVERT = "is a ROS 1 recording. Convert it: rosbags-convert --src OLD.bag --dst NEW"
_EXPECTED = "expected a .mcap or .db3 file, or a folder of them"
_METADATA = "metadata.yaml"
_PAGE_SIZE_AT = 16
_BUFFER = 1 << 20


def is_recording(path: Path) -> bool:
    """Tell whether this file or folder holds a ROS 2 recording."""
    if path.is_dir():
        return bool(_named(path) or _found(path))
    return path.is_file() and _is_part(path)


def parts_of(path: Path) -> tuple[list[Path], str]:
    """Return the files of a recording in order, and what is wrong with how they are put together, if anything is.

    Raise InputError where there is no recording, or one of its files is missing.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist, {_EXPECTED}")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} may not be read by this user. Change its permissions: chmod u+r")
    if not is_recording(path):
        raise InputError(f"{path} {CONVERT}" if path.suffix == OLD else f"{path} is no ROS 2 recording, {_EXPECTED}")
    if path.is_file():
        return [path], ""
    if named := _named(path):
        if missing := [part.name for part in named if not part.exists()]:
            problem = f"{path}: its {_METADATA} names {', '.join(missing)}, which is not there"
            raise InputError(f"{problem}. Put it back, or describe what is left: ros2 bag reindex {path}")
        return named, ""
    problem = f"{path.name} has no {_METADATA} that tells its files, so they were taken by their names"
    return _found(path), f"{problem}. To mend it: ros2 bag reindex {path}"


def needs_copy(part: Path) -> bool:
    """Tell whether a file cannot be read where it is: compressed as a whole, or cut off within a page of SQLite.

    SQLite takes what is missing of a page for zeros, and messages on it for good.
    """
    return _is_packed(part) or bool(_beyond_pages(part))


def readable_copy(part: Path, folder: Path) -> Path:
    """Write what can be read of such a file to `folder`."""
    copy = folder / (part.stem if _is_packed(part) else part.name)
    problem = f"{part} cannot be unpacked into {folder}"
    try:
        with in_words(problem, InputError), open(part, "rb") as source, open(copy, "wb") as target:
            if _is_packed(part):
                zstandard.ZstdDecompressor().copy_stream(source, target)
            else:
                shutil.copyfileobj(source, target, _BUFFER)
    except zstandard.ZstdError as err:
        raise InputError(f"{problem} ({err}). Copy it again from where it was recorded") from err
    os.truncate(copy, copy.stat().st_size - _beyond_pages(copy))
    return copy


def plain_name(path: Path) -> str:
    """Return the name of a folder, or of a file without its suffixes."""
    if path.is_dir():
        return path.resolve().name
    return Path(path.stem).stem if _is_packed(path) else path.stem


def _is_part(path: Path) -> bool:
    name = Path(path.stem) if _is_packed(path) else path
    return name.suffix.lower() in SUFFIXES


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() in PACKED


def _beyond_pages(path: Path) -> int:
    """Return how many bytes lie behind the last whole page of a database, 0 for anything else."""
    if path.suffix.lower() != SQLITE:
        return 0
    with open(path, "rb") as file:
        head = file.read(_PAGE_SIZE_AT + 2)
    page = int.from_bytes(head[_PAGE_SIZE_AT:], "big")
    return path.stat().st_size % (page if page > 1 else 1 << 16)  # so large a page has the number 1


def _found(folder: Path) -> list[Path]:
    """The files of a recording by their names, part 2 before part 10."""
    parts = [file for file in folder.iterdir() if _is_part(file)]
    return sorted(parts, key=lambda part: (len(plain_name(part)), plain_name(part)))


def _named(folder: Path) -> list[Path]:
    """The files that metadata name, none where there are none that can be read."""
    try:
        said: Any = yaml.safe_load((folder / _METADATA).read_text(encoding="utf-8"))
        names = said["rosbag2_bagfile_information"]["relative_file_paths"]
        return [folder / PurePath(name).name for name in names]
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return []
