"""What was recorded is heard again, over real DDS."""

import os
import pty
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import rclpy
from bags import START_NS, make_bag, offer, texts
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from robot import Spinning, wait_until
from rosbags.rosbag2 import StoragePlugin, Writer
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from std_srvs.srv import SetBool

from deep_perception.bag_config import PlayConfig
from deep_perception.data.recordings import Recording
from deep_perception.errors import InputError
from deep_perception.ros.messages import latched, reliable
from deep_perception.ros.player import Player

TALK = [("/talk", f"number {place}", 20 * place) for place in range(6)]
NUMBERS = [text for _, text, _ in TALK]


class Ears:
    """A node that listens."""

    def __init__(self, context: rclpy.Context) -> None:
        self.node = Node("ears", context=context)
        self._spinning = Spinning(SingleThreadedExecutor(context=context), self.node)

    def hear(self, topic: str, kind: type = String, qos: QoSProfile | None = None) -> list[Any]:
        heard: list[Any] = []
        self.node.create_subscription(kind, topic, heard.append, qos or reliable(100))
        return heard

    def close(self) -> None:
        self._spinning.stop()
        self.node.destroy_node()


@pytest.fixture
def ears(context: rclpy.Context) -> Iterator[Ears]:
    ears = Ears(context)
    yield ears
    ears.close()


@pytest.fixture
def node(other_context: rclpy.Context) -> Iterator[Node]:
    node = Node("player", context=other_context)
    yield node
    node.destroy_node()


@contextmanager
def playing(node: Node, bag: Path, **settings: Any) -> Iterator[Player]:
    """Play in a thread; at the end it is stopped."""
    stopped = threading.Event()
    player = Player(node, Recording(bag), PlayConfig(**{"delay": 0.0, **settings}), stopped)
    thread = threading.Thread(target=player.run)
    thread.start()
    try:
        yield player
    finally:
        stopped.set()
        thread.join()


def go(player: Player) -> None:
    """Resume a player, once its topic is listened to."""
    wait_until(lambda: player._publishers["/talk"].get_subscription_count() > 0, "our ears")
    player.pause(False)


def test_everything_is_heard_once_and_in_order(node, ears, tmp_path):
    heard = ears.hear("/talk")
    with playing(node, make_bag(tmp_path / "talk", TALK), paused=True) as player:
        go(player)
        wait_until(lambda: len(heard) == 6, "all that was recorded")
    assert texts(heard) == NUMBERS
    assert player.sent == 6


def test_a_loop_says_it_all_again_and_the_clock_jumps_back(node, ears, tmp_path):
    heard, times = ears.hear("/talk"), ears.hear("/clock", Clock)
    told = lambda: [one.clock.sec * 10**9 + one.clock.nanosec for one in times]  # noqa: E731
    jumps = lambda: sum(later < earlier for earlier, later in pairwise(told()))  # noqa: E731
    with playing(node, make_bag(tmp_path / "talk", TALK), paused=True, loop=True, clock=200.0) as player:
        go(player)
        wait_until(lambda: texts(heard).count("number 5") >= 3 and jumps() >= 2, "three passes and two jumps")
    assert min(told()) >= START_NS


def test_the_clock_stands_at_the_start_while_paused(node, ears, tmp_path):
    heard, times = ears.hear("/talk"), ears.hear("/clock", Clock)
    with playing(node, make_bag(tmp_path / "talk", TALK), paused=True, clock=50.0) as player:
        wait_until(lambda: len(times) > 5, "the clock")
        assert {one.clock.sec * 10**9 + one.clock.nanosec for one in times} == {START_NS}
        assert heard == []
        go(player)
        wait_until(lambda: len(heard) == 6, "all that was recorded")


def test_it_waits_for_who_is_to_answer_while_the_clock_stands(node, ears, tmp_path):
    heard, times = ears.hear("/talk"), ears.hear("/clock", Clock)
    with playing(node, make_bag(tmp_path / "talk", TALK), wait_for=("/answers",), clock=50.0, loop=True):
        wait_until(lambda: len(times) > 20, "the clock")
        assert {one.clock.sec * 10**9 + one.clock.nanosec for one in times} == {START_NS}
        assert heard == []
        ears.node.create_publisher(String, "/answers", 1)
        wait_until(lambda: len(heard) > 0, "what was recorded")


def test_qos_is_as_recorded(node, tmp_path):
    offers = {
        "/sensor": [offer("BEST_EFFORT")],
        "/both": [offer("BEST_EFFORT"), offer("RELIABLE")],
        "/map": [offer(durability="TRANSIENT_LOCAL")],
        "/unknown": [],
    }
    bag = make_bag(tmp_path / "talk", [(topic, "x", place) for place, topic in enumerate(offers)], offers.__getitem__)
    with playing(node, bag, paused=True) as player:
        qos = {topic: publisher.qos_profile for topic, publisher in player._publishers.items()}
    reliability = {topic: one.reliability for topic, one in qos.items()}
    assert reliability.pop("/sensor") == ReliabilityPolicy.BEST_EFFORT
    assert set(reliability.values()) == {ReliabilityPolicy.RELIABLE}
    assert [topic for topic, one in qos.items() if one.durability == DurabilityPolicy.TRANSIENT_LOCAL] == ["/map"]


def test_who_comes_late_hears_what_was_latched_by_all_who_said_it(node, ears, tmp_path):
    said = [("/static", f"frame {place}", 0) for place in range(30)] + [("/talk", "hello", 10_000)]
    bag = make_bag(tmp_path / "talk", said, lambda topic: [offer(durability="TRANSIENT_LOCAL")])
    with playing(node, bag) as player:
        wait_until(lambda: player.sent == 30, "the frames to be told")
        qos = latched()
        qos.depth = 100
        heard = ears.hear("/static", qos=qos)
        wait_until(lambda: len(heard) == 30, "all the frames")
    assert texts(heard) == [f"frame {place}" for place in range(30)]


def test_a_type_that_is_not_installed_is_skipped_and_alone_refused(node, tmp_path):
    for name, topics in (("both", ["/talk", "/strange"]), ("strange", ["/strange"])):
        with Writer(tmp_path / name, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
            for topic in topics:
                kind = "std_msgs/msg/String" if topic == "/talk" else "nowhere_msgs/msg/Strange"
                one = writer.add_connection(topic, kind, msgdef="string data", rihs01="RIHS01_0")
                writer.write(one, START_NS, b"\0\1\0\0\2\0\0\0x\0\0\0")
    with playing(node, tmp_path / "both", paused=True) as player:
        assert list(player._publishers) == ["/talk"]
    with pytest.raises(InputError, match="nothing to play, no type of its topics is installed"):
        Player(node, Recording(tmp_path / "strange"), PlayConfig(), threading.Event())


@contextmanager
def at_a_terminal(*words: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run the program as somebody does who sits at a terminal; yield it and what he types into."""
    ours, its = pty.openpty()

    def take() -> None:
        os.setsid()
        ioctl(its, termios.TIOCSCTTY, 0)

    command = [sys.executable, "-m", "deep_perception", "play", *words]
    process = subprocess.Popen(command, stdin=its, stderr=subprocess.PIPE, text=True, preexec_fn=take)
    os.close(its)
    try:
        yield process, ours
    finally:
        process.kill()
        process.communicate()
        os.close(ours)


def test_the_program_obeys_space_bar_service_and_ctrl_c(ears, tmp_path):
    bag = make_bag(tmp_path / "talk", TALK)
    heard = ears.hear("/sub/speech")
    words = (str(bag), "--paused", "--loop", "--delay", "0", "--remap", "/talk:=/sub/speech")
    with at_a_terminal(*words) as (process, keys):
        for line in process.stderr:
            if "paused" in line:
                break
        assert "paused; the space bar pauses and resumes" in line
        client = ears.node.create_client(SetBool, "/player/pause")
        assert client.wait_for_service(20)
        assert not heard
        os.write(keys, b" ")
        wait_until(lambda: len(heard) > 3, "speech")
        answer = client.call_async(SetBool.Request(data=True))
        wait_until(answer.done, "an answer")
        assert answer.result().success
        count = len(heard)
        wait_until(lambda: len(heard) > count + 1, "what must not come", 0.5, strict=False)
        assert len(heard) <= count + 1, "one may have been on its way"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "messages sent, at worst" in errors
    assert "Traceback" not in errors
