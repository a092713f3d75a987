"""Ctrl-C and SIGTERM as a wish that is granted between two steps."""

import os
import signal
import threading
import time
from types import FrameType
from typing import Any

WISHES = (signal.SIGINT, signal.SIGTERM)
ONCE_S = 1.0
"""A terminal and torchrun both pass on the same Ctrl-C."""


class Interrupted(Exception):  # noqa: N818 (no error: somebody asked for it)
    """Somebody asked the training to stop; `signal` says how."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Interruption:
    """While entered, remembers the first signal; another one, later on, acts as it always does."""

    def __init__(self) -> None:
        self.signal = 0
        self._asked = 0.0
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
        if not self.signal:
            self.signal, self._asked = number, time.monotonic()
        elif time.monotonic() - self._asked > ONCE_S:
            signal.signal(number, self._usual[signal.Signals(number)])
            os.kill(os.getpid(), number)
