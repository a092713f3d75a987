"""Which messages of a recording are played, and when."""

from contextlib import closing
from itertools import islice

import pytest

from deep_perception.bag_config import PlayConfig
from deep_perception.data.bag_writer import BagWriter, Kind
from deep_perception.data.passes import GAP_NS, SECOND, passes
from deep_perception.data.recordings import Recording

START_NS = 100 * SECOND


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A map is told once; the camera speaks every second, the radar in between."""
    folder = tmp_path_factory.mktemp("bags") / "drive"
    with closing(BagWriter(folder)) as bag:
        for topic in ("/map", "/camera", "/radar"):
            bag.add(topic, Kind("std_msgs/msg/String", "string data", ""), "[]")
        bag.write("/map", b"map", START_NS, START_NS)
        for second in range(4):
            for topic, later_ns in (("/camera", 0), ("/radar", SECOND // 2)):
                when = START_NS + second * SECOND + later_ns
                bag.write(topic, f"{topic[1]}{second}".encode(), when, when)
        bag.finish()
    return Recording(folder)


def played(recording: Recording, *topics: str, latched: tuple[str, ...] = (), most: int = 20, **settings: object):
    topics = topics or ("/map", "/camera", "/radar")
    found = islice(passes(recording, topics, latched, PlayConfig(**settings)), most)
    return [(bytes(one.message.data).decode(), (one.place_ns - START_NS) / SECOND) for one in found]


def test_everything_is_played_once_in_the_order_of_recording(recording: Recording) -> None:
    assert played(recording) == [
        *(("map", 0), ("c0", 0), ("r0", 0.5), ("c1", 1), ("r1", 1.5)),
        *(("c2", 2), ("r2", 2.5), ("c3", 3), ("r3", 3.5)),
    ]


def test_only_the_topics_that_were_asked_for_are_played(recording: Recording) -> None:
    assert played(recording, "/radar") == [("r0", 0.5), ("r1", 1.5), ("r2", 2.5), ("r3", 3.5)]


def test_start_and_duration_cut_a_piece_out(recording: Recording) -> None:
    assert played(recording, "/camera", start=1.0, duration=2.0) == [("c1", 1), ("c2", 2)]


def test_what_was_latched_before_the_start_is_told_at_the_start(recording: Recording) -> None:
    assert played(recording, start=3.0, latched=("/map",)) == [("map", 3), ("c3", 3), ("r3", 3.5)]


def test_a_loop_goes_on_in_time_and_says_everything_again(recording: Recording) -> None:
    gap = GAP_NS / SECOND
    assert played(recording, "/camera", loop=True, most=6) == [
        *(("c0", 0), ("c1", 1), ("c2", 2), ("c3", 3)),
        *(("c0", 3 + gap), ("c1", 4 + gap)),
    ]
    again = islice(passes(recording, ("/camera",), (), PlayConfig(loop=True)), 4, 5)
    assert [one.place_ns - one.earlier_ns for one in again] == [START_NS], "which is what /clock tells"


def test_a_loop_over_nothing_ends(recording: Recording) -> None:
    assert played(recording, "/map", start=1.0, loop=True) == []
