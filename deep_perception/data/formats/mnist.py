"""MNIST: all pictures of a part in one file, all labels in another, as idx or idx.gz."""

import gzip
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.data.dataset import TAGS, TEST, TRAIN, Dataset
from deep_perception.data.encoding import encoded
from deep_perception.data.formats.copying import stored_picture
from deep_perception.data.formats.format import Content, Draft, Loss, parts_by_id
from deep_perception.data.formats.sources import inside
from deep_perception.data.media import read_image
from deep_perception.data.record import Record, Tag
from deep_perception.errors import InputError

_STARTS = {TRAIN: "train", TEST: "t10k"}
_KINDS = {"images": 3, "labels": 1}
"""Dimensions of each kind of file."""

_BYTES = 0x08
"""What idx calls numbers from 0 to 255."""

_DIGITS = 10
_MOST = 256
_NO_TAG: Loss = "pictures without a tag, which are left out"
_PART: Loss = "that pictures are not for training, where they are now"
_COLOUR: Loss = "colours"
_NAME: Loss = "names of classes, which are now their numbers"


@dataclass(frozen=True, eq=False)
class _Set:
    part: str
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def drafts(self) -> Iterator[Draft]:
        height, width = self.images.shape[1:]
        for index, (image, label) in enumerate(zip(self.images, self.labels, strict=True)):
            record = Record(f"{self.part}_{index:05d}", ".png", width, height, tags=(Tag(str(label)),))
            yield Draft(record, encoded(image), part=self.part)


def read(source: Path) -> Content:
    """Read the files of training and of test, or of the one that is there."""
    found = {(part, kind): _find(source, start, kind) for part, start in _STARTS.items() for kind in _KINDS}
    sets = [_set(part, found[part, "images"], found[part, "labels"]) for part in _STARTS]
    there = [one for one in sets if one is not None]
    if not there:
        raise InputError(f"{source}: got no train-images-idx3-ubyte nor t10k-images-idx3-ubyte, with or without .gz")
    highest = max(int(one.labels.max(initial=0)) for one in there)
    names = tuple(map(str, range(max(_DIGITS, highest + 1))))
    return Content(
        (draft for one in there for draft in one.drafts()), sum(len(one.labels) for one in there), {TAGS: names}
    )


def _find(source: Path, start: str, kind: str) -> Path | None:
    found = sorted(source.glob(f"{start}-{kind}[-.]idx{_KINDS[kind]}-ubyte*"))
    return inside(source, found[0].name, str(source)) if found else None


def _set(part: str, images: Path | None, labels: Path | None) -> _Set | None:
    if images is None or labels is None:
        if images or labels:
            raise InputError(f"{images or labels} is there alone, expected pictures and labels. Fetch the other file")
        return None
    found = _Set(part, _idx(images, _KINDS["images"]), _idx(labels, _KINDS["labels"]))
    if len(found.images) != len(found.labels):
        counts = f"{len(found.images)} pictures, but {labels} {len(found.labels)} labels"
        raise InputError(f"{images} holds {counts}, expected as many. Fetch both again")
    return found


def _idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            kind, *shape = struct.unpack(f">{1 + dimensions}I", file.read(4 * (1 + dimensions)))
            content = file.read(math.prod(shape) + 1) if kind == _BYTES << 8 | dimensions else b""
    except (OSError, EOFError, zlib.error, struct.error, OverflowError, MemoryError) as err:
        raise InputError(f"{path} is damaged ({' '.join(str(err).split())}). Fetch it again") from err
    if kind != _BYTES << 8 | dimensions:
        raise InputError(f"{path}: begins with {kind:#x}, expected idx with bytes in {dimensions} dimensions")
    if len(content) != math.prod(shape) or 0 in shape[1:]:
        raise InputError(f"{path}: holds other than the {shape} bytes it promises. Fetch it again")
    return np.frombuffer(content, np.uint8).reshape(shape)


def write(dataset: Dataset, folder: Path) -> Iterator[Sequence[Loss]]:
    """Write the test part, and as training what is not of it; raise InputError where pictures differ in size."""
    parts = parts_by_id(dataset)
    numbers = _numbers(dataset)
    found: dict[str, list[tuple[NDArray[np.uint8], int]]] = {TRAIN: [], TEST: []}
    for record in dataset.records:
        if not record.tags:
            yield (_NO_TAG,)
            continue
        _check_size(dataset, record)
        part = parts.get(record.id, "") if dataset.split else TRAIN
        name = max(record.tags, key=lambda tag: tag.score).name
        image, lost = _gray(dataset, record)
        found[TEST if part == TEST else TRAIN].append((image, numbers[name]))
        yield (*lost, *([] if part in found else [_PART]), *([] if name == str(numbers[name]) else [_NAME]))
    for part, pairs in found.items():
        if pairs:
            images, labels = zip(*pairs, strict=True)
            _write_idx(folder, part, "images", np.stack(images))
            _write_idx(folder, part, "labels", np.array(labels, np.uint8))


def _numbers(dataset: Dataset) -> dict[str, int]:
    """The number of each class: the one that it is called, or else its place."""
    names = dataset.labels.get(TAGS, ())
    if len(names) > _MOST:
        raise InputError(f"{dataset.folder}: has {len(names)} classes, expected at most {_MOST}. Choose another format")
    called = all(name.isascii() and name.isdigit() and str(int(name)) == name and int(name) < _MOST for name in names)
    return {name: int(name) if called else place for place, name in enumerate(names)}


def _check_size(dataset: Dataset, record: Record) -> None:
    first = next(one for one in dataset.records if one.tags)
    if (record.width, record.height) != (first.width, first.height):
        raise InputError(
            f"{record.id}: is {record.width}x{record.height}, and {first.id} {first.width}x{first.height}, expected "
            "pictures of one size. Choose another format"
        )


def _gray(dataset: Dataset, record: Record) -> tuple[NDArray[np.uint8], tuple[Loss, ...]]:
    image = read_image(stored_picture(dataset, record))
    if (image == image[:, :, :1]).all():
        return image[:, :, 0], ()
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8), (_COLOUR,)


def _write_idx(folder: Path, part: str, kind: str, array: NDArray[np.uint8]) -> None:
    path = folder / f"{_STARTS[part]}-{kind}-idx{array.ndim}-ubyte.gz"
    header = struct.pack(f">{1 + array.ndim}I", _BYTES << 8 | array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), mtime=0))
