"""Writes YOLO."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from deep_perception.data.dataset import BACKGROUND, THINGS, Dataset
from deep_perception.data.formats.about import read_about
from deep_perception.data.formats.copying import copy_picture, file_names
from deep_perception.data.formats.format import NOBODY_LOOKED, OTHER, Loss, grouped
from deep_perception.data.formats.yolo import IMAGES, LABELS, SETTINGS
from deep_perception.data.formats.yolo_rows import rows_of


def write(dataset: Dataset, folder: Path) -> Iterator[Sequence[Loss]]:
    """Write images/, labels/ and data.yaml; of a data set without parts all pictures are for everything."""
    looked_at = [record for record in dataset.records if record.things is not None]
    yield from ((NOBODY_LOOKED,) for _ in range(len(dataset.records) - len(looked_at)))
    names = [name for name in dataset.labels.get(THINGS, ()) if name != BACKGROUND]
    numbers = {name: number for number, name in enumerate(names)}
    groups = grouped(dataset, looked_at)
    for part, records in groups.items():
        files = file_names(records, stems=True)
        for record in records:
            copy_picture(dataset, record, folder / IMAGES / part / files[record.id])
            rows, lost = rows_of(record, numbers)
            label = (folder / LABELS / part / files[record.id]).with_suffix(".txt")
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text("".join(f"{row}\n" for row in rows))
            yield lost
    places = {
        part or key: f"{IMAGES}/{part}".rstrip("/") for part in groups for key in ("train", "val") if part != OTHER
    }
    settings = {**places, "nc": len(names), "names": dict(enumerate(names)), **read_about(dataset.folder, "yolo")}
    (folder / SETTINGS).write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")
