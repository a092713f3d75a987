"""What a passage over a bag writes of each picture: one line, from which everything that is told later follows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Entry:
    """One picture of a stream: what it was, what was counted in it, and how long that took."""

    bag: str
    camera: str
    """Topic of the pictures."""
    number: int
    """Place in the topic, from 0."""
    stamp_ns: int | None
    """Of the header; None where the picture could not be read so far."""
    width: int
    height: int
    trouble: str = ""
    """Kind, of what kept the picture from being read or answered."""
    reason: str = ""
    """The same in words."""
    evidence: Mapping[str, Any] | None = None
    """Raw counts of the task; None: not answered."""
    judged: bool = False
    """Whether the truth was known."""
    repeated: bool = False
    """Whether the stamp came before in this stream; such a picture is not scored."""
    steady: Mapping[str, float] = field(default_factory=dict)
    """Raw counts against the picture before."""
    recorded_ns: int = 0
    published_ns: tuple[int, ...] = ()
    """Of recorded answers: when each with this stamp was published; () = never answered."""
    place: tuple[int, ...] = ()
    """Of recorded answers: their places in the topic of answers."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """By stage: read, decode, model, score."""

    def to_json(self) -> str:
        """Return the line."""
        return json.dumps(vars(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str | bytes) -> "Entry":
        """Read a line; raise ValueError or TypeError where it is none."""
        told = json.loads(line)
        lists = {name: tuple(told[name]) for name in ("published_ns", "place")}
        return cls(**{**told, **lists})
