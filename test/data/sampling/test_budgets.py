"""Never over."""

from dataclasses import replace

import numpy as np
import pytest

from deep_perception.data.sampling.budgets import (
    HOUR,
    MINUTE,
    Spending,
    grant,
    most_bytes,
    over_budget,
    too_soon,
)
from deep_perception.data.sampling.look import Look, Room
from deep_perception.data.sampling.settings import SamplingConfig
from deep_perception.predictions import Instances

LOOK = Look(0, np.zeros((10, 10, 3), np.uint8))
PLENTY = Room(stored=0, free=10**15)
SECOND = 1_000_000_000


def fullest(times: list[int], span_ns: int) -> int:
    """How many of these lie in the fullest window of this length."""
    ordered = np.sort(times)
    return int((np.searchsorted(ordered, ordered + span_ns, "left") - np.arange(len(ordered))).max(initial=0))


def kept(arrivals, clock, config, rng, spending) -> list[int]:
    """The true times of what is kept, if `clock` shows the collector something else."""
    times = []
    for now in arrivals:
        spending.tick(clock(now))
        if over_budget(LOOK, spending, PLENTY, config, float(rng.choice([0.0, 0.3, 1.0]))) is None:
            spending.add()
            times.append(int(now))
    return times


def arrivals(rng) -> np.ndarray:
    """Three hours of bursts and pauses."""
    pauses = rng.choice([0.03, 0.5, 5.0, 60.0, 1200.0], 4000, p=[0.6, 0.3, 0.085, 0.01, 0.005])
    return np.cumsum((pauses * rng.uniform(0.5, 1.5, 4000) * SECOND).astype(np.int64))


@pytest.mark.parametrize("seed", range(10))
def test_no_minute_and_no_hour_holds_more_than_granted(seed):
    rng = np.random.default_rng(seed)
    config = SamplingConfig(per_minute=int(rng.integers(1, 40)), per_hour=int(rng.integers(1, 300)))
    times = kept(arrivals(rng), lambda now: int(now), config, rng, Spending())
    assert 0 < fullest(times, MINUTE) <= config.per_minute
    assert 0 < fullest(times, HOUR) <= config.per_hour


@pytest.mark.parametrize("seed", range(10))
def test_nor_where_the_clock_jumps_back(seed):
    rng = np.random.default_rng(seed)
    config = SamplingConfig(per_minute=int(rng.integers(1, 40)), per_hour=int(rng.integers(1, 300)))
    set_back = 0

    def clock(now):
        nonlocal set_back
        if rng.uniform() < 0.05:
            set_back += int(rng.exponential(1000 * SECOND))
        return int(now) - set_back

    times = kept(arrivals(rng), clock, config, rng, Spending())
    assert 0 < fullest(times, MINUTE) <= config.per_minute
    assert 0 < fullest(times, HOUR) <= config.per_hour


def test_after_the_clock_was_set_back_a_day_collecting_goes_on():
    config = SamplingConfig(per_minute=1, per_hour=100)
    day = 24 * HOUR
    spending = Spending()
    spending.tick(day)
    spending.add()
    spending.tick(0)
    assert over_budget(LOOK, spending, PLENTY, config, 1.0)
    spending.tick(MINUTE)
    assert over_budget(LOOK, spending, PLENTY, config, 1.0) is None


def test_what_was_kept_before_a_restart_counts():
    config = SamplingConfig(per_minute=3, per_hour=100)
    spending = Spending([100 * SECOND, 130 * SECOND, 90 * SECOND])
    spending.tick(140 * SECOND)
    assert over_budget(LOOK, spending, PLENTY, config, 1.0).kind == "per minute"
    spending.tick(150 * SECOND)
    assert over_budget(LOOK, spending, PLENTY, config, 1.0) is None


def test_a_window_ends_when_it_is_a_minute_old():
    config = SamplingConfig(per_minute=1)
    spending = Spending()
    spending.add()
    spending.tick(MINUTE - 1)
    assert over_budget(LOOK, spending, PLENTY, config, 1.0).words == "1 kept in a minute already"
    spending.tick(MINUTE)
    assert over_budget(LOOK, spending, PLENTY, config, 1.0) is None


def test_what_matters_gets_all_and_what_does_not_all_but_the_reserve():
    assert [grant(30, 0.5, priority) for priority in (0.0, 0.5, 1.0)] == [15, 23, 30]
    assert grant(1, 0.5, 0.0) == 1
    assert grant(0, 0.0, 1.0) == 0


def test_the_words_say_that_some_is_kept_back():
    spending = Spending()
    for _ in range(2):
        spending.add()
    said = over_budget(LOOK, spending, PLENTY, SamplingConfig(per_minute=4), 0.0).words
    assert said == "2 kept in a minute already (2 are kept for what matters more)"


@pytest.mark.parametrize("seed", range(5))
def test_the_data_set_never_grows_over_its_size_nor_the_disk_below_what_is_to_be_left(seed):
    rng = np.random.default_rng(seed)
    config = SamplingConfig(per_minute=1000, per_hour=1000, max_mb=2.0, leave_free_mb=0.5)
    room = Room(stored=0, free=int(rng.integers(1_000_000, 4_000_000)))
    for _ in range(200):
        look = Look(0, np.zeros((*rng.integers(1, 200, 2), 3), np.uint8))
        if over_budget(look, Spending(), room, config, 1.0) is None:
            size = int(rng.integers(0, most_bytes(look) + 1))
            room = Room(room.stored + size, room.free - size)
        assert room.stored <= 2_000_000 and room.free >= 500_000
    assert room.stored > 0


def test_the_size_and_the_disk_are_named():
    full = over_budget(LOOK, Spending(), Room(10**10, 10**15), SamplingConfig(), 1.0)
    assert (full.kind, full.words) == ("size", "the data set has 10000 MB, at most 10000 are allowed")
    disk = over_budget(LOOK, Spending(), Room(0, 900 * 10**6), SamplingConfig(), 1.0)
    assert (disk.kind, disk.words) == ("disk", "900 MB are free, 1000 are to be left")


def test_room_is_made_for_picture_depth_and_masks():
    masks = np.zeros((4, 10, 10), np.bool_)
    boxes = np.zeros((4, 4), np.float32)
    found = Instances(boxes, np.zeros(4, np.int64), np.ones(4, np.float32), masks)
    assert most_bytes(replace(LOOK, prediction=found)) > most_bytes(LOOK) > 10 * 10 * (3 + 2 + 1)


def test_a_picture_right_after_the_last_is_too_soon():
    assert too_soon(0.1, 0.5).kind == "gap"
    assert too_soon(0.5, 0.5) is None
    assert too_soon(None, 0.5) is None
    assert too_soon(0.0, 0.0) is None
