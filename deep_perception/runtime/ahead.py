"""Read ahead in a thread, so that a slow disk delays nobody."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

ROOM = 64 << 20


class Ahead(Generic[Item]):
    """Iterates over `items`, which a thread of its own fetches while there is `room` for their bytes."""

    def __init__(self, items: Iterator[Item], size: Callable[[Item], int], room: int = ROOM) -> None:
        self._items, self._size, self._room = items, size, room
        self._fetched: deque[Item] = deque()
        self._held = 0
        self._over = False
        self._failure: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        with self._changed:
            self._changed.wait_for(lambda: self._fetched or self._over)
            if self._fetched:
                item = self._fetched.popleft()
                self._held -= self._size(item)
                self._changed.notify_all()
                return item
        if self._failure is not None:
            raise self._failure
        raise StopIteration

    def close(self) -> None:
        """Fetch no more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as err:  # noqa: BLE001  (who iterates gets it)
            self._failure = err
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _put(self, item: Item) -> bool:
        """Keep it once there is room, or at once where nothing else is kept; False when nobody wants it any more."""
        with self._changed:
            fits = lambda: self._over or not self._fetched or self._held + self._size(item) <= self._room  # noqa: E731
            self._changed.wait_for(fits)
            if not self._over:
                self._fetched.append(item)
                self._held += self._size(item)
                self._changed.notify_all()
            return not self._over
