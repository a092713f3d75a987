"""YOLO: pictures in images/, a text file for each in labels/, and data.yaml, which names classes and parts."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from deep_perception.data.dataset import THINGS
from deep_perception.data.formats.format import FILE_NAME, OTHER, SHORT_NAMES, Content, Draft
from deep_perception.data.formats.sources import files_in, ids_for, inside, size_of, text_of, yaml_of
from deep_perception.data.formats.yolo_rows import things_in
from deep_perception.data.record import Record
from deep_perception.errors import InputError

SETTINGS, CLASSES = "data.yaml", "classes.txt"
IMAGES, LABELS = "images", "labels"

_READ = ("path", "names", "nc", *SHORT_NAMES.values())
"""What of the settings becomes something of ours; the rest is kept for when they are written again."""


def read(source: Path) -> Content:
    """Read what a data.yaml lists, or, where there is none, what lies beside a classes.txt."""
    path = _settings_file(source)
    settings = {"names": text_of(path).rstrip().split("\n")} if path.name == CLASSES else yaml_of(path)
    names = _names(path, settings)
    root = _root(source.parent if source.is_file() else source, settings)
    pictures = _pictures(root, settings)
    about = {key: value for key, value in settings.items() if key not in _READ}
    return Content(_drafts(root, pictures, names), len(pictures), {THINGS: names}, about)


def _settings_file(source: Path) -> Path:
    if source.is_file():
        return source
    for pattern in (SETTINGS, "*.yaml", CLASSES, f"{LABELS}/{CLASSES}"):
        if len(found := sorted(source.glob(pattern))) == 1:
            return inside(source, str(found[0].relative_to(source)), str(source))
    raise InputError(f"{source}: got no {SETTINGS} and no {CLASSES}, expected one of them to name the classes")


def _names(path: Path, settings: Mapping[str, Any]) -> tuple[str, ...]:
    if "kpt_shape" in settings:
        raise InputError(f"{path}: its labels are poses, expected boxes or polygons")
    said = settings.get("names")
    if isinstance(said, dict) and set(said) == set(range(len(said))):
        said = [said[number] for number in range(len(said))]
    if not isinstance(said, list):
        raise InputError(f"{path}: got names {said!r:.60}, expected a list, or names by number from 0 on")
    names = tuple(str(name).strip() for name in said)
    if not all(names) or len(set(names)) < len(names) or settings.get("nc", len(names)) != len(names):
        raise InputError(f"{path}: got names {said!r:.60}, expected as many as nc says, each once. Correct them")
    return names


def _root(folder: Path, settings: Mapping[str, Any]) -> Path:
    """What the paths begin from: `path`, unless that is where the data lay on the machine of somebody else."""
    said = PurePosixPath(str(settings.get("path") or "."))
    return folder / said if not said.is_absolute() and ".." not in said.parts and (folder / said).is_dir() else folder


def _pictures(root: Path, settings: Mapping[str, Any]) -> dict[Path, tuple[str | None, str]]:
    """The part and the name of each picture: first those that are listed, then the others in images/."""
    found: dict[Path, tuple[str | None, str]] = {}
    listed = {part: dict(_listed(root, settings.get(short))) for part, short in SHORT_NAMES.items()}
    sets = [frozenset(pictures) for pictures in listed.values() if pictures]
    same = len(sets) > 1 and len(set(sets)) == 1  # such a file is not split: it only has to name all parts
    for part, pictures in listed.items():
        for path, name in pictures.items():
            if not same and path in found:
                raise InputError(f"{path} is in {found[path][0]} and in {part}. Leave it in one part")
            found[path] = (None if same else part, name)
    folder = root / IMAGES if (root / IMAGES).is_dir() else root
    for path in files_in(root, folder) if folder != root or not found else ():
        name = str(path.relative_to(folder))
        found.setdefault(path, (None, name.removeprefix(f"{OTHER}/") if found else name))
    if not found:
        raise InputError(f"{root}: got no picture, expected some where {SETTINGS} says, or in {IMAGES}/")
    return found


def _listed(root: Path, said: Any) -> Iterator[tuple[Path, str]]:
    """Yield path and name of the pictures of a part, which is a folder, a list of paths in a file, or several."""
    for entry in said if isinstance(said, list) else [said] if said else []:
        place = _within(root, str(entry), str(root / SETTINGS))
        if place.is_dir():
            yield from ((path, str(path.relative_to(place))) for path in files_in(root, place))
            continue
        for number, line in enumerate(text_of(place).split("\n"), 1):
            if line.strip():
                path = _within(place.parent if line.startswith("./") else root, line.strip(), f"{place}, line {number}")
                yield path, path.name


def _within(root: Path, name: str, where: str) -> Path:
    path = Path(name)
    if path.is_absolute() and path.is_relative_to(root.absolute()):
        name = str(path.relative_to(root.absolute()))
    while name.startswith("../"):  # some exporters write this and mean the folder of the file itself
        name = name[3:]
    return inside(root, name, where)


def _drafts(root: Path, pictures: Mapping[Path, tuple[str | None, str]], names: tuple[str, ...]) -> Iterator[Draft]:
    ids = ids_for(name for _, name in pictures.values())
    for (path, (part, name)), id in zip(pictures.items(), ids, strict=True):
        label = _labels_of(path.relative_to(root))
        size = size_of(path, str(root / label))
        things = things_in(inside(root, str(label), str(path)), names, size)
        yield Draft(Record(id, "", *size, things=things, more={FILE_NAME: name}), path, part=part)


def _labels_of(picture: Path) -> Path:
    """labels/ in place of the last images/, and .txt in place of the suffix."""
    parts = list(picture.with_suffix(".txt").parts)
    places = [place for place, name in enumerate(parts[:-1]) if name == IMAGES]
    if places:
        parts[places[-1]] = LABELS
    return Path(*parts)
