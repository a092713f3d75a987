"""What a run of the demo measured, and whether it is good enough."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from deep_perception.evaluation.matching import Counts

LEAST = 0.90
"""Recall, precision and accuracy that the models which come with the package keep on scenes they have not seen."""


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
class Shot:
    """A picture of the run: what is there beside what was found."""

    truth: str
    """Name of the file of the picture with the true boxes."""
    found: str
    counts: Counts
    surface: str
    """What the table top is made of."""
    answer: str
    """What the classifier said."""
    score: float


@dataclass(frozen=True)
class Result:
    """Raw counts and figures of one run."""

    seconds: float
    start_s: float
    """How long it took until the first answers of all nodes."""
    streams: tuple[Stream, ...]
    classes: Mapping[str, Counts] = field(default_factory=dict)
    score_threshold: float = 0.0
    iou_threshold: float = 0.5
    judged: int = 0
    """Classifications that were compared with the truth."""
    right: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)
    shots: tuple[Shot, ...] = ()
    annotated: str = ""
    """Name of the file of a picture as a node drew it."""

    @property
    def counts(self) -> Counts:
        """Found, missed and wrong boxes of all classes."""
        return sum(self.classes.values(), Counts())

    @property
    def accuracy(self) -> float:
        """Right of all classifications."""
        return self.right / self.judged if self.judged else 0.0

    def shortfalls(self) -> list[str]:
        """Say what is not as it must be, a line each."""
        lines = [f"nothing arrived on {stream.topic}" for stream in self.streams if not stream.messages]
        if not self.counts.found + self.counts.missed:
            lines.append("no thing was there to be found, expected many")
        if not self.judged:
            lines.append("no classification was compared with the truth, expected many")
        figures = {"detections: recall": self.counts.recall, "detections: precision": self.counts.precision}
        figures |= {"classification: accuracy": self.accuracy}
        return lines + [
            f"{name} {got:.3f}, expected at least {LEAST:.2f}" for name, got in figures.items() if got < LEAST
        ]

    def summary(self) -> dict[str, Any]:
        """Return everything as JSON holds it, with the figures that follow."""
        counts = self.counts
        return {
            **asdict(self),
            "recall": counts.recall,
            "precision": counts.precision,
            "accuracy": self.accuracy,
            "shortfalls": self.shortfalls(),
        }


def from_json(written: Mapping[str, Any]) -> Result:
    """Read what `asdict` of a result has become in JSON."""
    return Result(
        **{
            **written,
            "streams": tuple(Stream(**one) for one in written["streams"]),
            "classes": {name: Counts(**one) for name, one in written["classes"].items()},
            "shots": tuple(Shot(**{**one, "counts": Counts(**one["counts"])}) for one in written["shots"]),
        }
    )
