"""What a stream of pictures did lately: its rate, the age of its answers, what was dropped and what got lost."""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np

WINDOW_S = 10.0
STAMPS_KEPT = 300
FEWEST_GAPS = 8
LONGEST_GAP = 60
"""In periods; what is longer is a pause."""


@dataclass(frozen=True)
class Snapshot:
    """The figures of the last ten seconds, and the counts since the start."""

    rate_hz: float
    age_p50_ms: float
    age_p95_ms: float
    lost_share: float
    """Share of the pictures published that never arrived: as the middleware says, else estimated from the stamps."""
    dropped: dict[str, int] = field(default_factory=dict)
    answered: int = 0
    last_error: str = ""
    ignored: dict[str, int] = field(default_factory=dict)
    """Not pictures, but what was told about them."""


class Health:
    """Counts and times one stream; safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dropped: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self._answered = 0
        self._last_error = ""
        self._last_arrival = 0.0
        self._can_tell_losses = False
        self._forget_times()

    def received(self, stamp_ns: int) -> bool:
        """Note a picture's arrival; return True when its stamp lies before the last one by more than a second."""
        with self._lock:
            went_back = bool(self._stamps) and stamp_ns < self._stamps[-1] - 1_000_000_000
            if went_back:
                self._forget_times()
            self._stamps.append(stamp_ns)
            self._last_arrival = time.monotonic()
            self._arrivals.append((self._last_arrival, 1))
        return went_back

    def quiet_s(self, since: float) -> float:
        """Return for how long no picture has arrived, counting from `since` (monotonic) at the earliest."""
        return time.monotonic() - max(since, self._last_arrival)

    def answered(self, age_s: float) -> None:
        """Note an answer, and how old its picture is by now."""
        with self._lock:
            self._answered += 1
            self._answers.append((time.monotonic(), age_s))

    def lost(self, count: int) -> None:
        """Note pictures that the middleware says it lost; 0 says that it can tell."""
        with self._lock:
            self._can_tell_losses = True
            self._losses.append((time.monotonic(), count))

    def dropped(self, reason: str, count: int = 1) -> None:
        """Note pictures that nobody worked on."""
        with self._lock:
            self._dropped[reason] += count

    def ignored(self, reason: str, count: int = 1) -> None:
        """Note what was told about pictures and could not be used."""
        with self._lock:
            self._ignored[reason] += count

    def failed(self, error: str) -> None:
        """Note what went wrong with a picture."""
        with self._lock:
            self._last_error = error

    def reset(self) -> None:
        """Forget the times, because the clock jumped; counts go on."""
        with self._lock:
            self._forget_times()

    def snapshot(self) -> Snapshot:
        """Sum up."""
        with self._lock:
            now = time.monotonic()
            recent = [(when, age) for when, age in self._answers if now - when <= WINDOW_S]
            median, high = np.percentile([age for _, age in recent], [50, 95]) * 1e3 if recent else (0.0, 0.0)
            return Snapshot(
                rate_hz=_rate([when for when, _ in recent]),
                age_p50_ms=float(median),
                age_p95_ms=float(high),
                lost_share=self._told_share(now) if self._can_tell_losses else lost_share(list(self._stamps)),
                dropped=dict(self._dropped),
                answered=self._answered,
                last_error=self._last_error,
                ignored=dict(self._ignored),
            )

    def _told_share(self, now: float) -> float:
        arrived, lost = (_recent_sum(counts, now) for counts in (self._arrivals, self._losses))
        return lost / max(1, arrived + lost) if arrived + lost >= FEWEST_GAPS else 0.0

    def _forget_times(self) -> None:
        self._stamps: deque[int] = deque(maxlen=STAMPS_KEPT)
        self._answers: deque[tuple[float, float]] = deque(maxlen=10_000)
        self._arrivals: deque[tuple[float, int]] = deque(maxlen=10_000)
        self._losses: deque[tuple[float, int]] = deque(maxlen=10_000)
        self._last_arrival = 0.0


def lost_share(stamps_ns: list[int]) -> float:
    """Estimate from the stamps that arrived which share of a steady camera's pictures did not.

    A steady source that loses pictures leaves gaps that are multiples of its period. Anything else, such as a camera
    that is triggered by events, counts as nothing lost.
    """
    gaps = np.diff(np.array(stamps_ns, np.float64))
    gaps = gaps[gaps > 0]
    gaps = gaps[gaps < LONGEST_GAP * gaps.min(initial=np.inf)]
    if len(gaps) < FEWEST_GAPS:
        return 0.0
    steps = np.rint(gaps / gaps.min())
    near = steps <= 3  # the shortest gap carries the camera's jitter; the mean of several short ones does not
    period = gaps[near].sum() / steps[near].sum()
    exact = gaps / period
    steps = np.maximum(np.rint(exact), 1)
    if np.mean(np.abs(exact - steps) < 0.25) < 0.8:
        return 0.0
    return float(1 - len(gaps) / steps.sum())


def _recent_sum(counts: "deque[tuple[float, int]]", now: float) -> int:
    return sum(count for when, count in counts if now - when <= WINDOW_S)


def _rate(times: list[float]) -> float:
    if len(times) < 2 or times[-1] == times[0]:
        return 0.0
    return (len(times) - 1) / (times[-1] - times[0])
