"""One thread works for all, each in turn, always on the newest."""

import queue
import threading

import pytest

from deep_perception.runtime.turns import Turns


class Bench:
    """Turns whose work can be held up, and what was done."""

    def __init__(self) -> None:
        self.failures: queue.Queue[BaseException] = queue.Queue()
        self.turns: Turns[str, int] = Turns(self.failures.put)
        self.done: list[tuple[str, int]] = []
        self.threads: set[threading.Thread] = set()
        self.changed = threading.Condition()
        self.began, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def join(self, *sources: str) -> None:
        for source in sources:
            self.turns.join(source, lambda frame, source=source: self.work(source, frame))

    def work(self, source: str, frame: int) -> None:
        self.began.set()
        assert self.go_on.wait(20)
        with self.changed:
            self.threads.add(threading.current_thread())
            self.done.append((source, frame))
            self.changed.notify_all()

    def hold(self) -> None:
        """Let work that begins from now on wait."""
        self.began.clear()
        self.go_on.clear()

    def until(self, count: int) -> list[tuple[str, int]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.done) >= count, 20)
            return list(self.done)


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.go_on.set()
    for source in ("a", "b", "c"):
        bench.turns.leave(source)


def test_all_sources_have_their_turn_and_each_its_newest_frame(bench):
    bench.join("a", "b", "c")
    bench.hold()
    bench.turns.put("a", 1)
    assert bench.began.wait(20)
    assert [bench.turns.put(source, frame) for frame in (2, 3) for source in "abc"] == [False] * 3 + [True] * 3
    bench.go_on.set()
    assert bench.until(4) == [("a", 1), ("a", 3), ("b", 3), ("c", 3)]


def test_there_is_one_thread_for_all_and_none_when_all_have_left(bench):
    before = threading.active_count()
    bench.join("a", "b")
    for number, source in enumerate("abab", 1):
        bench.turns.put(source, number)
        bench.until(number)
    assert threading.active_count() == before + 1
    assert len(bench.threads) == 1
    bench.turns.leave("a")
    bench.turns.put("b", 9)
    bench.until(5)
    bench.turns.leave("b")
    assert threading.active_count() == before


def test_who_leaves_waits_for_his_own_work_and_for_no_other(bench):
    bench.join("a", "b")
    bench.hold()
    bench.turns.put("a", 1)
    assert bench.began.wait(20)
    bench.turns.put("a", 2)
    bench.turns.leave("b")  # at once, though a is at work
    leaving = threading.Thread(target=lambda: bench.turns.leave("a"))
    leaving.start()
    leaving.join(0.1)
    assert leaving.is_alive()
    bench.go_on.set()
    leaving.join(20)
    assert not leaving.is_alive()
    assert bench.done == [("a", 1)], "what waited is forgotten"


def test_nothing_is_done_for_one_who_does_not_take_part(bench):
    bench.join("a")
    bench.turns.put("b", 1)
    bench.turns.put("a", 2)
    assert bench.until(1) == [("a", 2)]


def test_what_waits_can_be_forgotten(bench):
    bench.join("a", "b")
    bench.hold()
    bench.turns.put("a", 1)
    assert bench.began.wait(20)
    bench.turns.put("a", 2)
    bench.turns.put("b", 3)
    bench.turns.forget("a")
    bench.go_on.set()
    assert bench.until(2) == [("a", 1), ("b", 3)]


def test_what_the_work_raises_is_handed_over_and_everybody_may_still_leave(bench):
    bench.turns.join("a", lambda frame: 1 / 0)
    bench.join("b")
    bench.turns.put("a", 1)
    assert isinstance(bench.failures.get(timeout=20), ZeroDivisionError)
    bench.turns.leave("a")
    bench.turns.leave("b")


def test_who_comes_after_all_have_left_finds_a_worker(bench):
    bench.join("a")
    bench.turns.leave("a")
    bench.join("a")
    bench.turns.put("a", 7)
    assert bench.until(1) == [("a", 7)]
