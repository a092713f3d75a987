"""A worker does one thing after the other, refuses what is too much, and finishes before it ends."""

import threading

import pytest

from deep_perception.errors import InputError
from deep_perception.runtime.worker import Worker


@pytest.fixture
def failures():
    """What the work raised."""
    return []


@pytest.fixture
def worker(failures):
    worker = Worker("test", 10, failures.append)
    yield worker
    worker.close(10)


@pytest.fixture
def gate(worker):
    """Work waits behind this until it is set."""
    gate = threading.Event()
    worker.submit(lambda: gate.wait(20))
    yield gate
    gate.set()


def test_work_is_done_in_order_in_a_thread_of_its_own(worker):
    done = []
    for number in range(5):
        last = worker.submit(lambda number=number: done.append((number, threading.current_thread().name)) or number)
    assert last.result(10) == 4
    assert [number for number, _ in done] == [0, 1, 2, 3, 4]
    assert {name for _, name in done} == {"test_0"}


def test_what_is_too_much_to_wait_is_refused_and_what_has_no_size_never_is(worker, gate):
    assert worker.submit(int, 6) is not None
    assert worker.submit(int, 5) is None
    assert worker.submit(int, 4) is not None
    assert worker.waiting == 10
    assert worker.submit(int) is not None
    gate.set()
    worker.submit(int).result(10)
    assert worker.submit(int, 10) is not None


def test_one_thing_may_be_larger_than_all_that_may_wait(worker):
    assert worker.submit(int, 1000).result(10) == 0


def test_what_has_begun_is_finished_and_what_there_is_no_time_for_is_counted(worker, gate):
    done = []
    for _ in range(3):
        worker.submit(lambda: done.append(True))
    opening = threading.Timer(0.2, gate.set)
    opening.start()
    assert worker.close(0.0) == 3
    assert done == []
    assert worker.submit(int) is None


def test_the_unexpected_is_handed_over_and_a_mistake_of_the_user_is_for_who_asked(worker, failures):
    def mistaken() -> None:
        raise InputError("no picture")

    assert isinstance(worker.submit(mistaken).exception(10), InputError)
    assert failures == []
    assert isinstance(worker.submit(lambda: 1 / 0).exception(10), ZeroDivisionError)
    assert isinstance(failures[0], ZeroDivisionError)
