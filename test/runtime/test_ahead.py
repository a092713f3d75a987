"""What is read ahead comes in order, takes no more memory than it may, and its errors reach who waits."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from deep_perception.runtime.ahead import Ahead


def test_everything_comes_in_order() -> None:
    with closing(Ahead(iter(range(1000)), lambda item: 1, room=7)) as items:
        assert list(items) == list(range(1000))


def test_no_more_is_fetched_than_there_is_room_for() -> None:
    fetched: list[int] = []

    def source() -> Iterator[int]:
        for item in range(100):
            fetched.append(item)
            yield item

    with closing(Ahead(source(), lambda item: 10, room=35)) as items:
        assert next(items) == 0
        time.sleep(0.05)
        assert len(fetched) <= 1 + 3 + 1, "one is taken, three have room, one waits for it"
        assert list(items) == list(range(1, 100))


def test_what_is_larger_than_the_room_comes_all_the_same() -> None:
    with closing(Ahead(iter([b"x" * 100] * 3), len, room=10)) as items:
        assert len(list(items)) == 3


def test_an_error_comes_after_what_was_read_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with closing(Ahead(source(), lambda item: 1)) as items:
        assert next(items) == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(items)


def test_closing_ends_the_thread_though_nobody_took_everything() -> None:
    before = threading.active_count()
    with closing(Ahead(iter(range(100)), lambda item: 1, room=3)) as items:
        assert next(items) == 0
    assert threading.active_count() == before
