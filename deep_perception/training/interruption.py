"""Ctrl-C and SIGTERM as a wish that is granted between two steps."""

import signal
import threading
from types import FrameType
from typing import Any

WISHES = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):  # noqa: N818 (no error: somebody asked for it)
    """Somebody asked the training to stop; `signal` says how."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Interruption:
    """While entered, remembers the first signal; a second one of the same kind acts as it always does."""

    def __init__(self) -> None:
        self.signal = 0
        self._usual: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            self._usual = {wish: signal.signal(wish, self._remember) for wish in WISHES}
        return self

    def __exit__(self, *_: object) -> None:
        for wish, usual in self._usual.items():
            signal.signal(wish, usual)

    def check(self) -> None:
        """Raise Interrupted if somebody asked."""
        if self.signal:
            raise Interrupted(self.signal)

    def _remember(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        signal.signal(number, self._usual[signal.Signals(number)])
