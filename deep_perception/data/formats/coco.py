"""COCO: pictures, and a JSON file of boxes, polygons, run lengths and categories for each part."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deep_perception.data.dataset import THINGS
from deep_perception.data.formats.coco_file import CocoFile, licences, read_file
from deep_perception.data.formats.format import Content, Draft, part_in
from deep_perception.data.formats.sources import ids_for, inside, size_of
from deep_perception.data.record import Record
from deep_perception.errors import InputError

FIELDS = {"stamp_ns": int, "recording": str, "camera": str, "frame_id": str}
"""Fields of a Record that COCO has no name for; they keep ours."""

_PLACES = ("instances.json", "annotations/instances*.json", "*/_annotations.coco.json", "*.json", "annotations/*.json")
"""Where such files are; the first of these that finds any counts."""


def read(source: Path) -> Content:
    """Read one file, or all of a folder, each of them the part that it or its folder is named after."""
    root, paths = _files(source)
    files = [read_file(path) for path in paths]
    names = dict.fromkeys(name for file in files for name in file.names.values())
    about: dict[str, Any] = {}
    for file in files:
        for key, value in file.about.items():
            earlier = about.setdefault(key, value)
            if isinstance(earlier, list) and isinstance(value, list):
                about[key] = earlier + [one for one in value if one not in earlier]
    return Content(_drafts(root, files), sum(len(file.images) for file in files), {THINGS: tuple(names)}, about)


def _files(source: Path) -> tuple[Path, list[Path]]:
    """The folder that nothing may leave, and the JSON files in it."""
    if source.is_file():
        return (source.parent.parent if source.parent.name == "annotations" else source.parent), [source]
    for pattern in _PLACES:
        if found := sorted(source.glob(pattern)):
            return source, [inside(source, str(file.relative_to(source)), str(source)) for file in found]
    raise InputError(f"{source}: no JSON file there, nor in annotations/, expected a COCO file of instances")


def _drafts(root: Path, files: Sequence[CocoFile]) -> Iterator[Draft]:
    ids = ids_for(image["file_name"] for file in files for image in file.images)
    for file in files:
        part = part_in(file.path.stem) or (part_in(file.path.parent.name) if file.path.parent != root else None)
        for image in file.images:
            where = f"{file.path}, image {image['id']}"
            picture = _picture(root, file.path, image["file_name"], where)
            yield Draft(_record(next(ids), file, image, size_of(picture, where), where), picture, part=part)


def _picture(root: Path, file: Path, name: str, where: str) -> Path:
    own = file.stem.rpartition("_")[2]  # annotations/instances_val2017.json speaks of val2017/
    folders = [file.parent.relative_to(root) / sub for sub in ("", "images")]
    folders += [Path(sub) for sub in (own, "images", f"images/{own}", "")]
    for folder in dict.fromkeys(folders):
        if (path := inside(root, str(folder / name), where)).is_file():
            return path
    tried = ", ".join(str(root / folder) for folder in dict.fromkeys(folders))
    raise InputError(f"{where}: the picture '{name}' is in none of {tried}. Put it there, or take its entry out")


def _record(id: str, file: CocoFile, image: Mapping[str, Any], size: tuple[int, int], where: str) -> Record:
    for key, kind in FIELDS.items():
        if key in image and not isinstance(image[key], kind):
            raise InputError(f"{where}: '{key}' is {image[key]!r:.40}, expected a {kind.__name__}. Correct it")
    more = {key: value for key, value in image.items() if key not in ("width", "height", *FIELDS)}
    if "license" in more:
        more["license"] = _licence(file, more["license"])
    fields = {key: image[key] for key in FIELDS if key in image}
    return Record(id, "", *size, things=file.things(image, size), more=more, **fields)


def _licence(file: CocoFile, number: Any) -> Any:
    """All of it, if the file lists it: beside pictures of other files the same number may mean another."""
    return next((one for one in licences(file.about) if one.get("id") == number), number)
