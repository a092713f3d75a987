"""The last seconds, held ready for a trigger."""

from collections import deque

from deep_perception.data.sampling.look import Look

SECOND = 1_000_000_000


class Ring:
    """Looks of the last seconds, bounded by time, by how many of a second, and by memory."""

    def __init__(self) -> None:
        self._looks: deque[Look] = deque()
        self.nbytes = 0

    def __len__(self) -> int:
        return len(self._looks)

    def add(self, look: Look, *, seconds: float, rate_hz: float, most_bytes: float) -> None:
        """Take a look, unless the last taken is too near in time, and drop what no longer fits; oldest first."""
        if self._looks and look.stamp_ns < self._looks[-1].stamp_ns:
            self.take()  # the clock jumped back: what is held belongs to another time
        # A camera never ticks exactly: a picture that is a little early is not to be passed over for the next.
        if not self._looks or look.stamp_ns - self._looks[-1].stamp_ns >= 0.95 * SECOND / rate_hz:
            self._looks.append(look)
            self.nbytes += look.nbytes
        while self._looks and (self.nbytes > most_bytes or look.stamp_ns - self._looks[0].stamp_ns > seconds * SECOND):
            self.nbytes -= self._looks.popleft().nbytes

    def take(self) -> tuple[Look, ...]:
        """Return what is held, in order of time, and hold nothing any more."""
        held = tuple(self._looks)
        self._looks.clear()
        self.nbytes = 0
        return held
