"""Hand the newest frame of each source to a worker; what it has no time for is replaced, never queued."""

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

Source = TypeVar("Source", bound=Hashable)
Frame = TypeVar("Frame")


class NewestFrames(Generic[Source, Frame]):
    """A waiting place for each source. A new frame replaces the one that waits; sources take turns."""

    def __init__(self) -> None:
        self._waiting: dict[Source, Frame] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, source: Source, frame: Frame) -> bool:
        """Let `frame` wait; return True when it took the place of one that nobody worked on."""
        with self._changed:
            # Replacing keeps the place in the line, so that a fast camera cannot starve a slow one.
            replaced = source in self._waiting
            self._waiting[source] = frame
            self._changed.notify()
        return replaced

    def take(self) -> tuple[Source, Frame] | None:
        """Wait for a frame of the source whose turn it is; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            source = next(iter(self._waiting))
            return source, self._waiting.pop(source)

    def forget(self, source: Source) -> bool:
        """Drop what waits of this source; return True when something did."""
        with self._changed:
            return self._waiting.pop(source, None) is not None

    def close(self) -> None:
        """Wake the worker and send it home."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
