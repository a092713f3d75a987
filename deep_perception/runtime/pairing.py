"""Bring frames together with what is told about them: the guide of the same stamp, or the latest one."""

import threading
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

Frame = TypeVar("Frame")
Guide = TypeVar("Guide")

MOST_FRAMES = 64
"""Enough for two seconds of a camera at 30 Hz: who proposes works on a frame while the next ones arrive."""
MOST_BYTES = 256 << 20
MOST_GUIDES = 8


@dataclass(frozen=True)
class Ready(Generic[Frame, Guide]):
    """A frame that may be worked on."""

    frame: Frame
    guide: Guide | None


@dataclass(frozen=True)
class Paired(Generic[Frame, Guide]):
    """What an arrival led to."""

    ready: Ready[Frame, Guide] | None = None
    lonely_frames: int = 0
    """Frames given up: no guide of their stamp came."""
    lonely_guides: int = 0
    """Guides given up: they have the stamp of no frame."""


class Pairing(Protocol[Frame, Guide]):
    """What follows from the arrival of frames and guides; safe to call from several threads."""

    def frame(self, stamp: int, frame: Frame, size: int, *, awaited: bool) -> Paired[Frame, Guide]:
        """Take a frame of so many bytes; `awaited` says whether anybody is there to send guides."""

    def guide(self, stamp: int, guide: Guide) -> Paired[Frame, Guide]:
        """Take a guide."""

    def clear(self) -> None:
        """Forget what waits: time starts again."""


class Latest(Generic[Frame, Guide]):
    """No frame waits: the last guide holds for all frames until the next one."""

    def __init__(self) -> None:
        self._guide: Guide | None = None

    def frame(self, stamp: int, frame: Frame, size: int, *, awaited: bool) -> Paired[Frame, Guide]:
        return Paired(Ready(frame, self._guide))

    def guide(self, stamp: int, guide: Guide) -> Paired[Frame, Guide]:
        self._guide = guide
        return Paired()

    def clear(self) -> None:
        """Keep the guide: it was never about one moment."""


class SameStamp(Generic[Frame, Guide]):
    """Frames wait for the guide of their stamp while somebody is there to send it; both come in the order of stamps."""

    def __init__(self, most_frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES) -> None:
        self._most_frames, self._most_bytes = most_frames, most_bytes
        self._lock = threading.Lock()
        self._frames: dict[int, tuple[Frame, int]] = {}
        self._guides: dict[int, Guide] = {}
        self._newest: int | None = None

    def frame(self, stamp: int, frame: Frame, size: int, *, awaited: bool) -> Paired[Frame, Guide]:
        with self._lock:
            self._newest = stamp if self._newest is None else max(stamp, self._newest)
            guide = self._guides.pop(stamp, None)
            lonely = _drop_before(stamp, self._guides)
            if guide is not None or not awaited:
                return Paired(Ready(frame, guide), _drop_before(stamp, self._frames), lonely)
            self._frames[stamp] = (frame, size)
            return Paired(None, self._make_room(), lonely)

    def guide(self, stamp: int, guide: Guide) -> Paired[Frame, Guide]:
        with self._lock:
            frame, _ = self._frames.pop(stamp, (None, 0))
            lonely = _drop_before(stamp, self._frames)
            if frame is not None:
                return Paired(Ready(frame, guide), lonely)
            if self._newest is not None and stamp <= self._newest:
                return Paired(None, lonely, 1)
            self._guides[stamp] = guide  # its frame may be on the way
            return Paired(None, lonely, _drop_beyond(MOST_GUIDES, self._guides))

    def clear(self) -> None:
        with self._lock:
            self._frames.clear()
            self._guides.clear()
            self._newest = None

    def _make_room(self) -> int:
        """Give the oldest frames up, but never the last; return how many."""
        count = _drop_beyond(self._most_frames, self._frames)
        while len(self._frames) > 1 and sum(size for _, size in self._frames.values()) > self._most_bytes:
            count += _drop_beyond(len(self._frames) - 1, self._frames)
        return count


def _drop_before(stamp: int, waiting: dict[int, Any]) -> int:
    late = [one for one in waiting if one < stamp]
    for one in late:
        del waiting[one]
    return len(late)


def _drop_beyond(most: int, waiting: dict[int, Any]) -> int:
    """Drop those that came first."""
    late = list(waiting)[: max(0, len(waiting) - most)]
    for one in late:
        del waiting[one]
    return len(late)
