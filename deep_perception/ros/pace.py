"""How far a recording has been played: faster or slower than life, and not at all while paused."""

import math
import threading
import time
from collections.abc import Callable

NANOSECONDS = 1_000_000_000


class Pace:
    """Runs against a clock that nobody sets, so that no delay adds up. Safe to call from several threads."""

    def __init__(self, start_ns: int, rate: float, *, paused: bool, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._rate = now, rate
        self._place_ns, self._since = start_ns, now()
        """Where it was when it was paused or resumed last, and when that was."""
        self.paused = paused
        self.changed = threading.Condition()

    @property
    def place_ns(self) -> int:
        """Where it is, in the recording's time."""
        with self.changed:
            return self._at(self._now())

    def jump(self, place_ns: int) -> None:
        """Be there now."""
        with self.changed:
            self._place_ns, self._since = place_ns, self._now()
            self.changed.notify_all()

    def pause(self, paused: bool) -> None:
        """Stand, or go on."""
        with self.changed:
            now = self._now()
            self._place_ns, self._since, self.paused = self._at(now), now, paused
            self.changed.notify_all()

    def seconds_until(self, place_ns: int) -> float:
        """Return how long it takes from now; negative: it was to be then, infinite: it is paused."""
        with self.changed:
            if self.paused:
                return math.inf
            return (place_ns - self._place_ns) / NANOSECONDS / self._rate - (self._now() - self._since)

    def _at(self, now: float) -> int:
        gone = 0.0 if self.paused else (now - self._since) * self._rate
        return self._place_ns + round(gone * NANOSECONDS)
