"""Pascal VOC: an XML file a picture, lists of the parts, and masks of classes and of objects."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deep_perception.data.dataset import PIXELS
from deep_perception.data.formats.format import FILE_NAME, SHORT_NAMES, Content, Draft
from deep_perception.data.formats.object_masks import masked
from deep_perception.data.formats.sources import by_stem, files_in, inside, numbers_in, size_of, text_of
from deep_perception.data.formats.voc_masks import LABEL_MAP, VOID, class_names
from deep_perception.data.formats.voc_xml import check_size, more_of, read_annotation, things_of
from deep_perception.data.record import Record, Thing
from deep_perception.errors import InputError

PICTURES, ANNOTATIONS, SETS = "JPEGImages", "Annotations", "ImageSets"
CLASS_MASKS, OBJECT_MASKS = "SegmentationClass", "SegmentationObject"


def read(source: Path) -> Content:
    """Read a folder with Annotations and JPEGImages, or the only VOC... folder in it."""
    root = _root(source)
    pictures = by_stem(files_in(root, root / PICTURES))
    annotations = by_stem(files_in(root, root / ANNOTATIONS, (".xml",)))
    stems = sorted({*pictures, *annotations})
    folder = _Folder(root, pictures, annotations, _parts(root, stems), class_names(root))
    names = {PIXELS: folder.names} if (root / CLASS_MASKS).is_dir() else {}
    return Content(map(folder.draft, stems), len(stems), names)


def _root(source: Path) -> Path:
    years = sorted(source.glob("VOC*"))
    root = inside(source, years[0].name, str(source)) if len(years) == 1 else source
    if not (root / ANNOTATIONS).is_dir() or not (root / PICTURES).is_dir():
        raise InputError(f"{source}: got no {ANNOTATIONS}/ and {PICTURES}/, expected the folders of Pascal VOC")
    return root


def _parts(root: Path, stems: Collection[str]) -> dict[str, str]:
    """The part of each picture, from the lists of the first kind that there are: pictures of things, or of masks."""
    parts: dict[str, str] = {}
    for kind in ("Main", "Segmentation"):
        for part, short in SHORT_NAMES.items():
            path = root / SETS / kind / f"{short}.txt"
            for number, line in enumerate(text_of(path).splitlines() if path.exists() else (), 1):
                stem = line.split()[0] if line.strip() else ""
                if stem and stem not in stems:
                    raise InputError(f"{path}, line {number}: '{stem}' has neither picture nor annotation. Take it out")
                if stem and parts.setdefault(stem, part) != part:
                    raise InputError(f"{path}, line {number}: '{stem}' is also in {parts[stem]}. Leave it in one part")
        if parts:
            break
    return parts


@dataclass(frozen=True, eq=False)
class _Folder:
    root: Path
    pictures: Mapping[str, Path]
    annotations: Mapping[str, Path]
    parts: Mapping[str, str]
    names: tuple[str, ...]

    def draft(self, stem: str) -> Draft:
        path = self.annotations.get(stem)
        picture = self.pictures.get(stem, self.root / PICTURES / f"{stem}.jpg")
        record = Record(stem, "", *size_of(picture, str(path)), more={FILE_NAME: picture.name})
        if path:
            said = read_annotation(path)
            check_size(said, (record.width, record.height), path)
            things = self._masked(things_of(said, path), record)
            record = replace(record, things=things, more={**record.more, **more_of(said)})
        return Draft(record, picture, self._classes(record), self.parts.get(stem))

    def _masked(self, things: tuple[Thing, ...], record: Record) -> tuple[Thing, ...]:
        """The things with their masks, in which they are numbered in the order of the annotation."""
        numbers = self._mask(OBJECT_MASKS, record, len(things), f"objects in {ANNOTATIONS}/{record.id}.xml")
        return things if numbers is None else masked(things, numbers)

    def _classes(self, record: Record) -> NDArray[np.uint8] | None:
        return self._mask(CLASS_MASKS, record, len(self.names) - 1, f"classes. Name all in {LABEL_MAP}")

    def _mask(self, kind: str, record: Record, most: int, of: str) -> NDArray[np.uint8] | None:
        path = inside(self.root, f"{kind}/{record.id}.png", str(self.root))
        if not path.exists():
            return None
        numbers = numbers_in(path, (record.width, record.height), record.id)
        if (highest := int(numbers[numbers != VOID].max(initial=0))) > most:
            raise InputError(f"{path}: holds number {highest}, but there are {most} {of}")
        return numbers
