"""The newest frame wins, and sources take turns."""

import threading

from deep_perception.runtime.newest import NewestFrames


def test_a_new_frame_replaces_the_one_that_waits():
    frames = NewestFrames()
    assert not frames.put("camera", 1)
    assert frames.put("camera", 2)
    assert frames.take() == ("camera", 2)


def test_a_fast_source_does_not_starve_a_slow_one():
    frames = NewestFrames()
    frames.put("fast", 1)
    frames.put("slow", 1)
    frames.put("fast", 2)
    assert [frames.take()[0] for _ in range(2)] == ["fast", "slow"]
    frames.put("slow", 2)
    frames.put("fast", 3)
    assert frames.take() == ("slow", 2)


def test_closing_wakes_the_worker_that_waits():
    frames, got = NewestFrames(), []
    worker = threading.Thread(target=lambda: got.append(frames.take()))
    worker.start()
    frames.close()
    worker.join(5)
    assert got == [None]


def test_what_waits_of_one_source_can_be_forgotten():
    frames = NewestFrames()
    frames.put("a", 1)
    frames.put("b", 1)
    assert frames.forget("a")
    assert not frames.forget("a")
    assert frames.take() == ("b", 1)
