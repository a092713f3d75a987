"""One thread that does what it is asked to, in order, so that whoever asks need not wait."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from deep_perception.errors import DeepPerceptionError

Result = TypeVar("Result")


class Worker:
    """Refuses what is too much to wait for it; `failed` gets what the work raises, but for what a user can mend."""

    def __init__(self, name: str, most: int, failed: Callable[[BaseException], None]) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._most, self._failed = most, failed
        self._waiting: dict[Future[Any], int] = {}
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """Return the size of all that is not done yet."""
        with self._lock:
            return sum(self._waiting.values())

    def submit(self, work: Callable[[], Result], size: int = 0) -> "Future[Result] | None":
        """Ask for something of this size; None where it would be too much, or after the end."""
        with self._lock:
            if size and self._waiting and sum(self._waiting.values()) + size > self._most:
                return None
            try:
                future = self._thread.submit(self._do, work)
            except RuntimeError:  # closed
                return None
            self._waiting[future] = size
        future.add_done_callback(self._done)
        return future

    def close(self, patience_s: float) -> int:
        """Finish what waits, but begin nothing more after this time; return how many things were left undone."""
        with self._lock:
            waiting = list(self._waiting)
        wait(waiting, patience_s)
        self._thread.shutdown(wait=True, cancel_futures=True)
        return sum(future.cancelled() for future in waiting)

    def _do(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        except DeepPerceptionError:
            raise
        except BaseException as err:
            self._failed(err)
            raise

    def _done(self, future: "Future[Any]") -> None:
        with self._lock:
            self._waiting.pop(future, None)
