"""How many pictures and bytes may still be kept. No minute and no hour ever holds more than was granted."""

import math
from bisect import bisect_right
from collections.abc import Iterable

from deep_perception.data.sampling.look import Look, Reason, Room
from deep_perception.data.sampling.settings import SamplingConfig
from deep_perception.predictions import Instances

MINUTE, HOUR = 60_000_000_000, 3_600_000_000_000
MEGABYTE = 1_000_000
LINE = 1 << 16
"""Bytes that a line of the manifest surely fits in, masks aside."""


class Spending:
    """When pictures were kept, by a clock that never goes back: where the caller's does, it goes on from there.

    It is at most as fast as the caller's, so a window that slides over true time holds no more than one here.
    """

    def __init__(self, saved_ns: Iterable[int] = ()) -> None:
        """`saved_ns`: when pictures were kept before, so that a new start does not grant everything again."""
        self._times = sorted(saved_ns)
        self._seen = self._now = self._times[-1] if self._times else 0

    def tick(self, now_ns: int) -> None:
        """Let time pass until the caller's clock shows this."""
        self._now += max(0, now_ns - self._seen)
        self._seen = now_ns
        del self._times[: bisect_right(self._times, self._now - HOUR)]

    def within(self, span_ns: int) -> int:
        """Return how many pictures were kept in the span of up to an hour that ends now."""
        return len(self._times) - bisect_right(self._times, self._now - span_ns)

    def add(self) -> None:
        """Count a picture that is kept now."""
        self._times.append(self._now)


def too_soon(elapsed_s: float | None, least_s: float) -> Reason | None:
    """Refuse what comes right after the last kept picture, lest a minute's budget goes in a moment."""
    if elapsed_s is None or elapsed_s >= least_s:
        return None
    return Reason("gap", f"{elapsed_s:.2g} s from the last kept, less than {least_s:.3g}")


def over_budget(look: Look, spending: Spending, room: Room, config: SamplingConfig, priority: float) -> Reason | None:
    """Refuse what does not fit into the minute, the hour, the size of the data set, or the disk."""
    for span, name, most in ((MINUTE, "minute", config.per_minute), (HOUR, "hour", config.per_hour)):
        count, granted = spending.within(span), grant(most, config.reserve, priority)
        if count >= granted:
            kept_back = f" ({most - granted} are kept for what matters more)" if granted < most else ""
            return Reason(f"per {name}", f"{count} kept in a {name} already{kept_back}")
    size = most_bytes(look)
    if room.stored + size > config.max_mb * MEGABYTE:
        return Reason("size", f"the data set has {room.stored // MEGABYTE} MB, at most {config.max_mb:.6g} are allowed")
    if room.free - size < config.leave_free_mb * MEGABYTE:
        return Reason("disk", f"{room.free // MEGABYTE} MB are free, {config.leave_free_mb:.6g} are to be left")
    return None


def grant(most: int, reserve: float, priority: float) -> int:
    """Return how many of `most` are for looks of this priority: all for 1, all but the reserve for 0."""
    return math.ceil(most * (1 - reserve * (1 - priority)))


def most_bytes(look: Look) -> int:
    """Return what a look surely takes on disk at most: picture, depth, the class of each pixel, and what is said."""
    masks = look.prediction.masks.nbytes // 8 if isinstance(look.prediction, Instances) else 0
    return 2 * look.image.nbytes + masks + LINE
