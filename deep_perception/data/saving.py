"""Write to a data set beside everything else, so that nobody waits for the disk."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from deep_perception.data.writer import Writer
from deep_perception.errors import StorageError

Result = TypeVar("Result")

MOST_BYTES = 256 << 20


class Saving:
    """Does what it is asked to in a thread, in order; the writer is its own from now on.

    After a StorageError nothing more is done. `failed` gets what else the work raises.
    """

    def __init__(self, writer: Writer, failed: Callable[[BaseException], None], most_bytes: int = MOST_BYTES) -> None:
        self._writer, self._failed, self._most_bytes = writer, failed, most_bytes
        self._thread = ThreadPoolExecutor(1, "saving")
        self._lock = threading.Lock()
        self._waiting: dict[Future[Any], int] = {}
        self.failure: StorageError | None = None

    def submit(self, work: Callable[[Writer], Result], size: int = 0) -> "Future[Result] | None":
        """Ask for something that holds so many bytes until it is done; None where too much waits already."""
        with self._lock:
            if self._waiting and sum(self._waiting.values()) + size > self._most_bytes:
                return None
            future = self._thread.submit(self._do, work)
            self._waiting[future] = size
        future.add_done_callback(self._done)
        return future

    def close(self, patience_s: float) -> int:
        """Finish what waits, but not for longer than this; return how many things were left undone."""
        with self._lock:
            waiting = list(self._waiting)
        wait(waiting, patience_s)
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._writer.close()
        return sum(future.cancelled() for future in waiting)

    def _do(self, work: Callable[[Writer], Result]) -> Result:
        if self.failure is not None:
            raise self.failure
        try:
            return work(self._writer)
        except StorageError as err:
            self.failure = err
            raise
        except BaseException as err:
            self._failed(err)
            raise

    def _done(self, future: "Future[Any]") -> None:
        with self._lock:
            self._waiting.pop(future, None)
