"""Penn-Fudan: pictures, for each a mask in which people are numbered, and a text file of their boxes."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from deep_perception.data.dataset import THINGS
from deep_perception.data.formats.format import FILE_NAME, Content, Draft, Loss
from deep_perception.data.formats.object_masks import masked
from deep_perception.data.formats.sources import box, by_stem, files_in, inside, numbers_in, size_of, text_of
from deep_perception.data.record import Record, Thing
from deep_perception.errors import InputError

PICTURES, MASKS, ANNOTATIONS, ADDED = "PNGImages", "PedMasks", "Annotation", "added-object-list.txt"

_PERSON = "person"
"""What all the world calls what begins with PASperson here."""

_SIZE = re.compile(r"^Image size .*: (\d+) x (\d+) x \d+", re.MULTILINE)
_DATABASE = re.compile(r'^Database : "([^"]*)"', re.MULTILINE)
_COUNT = re.compile(r"^Objects with ground truth : (\d+)", re.MULTILINE)
_LABEL = re.compile(r'^Original label for object (\d+) "([^"]*)" : "([^"]*)"', re.MULTILINE)
_BOX = re.compile(r'^Bounding box for object (\d+) "([^"]*)".*: \((\d+), (\d+)\) - \((\d+), (\d+)\)', re.MULTILINE)
_FRACTIONS: Loss = "fractions of pixels in boxes"


def read(source: Path) -> Content:
    """Read the three folders; a picture without annotation is one that nobody looked at."""
    for name in (PICTURES, MASKS, ANNOTATIONS):
        if not (source / name).is_dir():
            raise InputError(f"{source}: got no {name}/, expected {PICTURES}/, {MASKS}/ and {ANNOTATIONS}/")
    pictures = by_stem(files_in(source, source / PICTURES))
    annotations = by_stem(files_in(source, source / ANNOTATIONS, (".txt",)))
    stems = sorted({*pictures, *annotations})
    added = _added(source)
    drafts = (_draft(source, stem, pictures.get(stem), annotations.get(stem), added) for stem in stems)
    return Content(drafts, len(stems), {THINGS: (_PERSON,)})


def _added(source: Path) -> frozenset[tuple[str, int]]:
    """Which people, by picture and number, were labelled later than the others."""
    path = source / ADDED
    lines = [line.split() for line in text_of(path).splitlines()] if path.exists() else []
    return frozenset((Path(line[0]).stem, int(line[1])) for line in lines if len(line) == 2 and line[1].isdigit())


def _draft(
    source: Path, stem: str, picture: Path | None, annotation: Path | None, added: Collection[tuple[str, int]]
) -> Draft:
    picture = picture or source / PICTURES / f"{stem}.png"
    size = size_of(picture, str(annotation))
    more: dict[str, Any] = {FILE_NAME: picture.name}
    things = None
    if annotation:
        text = text_of(annotation)
        _check_size(text, size, annotation)
        more |= {"database": found[1]} if (found := _DATABASE.search(text)) else {}
        numbers = numbers_in(inside(source, f"{MASKS}/{stem}_mask.png", str(annotation)), size, str(annotation))
        things = _things(text, annotation, {number for name, number in added if name == stem})
        if numbers.max() > len(things):
            raise InputError(f"{annotation}: names {len(things)} people, but its mask has {numbers.max()}. Correct it")
        things = masked(things, numbers)
    return Draft(Record(stem, "", *size, things=things, more=more), picture)


def _check_size(text: str, size: tuple[int, int], path: Path) -> None:
    found = _SIZE.search(text)
    if not found or (int(found[1]), int(found[2])) != size:
        got = f"{found[1]}x{found[2]}" if found else "none"
        raise InputError(f"{path}: got the image size {got}, but its picture is {size[0]}x{size[1]}. Fetch both again")


def _things(text: str, path: Path, added: Collection[int]) -> tuple[Thing, ...]:
    count = _COUNT.search(text)
    boxes = {int(found[1]): found for found in _BOX.finditer(text)}
    origins = {int(found[1]): found[3] for found in _LABEL.finditer(text)}
    if not count or sorted(boxes) != list(range(1, int(count[1]) + 1)):
        got = f"{count[1]} objects" if count else "no count of objects"
        raise InputError(f"{path}: got {got} and boxes of {sorted(boxes)}, expected a box for each. Fetch it again")
    return tuple(
        _thing(boxes[number], origins.get(number), number in added, f"{path}, object {number}")
        for number in sorted(boxes)
    )


def _thing(found: re.Match[str], origin: str | None, added: bool, where: str) -> Thing:
    # As in VOC, pixels are counted from 1 and a box names its first and its last: see voc_xml.
    left, top, right, bottom = map(int, found.groups()[2:])
    label = found[2]
    more = {"label": label, **({"original_label": origin} if origin else {}), **({"added": True} if added else {})}
    name = _PERSON if label.startswith("PASperson") else label
    return Thing(name, box((left - 1, top - 1, right, bottom), where), more=more)
