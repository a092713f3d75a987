"""What a data set knows about one picture: a line of its manifest."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeAlias

MODEL, HUMAN = "model", "human"
"""Who said it."""

Segmentation: TypeAlias = Any
"""A mask as COCO writes it: polygons [[x, y, x, y, ...], ...], or run lengths {"size": [H, W], "counts": ...}."""


@dataclass(frozen=True)
class Tag:
    """What the whole picture shows."""

    name: str
    score: float = 1.0
    source: str = HUMAN


@dataclass(frozen=True)
class Thing:
    """One thing in a picture, in pixels of the stored picture."""

    name: str
    box: tuple[float, float, float, float]
    """x1 y1 x2 y2."""
    score: float = 1.0
    source: str = HUMAN
    mask: Segmentation = None
    ignored: bool = False
    """Counts neither as found nor as missed: a crowd, or too difficult."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What the format that it came from also said."""


@dataclass(frozen=True)
class Record:
    """A picture and all that was said of it. None: nobody looked; empty: somebody looked, and there was nothing."""

    id: str
    """Unique in its data set, and fit for a file name."""
    image: str
    """Path within the data set."""
    width: int
    height: int
    stamp_ns: int | None = None
    recording: str = ""
    """One drive, one bag, one start of the collector: neighbours in time are of the same one."""
    camera: str = ""
    frame_id: str = ""
    tags: tuple[Tag, ...] | None = None
    things: tuple[Thing, ...] | None = None
    things_source: str = HUMAN
    """Who looked last: a human who finds nothing leaves no Thing to say so."""
    pixels: str | None = None
    """Path of the class of each pixel, an 8-bit PNG; 255 = unlabelled."""
    pixels_source: str = HUMAN
    depth: str | None = None
    """Path of a 16-bit PNG in millimetres."""
    intrinsics: tuple[float, ...] | None = None
    """The nine numbers of the camera matrix, row by row."""
    reasons: tuple[str, ...] = ()
    """Why it was kept."""
    more: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what the manifest holds: only what differs from the defaults."""
        usual = {item.name: item.default for item in fields(self)}
        said = {name: value for name, value in asdict(self).items() if value != usual[name]}
        if not self.more:
            said.pop("more", None)
        for name in ("tags", "things"):
            if said.get(name) is not None:
                said[name] = [{key: value for key, value in one.items() if not _usual(value)} for one in said[name]]
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Record":
        """Read a line of the manifest; raise KeyError, TypeError or ValueError where it is not one."""
        values = dict(said)
        for name in ("reasons", "intrinsics"):
            if name in values:
                values[name] = tuple(values[name])
        if values.get("tags") is not None:
            values["tags"] = tuple(Tag(**one) for one in values["tags"])
        if values.get("things") is not None:
            values["things"] = tuple(Thing(**{**one, "box": _box(one["box"])}) for one in values["things"])
        record = cls(**values)
        _check(record)
        return record


def _usual(value: Any) -> bool:
    return value is None or value is False or value == {}  # a score of 0 is none of these


def _check(record: Record) -> None:
    """Raise TypeError or ValueError for what the rest of the program would stumble over."""
    for name, kind in (("id", str), ("image", str), ("width", int), ("height", int)):
        if not isinstance(getattr(record, name), kind):
            raise TypeError(f"{name}: got {getattr(record, name)!r}, expected {kind.__name__}")
    for path in (record.image, record.pixels, record.depth):
        if path and (path.startswith("/") or ".." in path.split("/")):
            raise ValueError(f"the path {path} leads out of the data set")


def _box(numbers: Any) -> tuple[float, float, float, float]:
    left, top, right, bottom = map(float, numbers)
    return left, top, right, bottom
