"""Pictures of a data set under the names that they had, or that fit."""

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from deep_perception.data.dataset import Dataset
from deep_perception.data.formats.format import FILE_NAME
from deep_perception.data.formats.sources import inside
from deep_perception.data.media import unique
from deep_perception.data.record import Record
from deep_perception.errors import InputError


def file_names(records: Iterable[Record], *, flat: bool = False, stems: bool = False) -> dict[str, str]:
    """Return a name of its own for each picture, by id: the one that it came with, where that may be.

    It never leaves the folder that it is put into; `flat`: holds no folder; `stems`: differs not in the suffix alone.
    """
    taken: set[str] = set()
    names = {}
    for record in records:
        name = _wanted(record, flat)
        suffix = PurePosixPath(name).suffix if stems else ""
        names[record.id] = unique(name.removesuffix(suffix), taken) + suffix
    return names


def copy_picture(dataset: Dataset, record: Record, target: Path) -> None:
    """Put a copy of the picture there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(stored_picture(dataset, record), target)


def stored_picture(dataset: Dataset, record: Record) -> Path:
    """Return where the picture is; raise InputError where it is not."""
    path = inside(dataset.folder, record.image, record.id)
    if not path.is_file():
        raise InputError(
            f"{record.id}: the picture {path} does not exist. Look: deep_perception dataset verify {dataset.folder}"
        )
    return path


def _wanted(record: Record, flat: bool) -> str:
    suffix = PurePosixPath(record.image).suffix
    earlier = str(record.more.get(FILE_NAME, ""))
    if _fits(earlier, flat) and PurePosixPath(earlier).suffix.lower() == suffix:
        return earlier
    if not _fits(record.id, flat=True):
        raise InputError(f"'{record.id}' is no id, expected a name fit for a file")
    return f"{record.id}{suffix}"


def _fits(name: str, flat: bool) -> bool:
    path = PurePosixPath(name)
    safe = bool(path.name) and "\0" not in name and not path.is_absolute() and ".." not in path.parts
    return safe and not (flat and len(path.parts) > 1)
