"""What a run of the demo measured, and whether it is good enough."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from deep_perception.evaluation.matching import FOUND, Counts


@dataclass(frozen=True)
class Stream:
    """How a topic went. Pictures without an answer were skipped, for a newer one was there, or lost on the way."""

    topic: str
    type: str
    messages: int
    rate_hz: float | None
    age_p50_ms: float | None
    age_p95_ms: float | None
    published: int | None = None
    """Pictures that the camera published; None for a topic that does not follow them."""
    skipped: int | None = None
    lost: int | None = None

    @property
    def answered(self) -> int | None:
        """Pictures of which the topic has a message."""
        if self.published is None or self.skipped is None or self.lost is None:
            return None
        return self.published - self.skipped - self.lost


def measure(
    topic: str, kind: str, arrivals: Mapping[int, int], published: Collection[int] | None = None, dropped: int = 0
) -> Stream:
    """Sum up a topic from when (ns) the message of each stamp (ns) arrived.

    `published` are the stamps of the pictures to answer, of which the node says it dropped so many.
    """
    times, ages = sorted(arrivals.values()), [(arrival - stamp) / 1e6 for stamp, arrival in arrivals.items()]
    span = times[-1] - times[0] if times else 0
    rate = (len(times) - 1) * 1e9 / span if span else None
    median, high = np.percentile(ages, [50, 95]).tolist() if ages else (None, None)
    if published is None:
        return Stream(topic, kind, len(times), rate, median, high)
    missing = sum(stamp not in arrivals for stamp in published)
    skipped = min(missing, dropped)
    return Stream(topic, kind, len(times), rate, median, high, len(published), skipped, missing - skipped)


@dataclass(frozen=True)
class Figure:
    """How good the answers to one task were, and how good they must be on scenes that no model learnt from."""

    task: str
    name: str
    value: float
    least: float
    judged: int
    """Answers that were compared with the truth."""
    unit: str = ""

    @property
    def text(self) -> str:
        """The value for people."""
        return f"{self.value:.1f} {self.unit}" if self.unit else f"{self.value:.3f}"

    def shortfall(self) -> str:
        """Say what is not as it must be; nothing where all is well."""
        if not self.judged:
            return f"{self.task}: no answer was compared with the truth, expected many"
        if self.value < self.least:
            return f"{self.task}: {self.name} {self.text}, expected at least {self.least:g}"
        return ""


@dataclass(frozen=True)
class Shot:
    """An answer beside the truth, to look at."""

    task: str
    words: str
    """How good it is."""
    pictures: tuple[tuple[str, str], ...]
    """What each picture is, and the name of its file."""


@dataclass(frozen=True)
class Result:
    """Raw counts and figures of one run."""

    seconds: float
    start_s: float
    """How long it took until the first answers of all models."""
    streams: tuple[Stream, ...]
    figures: tuple[Figure, ...] = ()
    classes: Mapping[str, Counts] = field(default_factory=dict)
    """Boxes of the detector."""
    score_threshold: float = 0.0
    iou_threshold: float = FOUND
    facts: Mapping[str, str] = field(default_factory=dict)
    shots: tuple[Shot, ...] = ()
    annotated: str = ""
    """Name of the file of a picture as a node drew it."""

    def shortfalls(self) -> list[str]:
        """Say what is not as it must be, a line each."""
        lines = [f"nothing arrived on {stream.topic}" for stream in self.streams if not stream.messages]
        if not any(counts.found + counts.missed for counts in self.classes.values()):
            lines.append("no thing was there to be found, expected many")
        return lines + list(dict.fromkeys(line for figure in self.figures if (line := figure.shortfall())))

    def summary(self) -> dict[str, Any]:
        """Return everything as JSON holds it, with what follows from it."""
        return {**asdict(self), "shortfalls": self.shortfalls()}


def from_json(written: Mapping[str, Any]) -> Result:
    """Read what `asdict` of a result has become in JSON."""
    return Result(
        **{
            **written,
            "streams": tuple(Stream(**one) for one in written["streams"]),
            "figures": tuple(Figure(**one) for one in written["figures"]),
            "classes": {name: Counts(**one) for name, one in written["classes"].items()},
            "shots": tuple(
                Shot(one["task"], one["words"], tuple(map(tuple, one["pictures"]))) for one in written["shots"]
            ),
        }
    )
