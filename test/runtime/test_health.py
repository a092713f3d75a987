"""What a stream's figures say, and when a loss on the way is told from an unsteady camera."""

import numpy as np
import pytest

from deep_perception.runtime.health import Health, lost_share

PERIOD_NS = 33_333_333


def stamps(count: int, keep: float, jitter_ns: float = 0, seed: int = 0) -> list[int]:
    rng = np.random.default_rng(seed)
    times = np.arange(count) * PERIOD_NS + rng.normal(0, jitter_ns, count)
    return times[rng.random(count) < keep].astype(np.int64).tolist()


@pytest.mark.parametrize("kept", [0.07, 0.1, 0.3, 0.6])
def test_the_share_of_lost_pictures_is_estimated_from_the_stamps_of_the_others(kept):
    estimate = np.median([lost_share(stamps(900, kept, 500_000, seed)) for seed in range(9)])
    assert estimate == pytest.approx(1 - kept, abs=0.08)


def test_a_steady_camera_loses_nothing():
    assert lost_share(stamps(300, 1.0, 1_000_000)) < 0.02


def test_a_slow_steady_camera_loses_nothing():
    assert lost_share(stamps(300, 1.0)[::3]) == 0


def test_a_camera_triggered_by_events_loses_nothing():
    times = np.cumsum(np.random.default_rng(1).exponential(1e9, 200)).astype(np.int64).tolist()
    assert lost_share(times) < 0.5


@pytest.mark.parametrize("few", [[], [5], [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]])
def test_stamps_that_say_nothing_count_as_nothing_lost(few):
    assert lost_share(few) == 0


def test_ages_are_summed_up_as_percentiles():
    health = Health()
    for age in range(101):
        health.answered(age / 1000)
    snapshot = health.snapshot()
    assert snapshot.age_p50_ms == pytest.approx(50)
    assert snapshot.age_p95_ms == pytest.approx(95)
    assert snapshot.answered == 101


def test_stamps_that_go_back_are_noticed_and_the_times_before_forgotten():
    health = Health()
    assert not health.received(10_000_000_000)
    assert not health.received(9_900_000_000), "a little disorder is no new recording"
    health.answered(1.0)
    assert health.received(1_000_000_000)
    assert health.snapshot().age_p50_ms == 0


def test_a_pause_is_no_loss():
    assert lost_share([*stamps(50, 1.0), *(600 * PERIOD_NS + stamp for stamp in stamps(50, 1.0))]) == 0


def test_what_the_middleware_counts_goes_before_the_estimate():
    health = Health()
    health.lost(0)
    for stamp in stamps(100, 0.3):
        health.received(stamp)
    assert health.snapshot().lost_share == 0
    health.lost(300)
    assert health.snapshot().lost_share == pytest.approx(0.9, abs=0.05)


def test_drops_are_counted_by_reason_and_survive_a_reset():
    health = Health()
    health.dropped("too old")
    health.dropped("too old")
    health.reset()
    assert health.snapshot().dropped == {"too old": 2}


def test_what_was_told_about_pictures_and_could_not_be_used_is_no_dropped_picture():
    health = Health()
    health.ignored("boxes outside", 3)
    assert health.snapshot().ignored == {"boxes outside": 3}
    assert health.snapshot().dropped == {}
