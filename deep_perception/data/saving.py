"""Write to a data set beside everything else, so that nobody waits for the disk."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from deep_perception.data.writer import Writer
from deep_perception.errors import StorageError
from deep_perception.runtime.worker import Worker

Result = TypeVar("Result")

MOST_BYTES = 256 << 20
"""May wait for the disk."""


class Saving:
    """Works with the writer in a thread, in order; the writer is its own from now on."""

    failure: StorageError | None = None
    """Why nothing is written any more."""

    def __init__(self, writer: Writer, failed: Callable[[BaseException], None]) -> None:
        self._writer = writer
        self._worker = Worker("saving", MOST_BYTES, failed)

    @property
    def waiting(self) -> int:
        """Return how many bytes wait for the disk."""
        return self._worker.waiting

    def submit(self, work: Callable[[Writer], Result], size: int = 0) -> "Future[Result] | None":
        """Ask for something that holds so many bytes; None where too much waits already."""
        return self._worker.submit(lambda: self._do(work), size)

    def fail(self, failure: StorageError) -> None:
        """Write nothing more."""
        self.failure = self.failure or failure

    def close(self, patience_s: float) -> int:
        """Finish what waits, but not for much longer than this; return how many things were left undone."""
        try:
            return self._worker.close(patience_s)
        finally:
            self._writer.close()

    def _do(self, work: Callable[[Writer], Result]) -> Result:
        if self.failure is not None:
            raise self.failure
        try:
            return work(self._writer)
        except StorageError as err:
            self.fail(err)
            raise
