"""What is to be done each second, by one thread for all nodes of a process.

A timer of rclpy wakes an executor, which then asks every entity of every node several times whether it is ready. With
six nodes in a process six timers took a whole core, and the interpreter's lock from the thread that calls the models.
"""

import threading
from collections.abc import Callable

from rclpy.context import Context

PERIOD_S = 1.0


class Heartbeat:
    """The thread is there while anybody takes part; `failed` gets what a call raises, and then nothing beats on."""

    def __init__(self, context: Context, failed: Callable[[BaseException], None]) -> None:
        self._context, self._failed = context, failed
        self._calls: tuple[Callable[[], None], ...] = ()
        self._beating = threading.Lock()
        self._still = threading.Event()

    def add(self, call: Callable[[], None]) -> None:
        """Make one more call each second."""
        with self._beating:
            self._calls += (call,)
            if len(self._calls) == 1:
                self._still = threading.Event()
                threading.Thread(target=self._run, args=(self._still,), name="heartbeat", daemon=True).start()

    def remove(self, call: Callable[[], None]) -> None:
        """Make one call less; none of it is under way after this returns."""
        with self._beating:
            self._calls = tuple(one for one in self._calls if one != call)
            if not self._calls:
                self._still.set()

    def _run(self, still: threading.Event) -> None:
        try:
            while not still.wait(PERIOD_S):
                self._beat()
        except BaseException as err:  # noqa: BLE001  (a thread has nobody to raise it to)
            if self._context.ok():  # else the process is ending, and what was to be told has nowhere to go
                self._failed(err)

    def _beat(self) -> None:
        with self._beating:
            for call in self._calls:
                if self._context.ok():
                    call()
