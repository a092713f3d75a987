"""What people said of the pictures of a recording, in a file beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from deep_perception.data.dataset import THINGS
from deep_perception.data.formats.coco_file import read_file
from deep_perception.data.formats.sources import box, json_of, numbers
from deep_perception.data.record import Thing
from deep_perception.errors import InputError

Things: TypeAlias = Callable[[tuple[int, int]], tuple[Thing, ...]]
"""What is on a picture of this width and height."""


@dataclass(frozen=True, eq=False)
class Truth:
    """Things by picture. A picture is called by its stamp in nanoseconds, or by a name."""

    things: Mapping[str, Things] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, name: str = "", *, option: str = "--class") -> "Truth":
        """Read a COCO file whose images have a `stamp_ns` or are called after stamps, or {stamp: {boxes_xyxy: ...}}.

        `name` is the class of boxes without `names`, which `option` gives. Raise InputError where the file is neither.
        """
        said = json_of(path)
        if not isinstance(said, dict):
            raise InputError(f"{path}: got a {type(said).__name__}, expected a COCO file, or boxes by stamp")
        return _from_coco(path) if "images" in said else _from_stamps(path, said, name, option)

    def of(self, stamp_ns: int | None, name: str) -> Things | None:
        """Return what is known of a picture, None if nothing is."""
        return self.things.get(str(stamp_ns)) or self.things.get(name)


def _from_coco(path: Path) -> Truth:
    file = read_file(path)
    by_name = {
        str(image.get("stamp_ns", Path(image["file_name"]).stem)): partial(file.things, image) for image in file.images
    }
    return Truth(by_name, {THINGS: tuple(dict.fromkeys(file.names.values()))})


def _from_stamps(path: Path, said: Mapping[str, Any], name: str, option: str) -> Truth:
    things = {key: _things(one, name, f"{path}, '{key}'", option) for key, one in said.items()}
    names = dict.fromkeys(thing.name for those in things.values() for thing in those)
    return Truth({key: partial(_as_said, those) for key, those in things.items()}, {THINGS: tuple(names)})


def _as_said(things: tuple[Thing, ...], _size: tuple[int, int]) -> tuple[Thing, ...]:
    return things


def _things(said: Any, name: str, where: str, option: str) -> tuple[Thing, ...]:
    boxes = said.get("boxes_xyxy") if isinstance(said, dict) else None
    if not isinstance(boxes, list):
        raise InputError(f"{where}: got no list 'boxes_xyxy', expected a COCO file, or boxes by stamp in nanoseconds")
    names = said.get("names", [name] * len(boxes))
    if (
        not isinstance(names, list)
        or len(names) != len(boxes)
        or not all(isinstance(one, str) and one for one in names)
    ):
        raise InputError(f"{where}: got no 'names' for {len(boxes)} boxes. Add them, or say what all are with {option}")
    return tuple(
        Thing(one, box(numbers(corners, 4, f"{where}, box {number}"), f"{where}, box {number}"))
        for number, (one, corners) in enumerate(zip(names, boxes, strict=True))
    )
