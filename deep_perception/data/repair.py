"""A folder of a data set made whole after whatever ended the last program that wrote to it."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from deep_perception.data.dataset import LABELS, MANIFEST
from deep_perception.data.manifest import Tail, whole_lines
from deep_perception.data.record import Record
from deep_perception.durable_files import PART, make_folder
from deep_perception.errors import InputError, StorageError

IMAGES, MASKS, DEPTH = "images", "masks", "depth"
LOCK = ".lock"
REJECTED = "rejected"
"""Where pictures go of which no line says anything."""


def lock(folder: Path) -> int:
    """Return an open file that keeps other writers out until it is closed, however this process ends."""
    opened = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(opened, 0)
        os.pwrite(opened, str(os.getpid()).encode(), 0)
    except BlockingIOError as err:
        other = os.pread(opened, 20, 0).decode() or "?"
        os.close(opened)
        raise StorageError(
            f"{folder} is being written by process {other}. Stop that, or choose another folder"
        ) from err
    except BaseException:
        os.close(opened)
        raise
    return opened


def unlock(opened: int) -> None:
    """Let others write, also where a child process still has the file."""
    fcntl.flock(opened, fcntl.LOCK_UN)
    os.close(opened)


def check_own(folder: Path) -> None:
    """Raise InputError unless this is a data set or an empty folder."""
    if (folder / MANIFEST).exists():
        return
    found = [one.name for one in folder.iterdir() if not one.name.startswith(".") and one.name != "lost+found"]
    if found:
        raise InputError(f"{folder} holds '{found[0]}' and no {MANIFEST}, expected a data set or a new folder")


def mend_end(path: Path, tail: Tail) -> list[str]:
    """Cut a torn last line off the manifest, or end it where only that is missing; return what was done."""
    content = path.read_bytes()
    _, torn = whole_lines(content)
    if torn:
        tail.cut(content.rstrip(b"\n").rfind(b"\n") + 1)
        return [f"cut a torn line of {len(torn)} bytes off {MANIFEST}"]
    if content and not content.endswith(b"\n"):
        tail.append(b"\n")
        return [f"ended the last line of {MANIFEST}"]
    return []


def tidy(folder: Path, records: Iterable[Record]) -> list[str]:
    """Remove what was not finished and set pictures aside that have no line; return what was done."""
    known = {folder / one for record in records for one in (record.image, record.pixels, record.depth) if one}
    done = []
    for file in _own_files(folder):
        name = file.relative_to(folder)
        if file.name.endswith(PART):
            file.unlink()
            done.append(f"removed {name}, which was not finished")
        elif file not in known:  # not removed: a person may have put it there
            make_folder(folder / REJECTED / name.parent)
            os.replace(file, folder / REJECTED / name)
            done.append(f"moved {name}, of which {MANIFEST} says nothing, to {REJECTED}/")
    return done


def _own_files(folder: Path) -> Iterator[Path]:
    """What only a writer puts there, in places where only it writes."""
    for name in (MANIFEST, LABELS):
        yield from folder.glob(f".{name}.*{PART}")
    for name in (IMAGES, MASKS, DEPTH):
        with suppress(FileNotFoundError):
            yield from (Path(entry) for entry in os.scandir(folder / name) if entry.is_file(follow_symlinks=False))


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # others may be settling the split meanwhile
                total += os.lstat(Path(where, name)).st_size
    return total
