"""The last seconds, held ready."""

import numpy as np
import pytest

from deep_perception.data.sampling.look import Look
from deep_perception.data.sampling.ring import SECOND, Ring

PICTURE = np.zeros((10, 10, 3), np.uint8)


def look(second: float) -> Look:
    return Look(round(second * SECOND), PICTURE)


def filled(seconds, *, span=5.0, rate_hz=1000.0, most_bytes=1e9) -> Ring:
    ring = Ring()
    for second in seconds:
        ring.add(look(second), seconds=span, rate_hz=rate_hz, most_bytes=most_bytes)
    return ring


def times(ring: Ring) -> list[float]:
    return [one.stamp_ns / SECOND for one in ring.take()]


def test_it_holds_the_last_seconds_in_order():
    assert times(filled(range(10), span=3.0)) == [6, 7, 8, 9]


def test_it_holds_no_more_of_a_second_than_asked():
    assert times(filled(np.arange(0, 2, 0.1), rate_hz=2.0)) == pytest.approx([0, 0.5, 1.0, 1.5])


def test_a_camera_that_ticks_unevenly_is_not_halved():
    rng = np.random.default_rng(0)
    uneven = np.arange(50) / 10 + rng.uniform(-0.002, 0.002, 50)
    assert len(filled(uneven, rate_hz=10.0)) == 50


def test_old_looks_go_even_while_none_is_taken():
    ring = filled([0.0, 10.0], rate_hz=0.01, span=5.0)
    assert times(ring) == []


def test_no_time_holds_nothing_but_the_newest():
    assert times(filled(range(5), span=0.0)) == [4]


@pytest.mark.parametrize("seed", range(5))
def test_it_never_holds_more_memory_than_granted_and_counts_it_right(seed):
    rng = np.random.default_rng(seed)
    ring, second = Ring(), 0.0
    for _ in range(300):
        second += rng.exponential(0.1)
        picture = np.zeros((*rng.integers(1, 30, 2), 3), np.uint8)
        ring.add(Look(round(second * SECOND), picture), seconds=3.0, rate_hz=20.0, most_bytes=5000)
        assert ring.nbytes == sum(one.nbytes for one in ring._looks) <= 5000


def test_where_the_clock_jumps_back_the_time_before_is_forgotten():
    assert times(filled([10, 11, 12, 3, 4])) == [3, 4]


def test_what_is_taken_is_held_no_more():
    ring = filled(range(3))
    assert len(ring.take()) == 3
    assert (len(ring), ring.nbytes, ring.take()) == (0, 0, ())
