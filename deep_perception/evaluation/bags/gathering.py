"""All lines of an evaluation, read once and kept small."""

from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Any

from deep_perception.evaluation.bags.entry import Entry
from deep_perception.evaluation.bags.figures import Figures
from deep_perception.evaluation.bags.live import Live, age_s
from deep_perception.evaluation.bags.timeline import Seen

MOST_TOLD = 200
"""Damaged pictures that are listed."""


class Gathered:
    """What is needed of the lines, in their order."""

    def __init__(self, entries: Iterable[Entry], kind: type[Figures]) -> None:
        self.frames = dict.fromkeys(("read", "scored", "without_truth", "unanswered", "damaged", "repeated"), 0)
        self.streams: dict[tuple[str, str], int] = {}
        """Place of each bag and camera."""
        self.seen: list[Seen] = []
        self.units: list[Any] = []
        self.damaged: list[dict[str, Any]] = []
        self.live = Live()
        self.steady: Counter[str] = Counter()
        self.seconds: dict[str, array[float]] = {}
        self._kind = kind
        for entry in entries:
            self._add(entry)

    def of_stream(self, stream: int) -> list[Seen]:
        """Return the pictures of one stream."""
        return [one for one in self.seen if one.stream == stream]

    def _add(self, entry: Entry) -> None:
        self._count(entry)
        scored = is_scored(entry)
        unit = len(self.units) if scored else -1
        if scored and entry.evidence is not None:
            self.units.append(self._kind.unit(entry.evidence))
        stream = self.streams.setdefault((entry.bag, entry.camera), len(self.streams))
        self.seen.append(Seen(stream, entry.number, entry.stamp_ns, bool(entry.trouble), age_s(entry), unit))
        self.live.add(entry)
        for name, count in entry.steady.items():
            self.steady[name] += count  # type: ignore[assignment]
        for stage, seconds in entry.seconds.items():
            self.seconds.setdefault(stage, array("d")).append(seconds)

    def _count(self, entry: Entry) -> None:
        counts = {
            "read": True,
            "scored": is_scored(entry),
            "without_truth": entry.evidence is not None and not entry.judged,
            "unanswered": entry.evidence is None and not entry.trouble,
            "damaged": bool(entry.trouble),
            "repeated": entry.repeated,
        }
        for name, counted in counts.items():
            self.frames[name] += counted
        if entry.trouble and len(self.damaged) < MOST_TOLD:
            place = {name: getattr(entry, name) for name in ("bag", "camera", "number", "stamp_ns")}
            self.damaged.append({**place, "kind": entry.trouble, "reason": entry.reason})


def is_scored(entry: Entry) -> bool:
    """Of pictures with one stamp the first counts."""
    return entry.judged and entry.evidence is not None and not entry.repeated
