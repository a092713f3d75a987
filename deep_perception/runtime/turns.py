"""One thread works on the newest frame of each source, in turn: two networks at once are slower than one by one."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from deep_perception.runtime.newest import NewestFrames

Source = TypeVar("Source", bound=Hashable)
Frame = TypeVar("Frame")


class Turns(Generic[Source, Frame]):
    """The thread is there while anybody takes part; `failed` gets what the work raises, and then nothing works on."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._frames: NewestFrames[Source, Frame] = NewestFrames()
        self._works: dict[Source, Callable[[Frame], None]] = {}
        self._thread: threading.Thread | None = None
        self._joining = threading.Lock()
        self._changed = threading.Condition()
        self._busy: Source | None = None

    def join(self, source: Source, work: Callable[[Frame], None]) -> None:
        """Let a source take part: `work` gets its frames."""
        with self._joining:
            self._works[source] = work
            if self._thread is None:
                self._frames = NewestFrames()
                thread = threading.Thread(target=self._run, name="perception", daemon=True)
                thread.start()
                self._thread = thread  # only now: Ctrl-C may come in between, and who leaves then must not wait for it

    def leave(self, source: Source) -> None:
        """Forget a source, taking part or not; return when none of its frames is in work."""
        with self._joining:
            with self._changed:
                self._works.pop(source, None)
                self._frames.forget(source)
                self._changed.wait_for(lambda: self._busy is not source)
            if not self._works and self._thread is not None:
                self._frames.close()
                self._thread.join()
                self._thread = None

    def put(self, source: Source, frame: Frame) -> bool:
        """Let the source's newest frame wait; return True when it took the place of one that nobody worked on."""
        return self._frames.put(source, frame)

    def forget(self, source: Source) -> None:
        """Drop the frame of the source that waits."""
        self._frames.forget(source)

    def _run(self) -> None:
        frames = self._frames
        try:
            while (taken := frames.take()) is not None:
                self._turn(*taken)
        except BaseException as err:  # noqa: BLE001  (a thread's traceback alone would leave a node that looks alive)
            self._failed(err)

    def _turn(self, source: Source, frame: Frame) -> None:
        with self._changed:
            work = self._works.get(source)
            if work is None:  # it left after its frame was taken
                return
            self._busy = source
        try:
            work(frame)
        finally:
            with self._changed:
                self._busy = None
                self._changed.notify_all()
