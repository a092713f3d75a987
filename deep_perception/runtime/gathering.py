"""Let frames wait for what is told under their stamps on several topics, but only for so long."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Frame = TypeVar("Frame")

MOST_BYTES = 256 << 20
MOST_EARLY = 8
"""Messages of a topic that wait for their frame."""
MOST_GONE = 256
"""Frames that went on without something, which are remembered to tell what came too late."""


@dataclass
class _Waiting(Generic[Frame]):
    stamp: int
    frame: Frame
    size: int
    missing: set[str]
    due: float
    told: dict[str, Any] = field(default_factory=dict)


class Gathering(Generic[Frame]):
    """Gives frames on in the order in which they came, each with what was told of it, to `ready`, which must not block.

    A topic speaks in the order of stamps: what it says of a later frame ends the wait of the earlier ones. Safe to call
    from several threads.
    """

    def __init__(
        self, patience_s: float, ready: Callable[[Frame, Mapping[str, Any]], None], most_bytes: int = MOST_BYTES
    ) -> None:
        self._patience_s, self._ready, self._most_bytes = patience_s, ready, most_bytes
        self._lock = threading.Lock()
        self._waiting: list[_Waiting[Frame]] = []
        self._early: dict[str, dict[int, Any]] = {}
        self._gone: deque[tuple[int, set[str]]] = deque(maxlen=MOST_GONE)
        self._newest = -1

    def frame(self, stamp: int, frame: Frame, size: int, awaited: Collection[str]) -> None:
        """Take a frame of so many bytes; `awaited` are the topics on which somebody speaks."""
        due = time.monotonic() + self._patience_s
        with self._lock:
            one = _Waiting(stamp, frame, size, set(awaited), due)
            for topic, messages in self._early.items():
                if stamp in messages:
                    one.told[topic] = messages[stamp]
                    one.missing.discard(topic)
                self._early[topic] = {early: message for early, message in messages.items() if early > stamp}
            self._waiting.append(one)
            self._newest = max(stamp, self._newest)
            self._let_go()

    def tell(self, topic: str, stamp: int, message: Any) -> bool:
        """Take what is told; return True when its frame has gone on without it."""
        with self._lock:
            for one in self._waiting:
                if one.stamp == stamp:
                    one.told[topic] = message
                if one.stamp <= stamp:
                    one.missing.discard(topic)
            self._let_go()
            if stamp > self._newest:  # its frame may be on the way
                early = self._early.setdefault(topic, {})
                early[stamp] = message
                for old in list(early)[:-MOST_EARLY]:
                    del early[old]
            return any(gone == stamp and topic in missing for gone, missing in self._gone)

    def check(self) -> None:
        """Give on what has waited for long enough."""
        with self._lock:
            self._let_go()

    def clear(self) -> None:
        """Forget what waits: time starts again."""
        with self._lock:
            self._waiting.clear()
            self._early.clear()
            self._gone.clear()
            self._newest = -1

    def _let_go(self) -> None:
        """Give on what is complete, overdue or too much to hold, and all that came before it."""
        now, held, going = time.monotonic(), 0, 0
        for place in reversed(range(len(self._waiting))):
            one = self._waiting[place]
            held += one.size
            if not one.missing or now >= one.due or held > self._most_bytes:
                going = place + 1
                break
        ready, self._waiting = self._waiting[:going], self._waiting[going:]
        for one in ready:
            if one.missing:
                self._gone.append((one.stamp, one.missing))
            self._ready(one.frame, one.told)
