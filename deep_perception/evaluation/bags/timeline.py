"""The course of a stream in at most a few hundred points: how good, how old, what was damaged."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deep_perception.evaluation.bags.figures import Score

MOST_POINTS = 300
KINDS = ("found", "missed", "wrong")


class Seen(NamedTuple):
    """What is kept of a picture until all are known."""

    stream: int
    number: int
    stamp_ns: int | None
    trouble: bool
    age_s: float | None
    unit: int
    """Its place among what was scored; -1 for none."""


def timeline(stream: Sequence[Seen], scores: Sequence[Score | None]) -> dict[str, Any]:
    """Return means of scores and ages, and sums of the rest, at even times; None where there is nothing."""
    stamps = _times([one.stamp_ns for one in stream])
    span = int(stamps.max() - stamps.min()) if len(stamps) else 0
    points = min(MOST_POINTS, len(stamps)) if span else min(1, len(stamps))
    # In whole nanoseconds, so that nothing depends on rounding.
    places = np.minimum((stamps - stamps.min()) * points // max(1, span), points - 1) if points else stamps
    values = [None if one is None else one.value for one in scores]
    return {
        "start_ns": int(stamps.min()) if points else None,
        "stamps_s": [place * span / points / 1e9 for place in range(points)],
        "score": _means(values, places, points),
        **{kind: _sums([_count(one, kind) for one in scores], places, points) for kind in KINDS},
        "age_ms": _means([None if one.age_s is None else one.age_s * 1e3 for one in stream], places, points),
        "trouble": _sums([one.trouble for one in stream], places, points),
    }


def _times(stamps: Sequence[int | None]) -> NDArray[np.int64]:
    """Give pictures without a stamp that of the one before, or the first there is."""
    last = next((stamp for stamp in stamps if stamp is not None), 0)
    return np.array([last := last if stamp is None else stamp for stamp in stamps], np.int64)


def _count(score: Score | None, kind: str) -> int:
    return getattr(score, kind, None) or 0


def _sums(values: Sequence[int], places: NDArray[np.int64], points: int) -> list[int]:
    return [int(value) for value in np.bincount(places, values, points)]


def _means(values: Sequence[float | None], places: NDArray[np.int64], points: int) -> list[float | None]:
    known = np.array([value is not None for value in values], bool)
    if not known.any():
        return [None] * points
    whole = np.array([value or 0 for value in values], np.float64)
    counts = np.bincount(places[known], minlength=points)
    sums = np.bincount(places[known], whole[known], points)
    return [float(part / count) if count else None for part, count in zip(sums, counts, strict=True)]
