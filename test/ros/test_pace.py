"""A recording is played as fast as asked for, stands while paused, and no delay adds up."""

import math

from deep_perception.ros.pace import NANOSECONDS, Pace

START_NS = 1_700_000_000 * NANOSECONDS


class Watch:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        return self.seconds


def pace(rate: float = 1.0, *, paused: bool = False) -> tuple[Pace, Watch]:
    watch = Watch()
    return Pace(START_NS, rate, paused=paused, now=watch), watch


def gone(one: Pace) -> float:
    return (one.place_ns - START_NS) / NANOSECONDS


def test_it_runs_as_fast_as_asked_for() -> None:
    one, watch = pace(4.0)
    watch.seconds += 2
    assert gone(one) == 8
    assert one.seconds_until(START_NS + 12 * NANOSECONDS) == 1.0
    assert one.seconds_until(START_NS + 6 * NANOSECONDS) == -0.5, "late"


def test_it_stands_while_paused_and_goes_on_from_there() -> None:
    one, watch = pace(2.0)
    watch.seconds += 1
    one.pause(True)
    watch.seconds += 100
    assert gone(one) == 2
    assert one.seconds_until(START_NS) == math.inf
    one.pause(False)
    watch.seconds += 1
    assert gone(one) == 4


def test_pausing_twice_is_pausing_once() -> None:
    one, watch = pace(paused=True)
    one.pause(True)
    watch.seconds += 5
    one.pause(False)
    one.pause(False)
    watch.seconds += 1
    assert gone(one) == 1


def test_a_jump_leaves_it_paused_or_running() -> None:
    for paused in (True, False):
        one, watch = pace(paused=paused)
        watch.seconds += 7
        one.jump(START_NS + 3 * NANOSECONDS)
        watch.seconds += 1
        assert gone(one) == (3 if paused else 4)


def test_after_hours_and_many_pauses_it_is_still_exact() -> None:
    one, watch = pace(0.3)
    for _ in range(1000):
        watch.seconds += 10
        one.pause(True)
        one.pause(False)
    assert abs(gone(one) - 3000) < 1e-5
