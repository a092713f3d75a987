"""What is said is recorded as it was sent, and stays recorded whatever happens to the recorder."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import rclpy
from bags import recorded
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from robot import picture, stamped, wait_until
from rosbags.rosbag2 import Reader
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import String
from vision_msgs.msg import Detection2DArray

from deep_perception.bag_config import RecordConfig
from deep_perception.data.bag_writer import BagWriter
from deep_perception.data.recordings import Recording
from deep_perception.ros.messages import latched, newest_only, reliable
from deep_perception.ros.record import summary
from deep_perception.ros.recorder import Recorder


@pytest.fixture
def node(other_context: rclpy.Context) -> Iterator[Node]:
    node = Node("recorder", context=other_context)
    yield node
    node.destroy_node()


@pytest.fixture
def peer(context: rclpy.Context) -> Iterator[Node]:
    peer = Node("peer", context=context)
    yield peer
    peer.destroy_node()


class Machine:
    """A recorder in a thread."""

    def __init__(self, node: Node, folder: Path, **settings: Any) -> None:
        self.folder, self._stopped = folder, threading.Event()
        self.bag = BagWriter(folder)
        self.recorder = Recorder(node, RecordConfig(**settings), self.bag)
        self._thread = threading.Thread(target=self.recorder.run, args=(self._stopped.is_set,))
        self._thread.start()

    def count(self, topic: str) -> int:
        return self.bag.messages.get(topic, 0)

    def hears(self, topic: str) -> bool:
        return topic in self.recorder._listening

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


@contextmanager
def recording(node: Node, folder: Path, *topics: str, **settings: Any) -> Iterator[Machine]:
    """Record until the end of the `with`, and finish."""
    one = Machine(node, folder, topics=topics, **settings)
    with closing(one.bag):
        try:
            yield one
        finally:
            one.stop()
        one.bag.finish()


def speak(publisher: Any, *messages: Any) -> None:
    """Publish, once somebody listens."""
    wait_until(lambda: publisher.get_subscription_count() > 0, f"a listener to {publisher.topic_name}")
    for message in messages:
        publisher.publish(message if not isinstance(message, str) else String(data=message))


def test_messages_are_kept_byte_by_byte_with_the_time_of_sending_and_of_hearing(node, peer, tmp_path):
    sent = [serialize_message(picture(stamp, height=20, width=30)) for stamp in (1.0, 2.0)]
    publisher = peer.create_publisher(Image, "/camera/image", reliable(10))
    before = peer.get_clock().now().nanoseconds
    with recording(node, tmp_path / "bag", "camera/image") as one:
        speak(publisher, *sent)
        wait_until(lambda: one.count("/camera/image") == 2, "both")
    after = peer.get_clock().now().nanoseconds
    kept = list(Recording(tmp_path / "bag").messages(["/camera/image"]))
    for message, data in zip(kept, sent, strict=True):
        assert bytes(message.data).removesuffix(b"\0\0") == data.removesuffix(b"\0\0"), "but for what DDS fills up"
        assert before < message.published_ns < message.recorded_ns < after


def test_a_topic_that_comes_later_and_types_of_other_packages_are_recorded(node, peer, tmp_path):
    with recording(node, tmp_path / "bag", "/detections", "/never") as one:
        publisher = peer.create_publisher(Detection2DArray, "/detections", reliable(5))
        speak(publisher, stamped(Detection2DArray(), 3.0))
        wait_until(lambda: one.count("/detections") == 1, "detections")
    with Reader(tmp_path / "bag") as reader:
        [connection] = reader.connections
        assert connection.digest == "RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968"
        assert "MSG: geometry_msgs/Quaternion" in connection.msgdef.data
    assert summary(one.recorder, one.bag).splitlines()[1:] == ["nothing was heard on /never"]


@pytest.mark.parametrize("qos", [newest_only(10), reliable(10), latched()], ids=["best_effort", "reliable", "latched"])
def test_every_publisher_is_heard_and_what_it_offers_is_written_down(node, peer, tmp_path, qos: QoSProfile):
    publisher = peer.create_publisher(String, "/talk", qos)
    publisher.publish(String(data="before"))
    before = ["before"] if qos.durability == DurabilityPolicy.TRANSIENT_LOCAL else []
    with recording(node, tmp_path / "bag", "/talk") as one:
        wait_until(lambda: one.count("/talk") == len(before), "what was latched")
        speak(publisher, "hello")
        wait_until(lambda: one.count("/talk") == len(before) + 1, "what was said")
    with Reader(tmp_path / "bag") as reader:
        [offered] = reader.connections[0].ext.offered_qos_profiles
    assert (offered.reliability.name, offered.durability.name) == (qos.reliability.name, qos.durability.name)
    assert [text for _, text, _ in recorded(tmp_path / "bag")] == [*before, "hello"]


def test_a_second_publisher_that_promises_less_is_heard_too(node, peer, tmp_path):
    first = peer.create_publisher(String, "/talk", reliable(10))
    with recording(node, tmp_path / "bag", "/talk") as one:
        speak(first, "first")
        wait_until(lambda: one.count("/talk") == 1, "the first")
        second = peer.create_publisher(String, "/talk", newest_only(10))
        wait_until(
            lambda: one.recorder._listening["/talk"].reliability == ReliabilityPolicy.BEST_EFFORT, "it to listen anew"
        )
        speak(second, "second")
        wait_until(lambda: one.count("/talk") == 2, "the second")
    assert [text for _, text, _ in recorded(tmp_path / "bag")] == ["first", "second"]


def test_all_means_all_that_is_not_hidden(node, peer, tmp_path):
    publishers = [peer.create_publisher(String, topic, reliable(1)) for topic in ("/one", "/far/two", "/far/_three")]
    with recording(node, tmp_path / "bag", all=True) as one:
        wait_until(lambda: one.hears("/one") and one.hears("/far/two"), "both topics")
        speak(publishers[0], "hello")
        wait_until(lambda: one.count("/one") == 1, "the first")
        assert not one.hears("/far/_three")


def test_with_simulated_time_the_clock_dates_everything(node, peer, tmp_path):
    clock, publisher = peer.create_publisher(Clock, "/clock", 1), peer.create_publisher(String, "/talk", latched())
    publisher.publish(String(data="said before there was a time"))
    with recording(node, tmp_path / "bag", "/talk", use_sim_time=True) as one:
        wait_until(lambda: clock.get_subscription_count() > 0, "a listener to /clock")
        assert not one.hears("/talk")
        message = Clock()
        message.clock.sec = 77
        wait_until(lambda: clock.publish(message) or one.count("/talk") == 1, "what was said")
    [message] = Recording(tmp_path / "bag").messages(["/talk"])
    assert (message.recorded_ns, message.published_ns) == (77 * 10**9, 77 * 10**9)


# The program


@contextmanager
def program(*words: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "deep_perception", "record", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_killed_at_any_moment_it_leaves_what_it_had_for_every_reader(peer, tmp_path):
    publisher = peer.create_publisher(String, "/talk", reliable(100))
    bag = tmp_path / "bag"
    with program("/talk", "--out", str(bag)) as process:
        speak(publisher, *(f"number {place}" for place in range(50)))
        wait_until(lambda: bag.exists() and len(recorded(bag)) == 50, "them to be on the disk")
        speak(publisher, "x" * 1000, "y" * 1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [text for _, text, _ in recorded(bag)][:50] == [f"number {place}" for place in range(50)]
    assert len(list(Recording(bag).messages(["/talk"]))) >= 50


def test_ctrl_c_ends_it_with_a_summary_and_an_index(peer, tmp_path):
    publisher = peer.create_publisher(String, "/talk", reliable(10))
    bag = tmp_path / "bag"
    with program("/talk", "-o", str(bag)) as process:
        speak(publisher, "one", "two")
        wait_until(lambda: bag.exists() and len(recorded(bag)) == 2, "them to be on the disk")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert f"topics: 1, messages: 2, seconds: 0.0, lost on the way: 0, folder: {bag}" in errors
    assert "Traceback" not in errors
    assert Recording(bag).damage == ""


def test_a_full_disk_ends_it_with_one_line_and_keeps_what_there_is(peer, tmp_path):
    publisher = peer.create_publisher(String, "/talk", reliable(10))
    bag = tmp_path / "bag"
    code = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sys.argv = ["record", '{{"topics": ["/talk"], "out": "{bag}"}}']
from deep_perception.ros.record import main
sys.exit(main())
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    try:
        speak(publisher, "fits")
        wait_until(lambda: bag.exists() and len(recorded(bag)) == 1, "it to be on the disk")
        speak(publisher, "x" * 200_000)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 1
    [line] = [line for line in errors.splitlines() if "FATAL" in line]
    assert f"the recording {bag} cannot be written: File too large" in line
    assert "Traceback" not in errors
    assert [text for _, text, _ in recorded(bag)] == ["fits"]
