"""A folder for each class, and above them one for each part where there are parts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from deep_perception.data.dataset import TAGS, Dataset
from deep_perception.data.formats.copying import copy_picture, file_names
from deep_perception.data.formats.format import FILE_NAME, PART_NAMES, Content, Draft, Loss, grouped
from deep_perception.data.formats.sources import files_in, ids_for, inside, size_of
from deep_perception.data.record import Record, Tag
from deep_perception.errors import InputError

_SEVERAL: Loss = "tags beside the best one of a picture"
_NOTHING: Loss = "that pictures are known to show nothing of all this"


def read(source: Path) -> Content:
    """Read pictures, each of the class that its folder is named after; of none if it lies above those folders."""
    tops = _folders(source)
    # Classes may be called "test" as well: folders are parts only where all of them are.
    parts = {top: PART_NAMES[top.name.lower()] for top in tops} if _are_parts(tops) else {source: None}
    classes = sorted({folder.name for top in parts for folder in _folders(top)})
    found = [(picture, top) for top in parts for picture in files_in(source, top)]
    if not found:
        raise InputError(f"{source}: got no picture, expected a folder of them for each class")
    drafts = _drafts(source, found, {top: part for top, part in parts.items()})
    return Content(drafts, len(found), {TAGS: classes})
...
