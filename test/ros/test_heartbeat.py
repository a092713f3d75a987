"""One thread does for all nodes what is to be done each second, and its mistakes are not lost."""

import threading

import pytest
from robot import wait_until

from deep_perception.ros import heartbeat
from deep_perception.ros.heartbeat import Heartbeat


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(heartbeat, "PERIOD_S", 0.01)


def test_all_are_called_again_and_again_by_one_thread(context, quick):
    called, threads = {"a": 0, "b": 0}, set()

    def call(name):
        called[name] += 1
        threads.add(threading.get_ident())

    beat = Heartbeat(context, pytest.fail)
    calls = [lambda name=name: call(name) for name in called]
    for one in calls:
        beat.add(one)
    wait_until(lambda: min(called.values()) > 3, "some beats")
    assert len(threads) == 1
    for one in calls:
        beat.remove(one)


def test_who_left_is_called_no_more_and_who_comes_again_is(context, quick):
    count = 0

    def call():
        nonlocal count
        count += 1

    beat = Heartbeat(context, pytest.fail)
    for _ in range(2):
        beat.add(call)
        before = count
        wait_until(lambda: count > before, "a beat")  # noqa: B023
        beat.remove(call)
        after = count
        threading.Event().wait(0.05)
        assert count == after


def test_a_mistake_reaches_whoever_ends_the_process(context, quick):
    failures = []
    beat = Heartbeat(context, failures.append)
    beat.add(lambda: 1 / 0)
    wait_until(lambda: failures, "the mistake")
    assert isinstance(failures[0], ZeroDivisionError)
