"""Writes COCO files, each entry under the number that it had unless another has it already."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from deep_perception.data.dataset import BACKGROUND, THINGS, Dataset
from deep_perception.data.formats.about import read_about
from deep_perception.data.formats.coco import FIELDS
from deep_perception.data.formats.coco_file import licences
from deep_perception.data.formats.copying import copy_picture, file_names
from deep_perception.data.formats.format import FILE_NAME, NOBODY_LOOKED, Loss, grouped
from deep_perception.data.record import HUMAN, Record, Thing
from deep_perception.data.targets import mask_of


def write(dataset: Dataset, folder: Path) -> Iterator[Sequence[Loss]]:
    """Write instances.json and images/, or for each part annotations/instances_PART.json and PART/."""
    looked_at = [record for record in dataset.records if record.things is not None]
    yield from ((NOBODY_LOOKED,) for _ in range(len(dataset.records) - len(looked_at)))
    whole = _whole(dataset)
    for part, records in grouped(dataset, looked_at).items():
        pictures = folder / (part or "images")
        names = file_names(records)
        for record in records:
            copy_picture(dataset, record, pictures / names[record.id])
            yield ()
        path = folder / "annotations" / f"instances_{part}.json" if part else folder / "instances.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(whole.file(records, names)), encoding="utf-8")


@dataclass(frozen=True, eq=False)
class _Whole:
    """What every file of a data set says alike."""

    about: Mapping[str, Any]
    categories: Sequence[Mapping[str, Any]]
    numbers: Mapping[tuple[str, int | None], int]
    """Category number by name and the number that it had; None: that of the name."""

    def file(self, records: Sequence[Record], names: Mapping[str, str]) -> dict[str, Any]:
        listed = licences(self.about)
        for record in records:
            licence = record.more.get("license")
            if isinstance(licence, Mapping) and licence not in listed:
                listed.append(dict(licence))
        numbers = distinct(one.get("id") for one in listed)
        ids = distinct(record.more.get("id") for record in records)
        images = [_image(record, names[record.id], id) for record, id in zip(records, ids, strict=True)]
        for image in images:
            if image.get("license") in listed:
                image["license"] = numbers[listed.index(image["license"])]
        return {
            **self.about,
            **({"licenses": _numbered(listed, numbers)} if listed else {}),
            "images": images,
            "annotations": list(self._annotations(records, ids)),
            "categories": self.categories,
        }

    def _annotations(self, records: Sequence[Record], images: Sequence[int]) -> Iterator[dict[str, Any]]:
        ids = iter(distinct(thing.more.get("id") for record in records for thing in record.things or ()))
        for record, image in zip(records, images, strict=True):
            for thing in record.things or ():
                own = self.numbers.get((thing.name, thing.more.get("category_id")))
                category = self.numbers[thing.name, None] if own is None else own
                yield _annotation(record, thing) | {"id": next(ids), "image_id": image, "category_id": category}


def _whole(dataset: Dataset) -> _Whole:
    about = read_about(dataset.folder, "coco")
    categories = list(about.get("categories", ()))
    known = {one["name"] for one in categories}
    # Number 0, the background, is no category; the others keep our numbers where they had none.
    for number, name in enumerate(dataset.labels.get(THINGS, ())):
        if name not in known and name != BACKGROUND:
            categories.append({"id": number, "name": name})
    ids = distinct(one["id"] for one in categories)
    numbers: dict[tuple[str, int | None], int] = {}
    for one, id in zip(categories, ids, strict=True):
        numbers.setdefault((one["name"], None), id)
        numbers.setdefault((one["name"], one["id"]), id)
    return _Whole(about, _numbered(categories, ids), numbers)


def distinct(wanted: Iterable[Any]) -> list[int]:
    """Return these numbers, with a new one for what is none or has been there before.

    >>> distinct([7, None, 7])
    [7, 8, 9]
    """
    wanted = list(wanted)
    free = count(max((one for one in wanted if isinstance(one, int)), default=0) + 1)
    taken: dict[int, None] = {}  # a set that keeps its order
    for one in wanted:
        taken[one if isinstance(one, int) and one not in taken else next(free)] = None
    return list(taken)


def _numbered(entries: Sequence[Mapping[str, Any]], ids: Sequence[int]) -> list[dict[str, Any]]:
    return [{**one, "id": id} for one, id in zip(entries, ids, strict=True)]


def _image(record: Record, name: str, id: int) -> dict[str, Any]:
    fields = {key: value for key in FIELDS if (value := getattr(record, key)) not in (None, "")}
    size = {"width": record.width, "height": record.height}
    return {**record.more, "id": id, FILE_NAME: name, **size, **fields}


def _annotation(record: Record, thing: Thing) -> dict[str, Any]:
    left, top, right, bottom = thing.box
    said = {**thing.more, "bbox": [left, top, extent(left, right), extent(top, bottom)]}
    said |= {"segmentation": [] if thing.mask is None else thing.mask, "iscrowd": int(thing.ignored)}
    if "area" not in said:
        area = said["bbox"][2] * said["bbox"][3] if thing.mask is None else mask_of(thing, record).sum()
        said["area"] = float(area)
    return said if (thing.score, thing.source) == (1, HUMAN) else {**said, "score": thing.score, "source": thing.source}


def extent(low: float, high: float) -> float:
    """Return the shortest number that leads from low to high: 0.3 + 0.1 back to 0.4, not 0.10000000000000003."""
    difference = high - low
    return next((short for digits in range(16) if low + (short := round(difference, digits)) == high), difference)
