"""The time of /clock is told to the message, not to the tick."""

from deep_perception.ros.sim_time import SimTime

SECOND = 1_000_000_000


def test_nothing_is_known_before_the_first_tick() -> None:
    time = SimTime()
    assert not time.known
    time.tick(500 * SECOND, 7 * SECOND)
    assert time.known
    assert time.at(501 * SECOND) == 7 * SECOND, "one tick does not tell how fast it runs"


def test_between_ticks_it_runs_as_fast_as_before() -> None:
    time = SimTime()
    time.tick(500 * SECOND, 7 * SECOND)
    time.tick(501 * SECOND, 9 * SECOND)
    assert time.at(501 * SECOND + SECOND // 4) == 9 * SECOND + SECOND // 2
    assert time.at(501 * SECOND - SECOND // 4) == 8 * SECOND + SECOND // 2, "sent before the tick, heard after it"


def test_it_stands_with_the_clock_and_jumps_back_with_it() -> None:
    time = SimTime()
    for wall, sim in ((500, 7), (501, 8), (502, 8)):
        time.tick(wall * SECOND, sim * SECOND)
    assert time.at(600 * SECOND) == 8 * SECOND
    time.tick(601 * SECOND, 3 * SECOND)
    assert time.at(601 * SECOND + 5) == 3 * SECOND
    time.tick(602 * SECOND, 4 * SECOND)
    assert time.at(603 * SECOND) == 5 * SECOND
