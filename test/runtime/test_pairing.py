"""Frames meet what is told about them; what stays alone is counted."""

import pytest

from deep_perception.runtime.pairing import MOST_GUIDES, Latest, Paired, Ready, SameStamp


@pytest.fixture
def pairing() -> SameStamp:
    return SameStamp(most_frames=3, most_bytes=100)


def awaiting(pairing, *stamps: int, size: int = 1) -> list[Paired]:
    return [pairing.frame(stamp, f"frame {stamp}", size, awaited=True) for stamp in stamps]


def test_a_frame_waits_for_the_guide_of_its_stamp(pairing):
    assert awaiting(pairing, 1, 2) == [Paired(), Paired()]
    assert pairing.guide(1, "guide 1") == Paired(Ready("frame 1", "guide 1"))
    assert pairing.guide(2, "guide 2") == Paired(Ready("frame 2", "guide 2"))


def test_a_guide_that_comes_first_waits_for_its_frame(pairing):
    assert pairing.guide(5, "guide 5") == Paired()
    assert awaiting(pairing, 5) == [Paired(Ready("frame 5", "guide 5"))]


def test_where_nobody_sends_guides_no_frame_waits(pairing):
    assert pairing.frame(1, "frame 1", 1, awaited=False) == Paired(Ready("frame 1", None))


def test_frames_older_than_one_that_goes_are_given_up(pairing):
    awaiting(pairing, 1, 2, 3)
    assert pairing.guide(3, "guide 3") == Paired(Ready("frame 3", "guide 3"), lonely_frames=2)
    assert pairing.guide(1, "guide 1") == Paired(lonely_guides=1)


def test_frames_that_waited_are_given_up_when_the_sender_of_guides_has_gone(pairing):
    awaiting(pairing, 1, 2)
    assert pairing.frame(3, "frame 3", 1, awaited=False) == Paired(Ready("frame 3", None), lonely_frames=2)


def test_a_guide_with_the_stamp_of_no_frame_is_given_up(pairing):
    awaiting(pairing, 10, 30)
    assert pairing.guide(20, "guide 20") == Paired(lonely_frames=1, lonely_guides=1)
    assert pairing.guide(30, "guide 30").ready == Ready("frame 30", "guide 30")


def test_a_guide_whose_frame_never_came_is_given_up_with_the_next_frame(pairing):
    pairing.guide(1, "guide 1")
    assert awaiting(pairing, 2) == [Paired(lonely_guides=1)]


def test_guides_from_the_future_do_not_pile_up(pairing):
    lonely = [pairing.guide(100 + stamp, "guide").lonely_guides for stamp in range(MOST_GUIDES + 2)]
    assert lonely == [0] * MOST_GUIDES + [1, 1]


def test_of_too_many_frames_the_newest_wait(pairing):
    assert [each.lonely_frames for each in awaiting(pairing, 1, 2, 3, 4, 5)] == [0, 0, 0, 1, 1]
    assert pairing.guide(2, "guide 2").lonely_guides == 1
    assert pairing.guide(3, "guide 3").ready == Ready("frame 3", "guide 3")


def test_large_frames_wait_in_smaller_number_but_one_always_does(pairing):
    assert [each.lonely_frames for each in awaiting(pairing, 1, 2, 3, size=60)] == [0, 1, 1]
    assert awaiting(pairing, 4, size=1000)[0].lonely_frames == 1
    assert pairing.guide(4, "guide 4").ready == Ready("frame 4", "guide 4")


def test_after_a_jump_in_time_nothing_waits(pairing):
    awaiting(pairing, 100)
    pairing.guide(200, "guide 200")
    pairing.clear()
    assert awaiting(pairing, 1) == [Paired()]
    assert pairing.guide(1, "guide 1") == Paired(Ready("frame 1", "guide 1"))


def test_the_latest_guide_holds_for_all_frames_until_the_next():
    pairing = Latest()
    assert pairing.frame(1, "one", 1, awaited=True).ready == Ready("one", None)
    assert pairing.guide(99, "red") == Paired()
    assert [pairing.frame(stamp, "next", 1, awaited=True).ready.guide for stamp in (2, 3)] == ["red", "red"]
    pairing.guide(0, "blue")
    pairing.clear()
    assert pairing.frame(4, "next", 1, awaited=False).ready.guide == "blue"
