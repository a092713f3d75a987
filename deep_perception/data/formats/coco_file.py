"""A COCO file of instances: what it says of its pictures, checked."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deep_perception.data.formats.sources import box, json_of, numbers
from deep_perception.data.record import HUMAN, MODEL, Segmentation, Thing
from deep_perception.data.targets import decoded
from deep_perception.errors import InputError

_SAID_BY_US = ("bbox", "segmentation", "iscrowd", "image_id", "score", "source")
"""What of an annotation becomes a field of a Thing; the rest is kept beside it."""


@dataclass(frozen=True, eq=False)
class CocoFile:
    """The lists of a COCO file, each entry known to be what it claims; boxes and masks are looked at in `things`."""

    path: Path
    images: Sequence[Mapping[str, Any]]
    names: Mapping[int, str]
    """Name of each category number."""
    about: Mapping[str, Any]
    _annotations: Mapping[int, Sequence[Mapping[str, Any]]]

    def things(self, image: Mapping[str, Any], size: tuple[int, int]) -> tuple[Thing, ...]:
        """Return what is on an image of this width and height; raise InputError for what cannot be there."""
        self._check_size(image, size)
        return tuple(self._thing(one, size) for one in self._annotations.get(image["id"], ()))

    def _check_size(self, image: Mapping[str, Any], size: tuple[int, int]) -> None:
        said = (image.get("width", size[0]), image.get("height", size[1]))
        if said != size:
            raise InputError(
                f"{self.path}, image {image['id']}: got {said[0]!r}x{said[1]!r}, but '{image['file_name']}' is "
                f"{size[0]}x{size[1]}. Use the pictures that were labelled, not resized or turned ones"
            )

    def _thing(self, said: Mapping[str, Any], size: tuple[int, int]) -> Thing:
        where = f"{self.path}, annotation {said['id']}"
        left, top, width, height = numbers(said.get("bbox"), 4, f"{where}, bbox")
        (score,), source = numbers([said.get("score", 1)], 1, f"{where}, score"), said.get("source", HUMAN)
        if source not in (HUMAN, MODEL):
            raise InputError(f"{where}: got source {source!r:.40}, expected {HUMAN} or {MODEL}")
        return Thing(
            self.names[said["category_id"]],
            box((left, top, left + width, top + height), where),
            score,
            source,
            _mask(said.get("segmentation"), size, where),
            ignored=bool(said.get("iscrowd", 0)),
            more={key: value for key, value in said.items() if key not in _SAID_BY_US},
        )


def read_file(path: Path) -> CocoFile:
    """Read a COCO file; raise InputError where its entries do not fit together."""
    said = json_of(path)
    if not isinstance(said, dict):
        raise InputError(f"{path}: got a {type(said).__name__}, expected images, annotations and categories")
    names = {one["id"]: one["name"] for one in _entries(path, said, "categories", id=int, name=str)}
    images = list(_entries(path, said, "images", id=int, file_name=str))
    return CocoFile(
        path,
        images,
        names,
        {key: value for key, value in said.items() if key not in ("images", "annotations")},
        _by_image(path, said, {one["id"] for one in images}, names),
    )


def licences(about: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the licences that a file lists."""
    listed = about.get("licenses")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _by_image(
    path: Path, said: Mapping[str, Any], images: set[int], names: Mapping[int, str]
) -> dict[int, list[Mapping[str, Any]]]:
    found = defaultdict(list)
    for one in _entries(path, said, "annotations", id=int, image_id=int, category_id=int):
        where = f"{path}, annotation {one['id']}"
        if one["image_id"] not in images:
            raise InputError(f"{where}: image {one['image_id']} is not among its images. Take it out, or add the image")
        if one["category_id"] not in names:
            numbers = ", ".join(map(str, sorted(names)[:8]))
            raise InputError(f"{where}: category {one['category_id']} is not among its categories ({numbers}…). Add it")
        found[one["image_id"]].append(one)
    return found


def _entries(path: Path, said: Mapping[str, Any], key: str, **expected: type) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of a list, each with these fields and an id of its own."""
    entries = said.get(key)
    if not isinstance(entries, list):
        raise InputError(f"{path}: got no list of {key}, expected a COCO file of instances")
    taken = set()
    for number, one in enumerate(entries):
        for name, kind in expected.items():
            got = one.get(name) if isinstance(one, dict) else None
            if not isinstance(got, kind) or isinstance(got, bool):
                raise InputError(f"{path}, {key}[{number}]: '{name}' is {got!r:.40}, expected a {kind.__name__}")
        if one["id"] in taken:
            raise InputError(f"{path}, {key}[{number}]: the id {one['id']} is there twice. Give it another")
        taken.add(one["id"])
        yield one


def _mask(said: Any, size: tuple[int, int], where: str) -> Segmentation:
    if not said:
        return None
    width, height = size
    if isinstance(said, list):
        return [_polygon(one, size, where) for one in said]
    try:
        decoded(said, height, width)
    except (ValueError, TypeError, KeyError, RuntimeError) as err:
        reason, expected = " ".join(str(err).split()), f"run lengths of {[height, width]}"
        raise InputError(f"{where}: its mask cannot be drawn ({reason}), expected {expected}") from err
    return said


def _polygon(said: Any, size: tuple[int, int], where: str) -> Any:
    """Give back x y x y ... as it is, once it is known that it can be drawn."""
    if not isinstance(said, list) or len(said) < 6 or len(said) % 2:
        raise InputError(f"{where}: got the polygon {said!r:.60}, expected at least three points x, y")
    found = numbers(said, len(said), f"{where}, polygon")
    furthest = 2 * max(size)  # what lies beyond would take all memory to draw
    if min(found) < -furthest or max(found) > furthest:
        raise InputError(f"{where}: got a polygon that leaves its {size[0]}x{size[1]} picture far behind. Correct it")
    return said
