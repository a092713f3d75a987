"""Frames go on with what was told under their stamps, in their order, and wait no longer than they should."""

import threading

import pytest

from deep_perception.runtime.gathering import MOST_EARLY, Gathering

BOTH = ("boxes", "depth")
LONG = 3600.0


@pytest.fixture
def gone():
    """What has gone on: frames and what was told of each."""
    return []


@pytest.fixture
def gathering(gone):
    return Gathering(LONG, lambda frame, told: gone.append((frame, dict(told))), most_bytes=100)


def test_a_frame_of_which_nobody_speaks_goes_on_at_once(gathering, gone):
    gathering.frame(1, "a", 10, ())
    assert gone == [("a", {})]


def test_a_frame_waits_for_every_topic_that_is_awaited(gathering, gone):
    gathering.frame(1, "a", 10, BOTH)
    gathering.tell("boxes", 1, "b")
    assert gone == []
    gathering.tell("depth", 1, "d")
    assert gone == [("a", {"boxes": "b", "depth": "d"})]


def test_what_is_told_before_its_frame_comes_waits_for_it(gathering, gone):
    gathering.tell("boxes", 1, "b")
    gathering.frame(1, "a", 10, ("boxes",))
    assert gone == [("a", {"boxes": "b"})]


def test_only_the_exact_stamp_fits(gathering, gone):
    gathering.frame(10, "a", 10, ("boxes",))
    gathering.tell("boxes", 9, "b")
    assert gone == []


def test_a_later_word_on_a_topic_ends_the_wait_of_earlier_frames(gathering, gone):
    gathering.frame(1, "a", 10, ("boxes",))
    gathering.frame(2, "b", 10, ("boxes",))
    gathering.tell("boxes", 2, "of b")
    assert gone == [("a", {}), ("b", {"boxes": "of b"})]


def test_frames_keep_their_order(gathering, gone):
    gathering.frame(1, "a", 10, BOTH)
    gathering.frame(2, "b", 10, ())
    assert [frame for frame, _ in gone] == ["a", "b"]


def test_a_frame_goes_on_without_when_it_has_waited_long_enough(gone):
    gathering = Gathering(0.0, lambda frame, told: gone.append((frame, dict(told))))
    gathering.frame(1, "a", 10, BOTH)
    gathering.check()
    assert gone == [("a", {})]


def test_what_comes_too_late_for_a_frame_is_known_from_what_belongs_to_none(gone):
    gathering = Gathering(0.0, lambda frame, told: gone.append(frame))
    gathering.frame(5, "a", 10, ("boxes",))
    gathering.check()
    assert gathering.tell("boxes", 5, "b")
    assert not gathering.tell("boxes", 4, "of a frame that never came")
    assert not gathering.tell("boxes", 6, "of a frame that may come")


def test_no_more_is_held_than_there_is_memory_for(gathering, gone):
    for stamp in range(1, 12):
        gathering.frame(stamp, stamp, 20, ("boxes",))
    assert [frame for frame, _ in gone] == [1, 2, 3, 4, 5, 6]
    assert [one.frame for one in gathering._waiting] == [7, 8, 9, 10, 11]


def test_early_words_are_forgotten_when_they_become_too_many(gathering, gone):
    for stamp in range(MOST_EARLY + 1):
        gathering.tell("boxes", stamp + 1, stamp)
    gathering.frame(1, "a", 10, ())
    gathering.frame(2, "b", 10, ())
    assert gone == [("a", {}), ("b", {"boxes": 1})]


def test_frames_with_one_and_the_same_stamp_are_all_given_on(gathering, gone):
    gathering.frame(0, "a", 10, ("boxes",))
    gathering.frame(0, "b", 10, ("boxes",))
    gathering.tell("boxes", 0, "both")
    assert gone == [("a", {"boxes": "both"}), ("b", {"boxes": "both"})]


def test_when_time_starts_again_nothing_is_left_of_before(gathering, gone):
    gathering.frame(1000, "a", 10, ("boxes",))
    gathering.tell("depth", 2000, "d")
    gathering.clear()
    gathering.frame(1, "b", 10, ())
    gathering.frame(2000, "c", 10, ())
    assert gone == [("b", {}), ("c", {})]


def test_frames_and_words_may_come_from_different_threads(gone):
    gathering = Gathering(LONG, lambda frame, told: gone.append((frame, dict(told))))
    talker = threading.Thread(target=lambda: [gathering.tell("boxes", stamp, stamp) for stamp in range(500)])
    talker.start()
    for stamp in range(500):
        gathering.frame(stamp, stamp, 1, ("boxes",))
    talker.join()
    gathering.tell("boxes", 1000, None)
    assert [frame for frame, _ in gone] == list(range(500))
    assert all(told in ({}, {"boxes": frame}) for frame, told in gone)
