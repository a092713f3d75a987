"""The time that /clock tells, between its ticks too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class _Tick:
    wall_ns: int
    sim_ns: int
    rate: float


class SimTime:
    """Translates the time of this machine; it runs on after a tick as fast as it came to it."""

    def __init__(self) -> None:
        self._last: _Tick | None = None

    @property
    def known(self) -> bool:
        """Whether there was a tick."""
        return self._last is not None

    def tick(self, wall_ns: int, sim_ns: int) -> None:
        """Hear what /clock said, and when."""
        last, rate = self._last, 0.0
        if last is not None and wall_ns > last.wall_ns and sim_ns > last.sim_ns:  # else it stands, or jumped back
            rate = (sim_ns - last.sim_ns) / (wall_ns - last.wall_ns)
        self._last = _Tick(wall_ns, sim_ns, rate)

    def at(self, wall_ns: int) -> int:
        """Return what time it was then; after the first tick only."""
        assert self._last is not None
        return max(0, self._last.sim_ns + round((wall_ns - self._last.wall_ns) * self._last.rate))
