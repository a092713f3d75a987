"""PROPS Detection: train.json and val.json, each a list of [picture, [{"xyxy": ..., "name": ...}, ...]]."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from deep_perception.data.dataset import THINGS, TRAIN, VALIDATION, Dataset
from deep_perception.data.formats.copying import copy_picture, file_names
from deep_perception.data.formats.format import FILE_NAME, NOBODY_LOOKED, Content, Draft, Loss, parts_by_id
from deep_perception.data.formats.sources import box, ids_for, inside, json_of, numbers, size_of
from deep_perception.data.record import Record, Thing
from deep_perception.errors import InputError, unknown

NAMES = (
    "master_chef_can",
    "cracker_box",
    "sugar_box",
    "tomato_soup_can",
    "mustard_bottle",
    "tuna_fish_can",
    "gelatin_box",
    "potted_meat_can",
    "mug",
    "large_marker",
)
"""Its classes, in the order of their numbers."""

_FILES = {TRAIN: "train.json", VALIDATION: "val.json"}
_PICTURES = "PROPS-Detection"
_NO_PART: Loss = "pictures of no part, or of one that is neither train nor validation, which are left out"
_OTHER_THINGS: Loss = "things of other classes than its ten"


def read(source: Path) -> Content:
    """Read both files, or the one that is there."""
    files = {part: source / name for part, name in _FILES.items() if (source / name).exists()}
    if not files:
        raise InputError(f"{source}: got no {' and no '.join(_FILES.values())}, expected PROPS Detection")
    entries = {part: _entries(path) for part, path in files.items()}
    count = sum(map(len, entries.values()))
    return Content(_drafts(source, files, entries), count, {THINGS: NAMES})


def _entries(path: Path) -> list[tuple[str, list[Any]]]:
    said = json_of(path)
    if not isinstance(said, list):
        raise InputError(f"{path}: got a {type(said).__name__}, expected a list of [picture, annotations]")
    for place, entry in enumerate(said):
        if not (
            isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and isinstance(entry[1], list)
        ):
            raise InputError(f"{path}, entry {place}: got {entry!r:.60}, expected [picture, annotations]. Correct it")
    return said


def _drafts(source: Path, files: dict[str, Path], entries: dict[str, list[tuple[str, list[Any]]]]) -> Iterator[Draft]:
    ids = ids_for(name for of_part in entries.values() for name, _ in of_part)
    for part, path in files.items():
        for place, (name, said) in enumerate(entries[part]):
            where = f"{path}, entry {place}"
            picture = inside(source, name, where)
            things = tuple(_thing(one, f"{where}, annotation {number}") for number, one in enumerate(said))
            record = Record(next(ids), "", *size_of(picture, where), things=things, more={FILE_NAME: name})
            yield Draft(record, picture, part=part)


def _thing(said: Any, where: str) -> Thing:
    if not isinstance(said, dict) or said.get("name") not in NAMES:
        got = said.get("name") if isinstance(said, dict) else said
        raise InputError(f"{where}: {unknown('class', ' '.join(str(got).split()), NAMES)}")
    more = {key: value for key, value in said.items() if key not in ("name", "xyxy")}
    return Thing(said["name"], box(numbers(said.get("xyxy"), 4, f"{where}, xyxy"), where), more=more)


def write(dataset: Dataset, folder: Path) -> Iterator[Sequence[Loss]]:
    """Write train.json and val.json; of a data set without parts all pictures are for training."""
    parts = parts_by_id(dataset) if dataset.split else {record.id: TRAIN for record in dataset.records}
    names = file_names(dataset.records)
    entries: dict[str, list[Any]] = {part: [] for part in _FILES}
    for record in dataset.records:
        part = parts.get(record.id)
        if part not in entries or record.things is None:
            yield (NOBODY_LOOKED if part in entries else _NO_PART,)
            continue
        name = names[record.id] if names[record.id].startswith(f"{_PICTURES}/") else f"{_PICTURES}/{names[record.id]}"
        copy_picture(dataset, record, folder / name)
        said = [_annotation(thing) for thing in record.things if thing.name in NAMES]
        entries[part].append([name, said])
        yield () if len(said) == len(record.things) else (_OTHER_THINGS,)
    for part, file in _FILES.items():
        (folder / file).write_text(json.dumps(entries[part], indent=1), encoding="utf-8")


def _annotation(thing: Thing) -> dict[str, Any]:
    whole = [int(at) if at == int(at) else at for at in thing.box]
    return {**thing.more, "xyxy": whole, "name": thing.name}
