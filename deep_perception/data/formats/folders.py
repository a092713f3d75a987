"""A folder for each class, and above them one for each part where there are parts."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deep_perception.data.dataset import TAGS, Dataset
from deep_perception.data.formats.copying import copy_picture, file_names
from deep_perception.data.formats.format import FILE_NAME, OTHER, PART_NAMES, Content, Draft, Loss, grouped
from deep_perception.data.formats.sources import files_in, ids_for, size_of
from deep_perception.data.record import Record, Tag
from deep_perception.errors import InputError

_SEVERAL: Loss = "tags beside the best of a picture"
_NOTHING: Loss = "that somebody looked, and no class fits"


def read(source: Path) -> Content:
    """Read pictures, each of the class that its folder is named after; of none where it lies above those folders."""
    tops = _tops(source)
    pictures = [(top, picture) for top in tops for picture in files_in(source, top)]
    if not pictures:
        raise InputError(f"{source}: got no picture, expected a folder of them for each class")
    classes = sorted({folder.name for top in tops for folder in _folders(top)})
    return Content(_drafts(pictures, tops), len(pictures), {TAGS: classes})


def _tops(source: Path) -> dict[Path, str | None]:
    """The part of each folder that holds folders of classes. They are parts where all of them are called so."""
    folders = _folders(source)
    parts = {folder: PART_NAMES.get(folder.name.lower()) for folder in folders}
    if any(parts.values()) and all(part or folder.name == OTHER for folder, part in parts.items()):
        return parts
    return {source: None}


def _folders(above: Path) -> list[Path]:
    return sorted(folder for folder in above.iterdir() if folder.is_dir() and not folder.name.startswith("."))


def _drafts(pictures: Sequence[tuple[Path, Path]], parts: Mapping[Path, str | None]) -> Iterator[Draft]:
    names = [picture.relative_to(top) for top, picture in pictures]
    for (top, picture), name, id in zip(pictures, names, ids_for(map(str, names)), strict=True):
        tags = (Tag(name.parts[0]),) if len(name.parts) > 1 else None
        file_name = str(name.relative_to(name.parts[0])) if tags else name.name
        record = Record(id, "", *size_of(picture, str(top)), tags=tags, more={FILE_NAME: file_name})
        yield Draft(record, picture, part=parts[top])


def write(dataset: Dataset, folder: Path) -> Iterator[Sequence[Loss]]:
    """Write a folder for each class, used or not; pictures without a class lie beside those folders."""
    for part, records in grouped(dataset, dataset.records).items():
        by_class: dict[str, list[Record]] = {name: [] for name in dataset.labels.get(TAGS, ())}
        for record in records:
            best = max(record.tags or (), key=lambda tag: tag.score, default=None)
            by_class.setdefault(best.name if best else "", []).append(record)
        for name, those in by_class.items():
            target = folder / part / (_as_folder(dataset, name) if name else "")
            target.mkdir(parents=True, exist_ok=True)
            files = file_names(those, flat=not name)
            for record in those:
                copy_picture(dataset, record, target / files[record.id])
                yield _lost(record)


def _as_folder(dataset: Dataset, name: str) -> str:
    if "/" in name or "\0" in name or name.startswith("."):
        raise InputError(f"{dataset.folder}: the class '{name}' cannot be the name of a folder. Call it otherwise")
    return name


def _lost(record: Record) -> Sequence[Loss]:
    if record.tags == ():
        return (_NOTHING,)
    return (_SEVERAL,) if len(record.tags or ()) > 1 else ()
