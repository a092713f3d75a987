"""Writes Penn-Fudan."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from deep_perception.data.dataset import Dataset
from deep_perception.data.encoding import encoded
from deep_perception.data.formats.copying import copy_picture, file_names, stored_picture
from deep_perception.data.formats.format import Loss
from deep_perception.data.formats.object_masks import numbered
from deep_perception.data.formats.pennfudan import ADDED, ANNOTATIONS, MASKS, PICTURES
from deep_perception.data.media import read_image
from deep_perception.data.record import Record, Thing
from deep_perception.errors import InputError

_FRACTIONS: Loss = "fractions of pixels in boxes"
_DATABASE = "The Penn-Fudan-Pedestrian Database"


def write(dataset: Dataset, folder: Path) -> Iterator[Sequence[Loss]]:
    """Write the three folders; a picture that nobody looked at gets neither annotation nor mask."""
    for name in (PICTURES, MASKS, ANNOTATIONS):
        (folder / name).mkdir()
    names = file_names(dataset.records, flat=True, stems=True)
    added = []
    for record in dataset.records:
        stem = Path(names[record.id]).stem
        _write_picture(dataset, record, folder / PICTURES / f"{stem}.png")
        if record.things is None:
            yield ()
            continue
        numbers, losses = numbered(record)
        (folder / MASKS / f"{stem}_mask.png").write_bytes(encoded(numbers))
        (folder / ANNOTATIONS / f"{stem}.txt").write_text(_text(record, stem, record.things), encoding="utf-8")
        added += [f"{stem}.png\t{k}\n" for k, thing in enumerate(record.things, 1) if thing.more.get("added")]
        fractions = any(at != round(at) for thing in record.things for at in thing.box)
        yield (*losses, *([_FRACTIONS] if fractions else []))
    if added:
        (folder / ADDED).write_text("".join(["# image name (\t) object index\n", *added]), encoding="utf-8")


def _write_picture(dataset: Dataset, record: Record, target: Path) -> None:
    if Path(record.image).suffix == ".png":
        copy_picture(dataset, record, target)
    else:
        image = read_image(stored_picture(dataset, record))
        target.write_bytes(encoded(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)))


def _text(record: Record, stem: str, things: Sequence[Thing]) -> str:
    labels = [_label(thing, record) for thing in things]
    listed = " ".join(f'"{label}"' for label in labels)
    lines = [
        "# Compatible with PASCAL Annotation Version 1.00",
        f'Image filename : "PennFudanPed/{PICTURES}/{stem}.png"',
        f"Image size (X x Y x C) : {record.width} x {record.height} x 3",
        f'Database : "{record.more.get("database", _DATABASE)}"',
        f"Objects with ground truth : {len(things)} {{ {listed} }}",
        "# Top left pixel co-ordinates : (1, 1)",
    ]
    for number, (thing, label) in enumerate(zip(things, labels, strict=True), 1):
        left, top, right, bottom = map(round, thing.box)
        of = f'for object {number} "{label}"'
        lines += [
            f'# Details for pedestrian {number} ("{label}")',
            f'Original label {of} : "{thing.more.get("original_label", label)}"',
            f"Bounding box {of} (Xmin, Ymin) - (Xmax, Ymax) : ({left + 1}, {top + 1}) - ({right}, {bottom})",
            f'Pixel mask {of} : "PennFudanPed/{MASKS}/{stem}_mask.png"',
            "",
        ]
    return "\n".join(lines) + "\n"


def _label(thing: Thing, record: Record) -> str:
    label = str(thing.more.get("label", "PASperson" if thing.name == "person" else thing.name))
    if '"' in label or "\n" in label:
        raise InputError(f"{record.id}: the class {label!r} cannot be quoted. Call it otherwise")
    return label
