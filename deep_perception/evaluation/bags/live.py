"""How a robot kept up while a bag was recorded: the age of its answers, and what went missing or came out of order."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from deep_perception.evaluation.bags.entry import Entry
from deep_perception.evaluation.speed import spread_ms

NS_IN_S = 1e9


def age_s(entry: Entry) -> float | None:
    """Return the seconds from the stamp of a picture to its first answer; None where there is none."""
    if not entry.published_ns or entry.stamp_ns is None or entry.repeated:
        return None
    return (entry.published_ns[0] - entry.stamp_ns) / NS_IN_S


class Live:
    """Counts the answers of pictures, stream by stream; a stamp that came before is not asked for again."""

    def __init__(self) -> None:
        self._ages = array("d")
        self._asked = self._answers = self._late = 0
        self._stream = ("", "")
        self._furthest = -1

    def add(self, entry: Entry) -> None:
        """Count the answers of a picture."""
        if entry.repeated or entry.stamp_ns is None:
            return
        if (entry.bag, entry.camera) != self._stream:
            self._stream, self._furthest = (entry.bag, entry.camera), -1
        self._asked += 1
        self._answers += len(entry.published_ns)
        if (age := age_s(entry)) is not None:
            self._ages.append(age)
        if entry.place:
            self._late += entry.place[0] < self._furthest
            self._furthest = max(self._furthest, entry.place[0])

    def told(self, orphans: int | None) -> dict[str, Any]:
        """Return what the result says; `orphans` are answers whose picture is not in the bags."""
        return {
            "answered": len(self._ages),
            "never_answered": self._asked - len(self._ages),
            "duplicates": self._answers - len(self._ages),
            "out_of_order": self._late,
            "orphans": orphans,
            "age_ms": in_ms(self._ages, ("p50", "p95", "max")),
        }


def in_ms(seconds: "array[float]", which: Sequence[str]) -> dict[str, float | None]:
    """Return these of the figures of `spread_ms`, None where nothing was measured."""
    known: Mapping[str, float] = spread_ms(seconds) if len(seconds) else {}
    return {name: known.get(name) for name in which}
