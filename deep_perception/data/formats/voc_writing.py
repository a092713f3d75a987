"""Writes Pascal VOC."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from deep_perception.data.dataset import PIXELS, Dataset
from deep_perception.data.formats.copying import copy_picture, file_names
from deep_perception.data.formats.format import OTHER, Loss, grouped
from deep_perception.data.formats.object_masks import numbered
from deep_perception.data.formats.sources import inside
from deep_perception.data.formats.voc import ANNOTATIONS, CLASS_MASKS, OBJECT_MASKS, PICTURES, SETS
from deep_perception.data.formats.voc_masks import VOID, write_label_map, write_mask
from deep_perception.data.formats.voc_xml import annotation
from deep_perception.data.record import Record
from deep_perception.data.targets import read_numbers


def write(dataset: Dataset, folder: Path) -> Iterator[Sequence[Loss]]:
    """Write the folders of Pascal VOC; a picture that nobody looked at for things gets no annotation."""
    for name in (PICTURES, ANNOTATIONS):
        (folder / name).mkdir()
    names = file_names(dataset.records, flat=True, stems=True)
    for record in dataset.records:
        yield _write_picture(dataset, record, folder, names[record.id])
    if dataset.labels.get(PIXELS):
        write_label_map(folder, dataset.labels[PIXELS])
    _write_sets(dataset, folder, names)


def _write_picture(dataset: Dataset, record: Record, folder: Path, name: str) -> Sequence[Loss]:
    copy_picture(dataset, record, folder / PICTURES / name)
    stem = Path(name).stem
    if record.things is not None:
        xml = annotation(name, (record.width, record.height), record.more, record.things)
        (folder / ANNOTATIONS / f"{stem}.xml").write_bytes(xml)
    classes = None
    if record.pixels is not None:
        classes = read_numbers(inside(dataset.folder, record.pixels, record.id))
        write_mask(folder / CLASS_MASKS / f"{stem}.png", classes)
    if not any(thing.mask is not None for thing in record.things or ()):
        return ()
    numbers, losses = numbered(record)
    if classes is not None:  # the rim of things lies in both masks alike
        numbers[(classes == VOID) & (numbers == 0)] = VOID
    write_mask(folder / OBJECT_MASKS / f"{stem}.png", numbers)
    return losses


def _write_sets(dataset: Dataset, folder: Path, names: dict[str, str]) -> None:
    if dataset.split is None:
        return
    lists = {part: [Path(names[one.id]).stem for one in of] for part, of in grouped(dataset, dataset.records).items()}
    lists.pop(OTHER, None)
    lists["trainval"] = sorted(lists.get("train", []) + lists.get("val", []))
    (folder / SETS / "Main").mkdir(parents=True)
    for name, stems in lists.items():
        (folder / SETS / "Main" / f"{name}.txt").write_text("".join(f"{stem}\n" for stem in stems), encoding="utf-8")
