"""The collector as a process: it starts, ends, is killed, and loses nothing that it called saved."""

import itertools
import json
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import rclpy
from rclpy.node import Node
from robot import PATIENCE_S, picture, wait_until
from sensor_msgs.msg import Image
from station import EAGER
from std_srvs.srv import Trigger

from deep_perception.data.dataset import Dataset
from deep_perception.data.media import read_image
from deep_perception.data.writer import Writer

KILLS = 5
PERIOD_S = 0.01


@pytest.fixture
def program():
    """Starts collectors; all of them end with the test."""
    started = []
    yield lambda folder, **parameters: started.append(start(folder, **parameters)) or started[-1]
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def start(folder: Path, **parameters: object) -> subprocess.Popen:
    given = {**EAGER, "per_minute": 100_000, "per_hour": 1_000_000, "dataset_dir": str(folder), **parameters}
    words = [word for name, value in given.items() for word in ("-p", f"{name}:={json.dumps(value)}")]
    command = [sys.executable, "-m", "deep_perception.ros.collector_node", "--ros-args", *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def peer(context: rclpy.Context):
    """A camera that never stops."""
    node = Node("peer", context=context)
    publisher, ended = node.create_publisher(Image, "image", 1), threading.Event()

    def expose() -> None:
        for number in itertools.count():
            publisher.publish(picture(1.0 + number / 100))
            if ended.wait(PERIOD_S):
                return

    thread = threading.Thread(target=expose)
    thread.start()
    yield node
    ended.set()
    thread.join()
    node.destroy_node()


def status(peer: Node) -> dict:
    """Ask until somebody answers: one that was killed is believed to be there for a while."""
    client = peer.create_client(Trigger, "collector/status")
    executor = rclpy.executors.SingleThreadedExecutor(context=peer.context)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        answer = client.call_async(Trigger.Request())
        rclpy.spin_until_future_complete(peer, answer, executor, 0.5)
        if answer.done():
            peer.destroy_client(client)
            return json.loads(answer.result().message)
    raise AssertionError(f"no answer in {PATIENCE_S} s")


def saved(peer: Node) -> int:
    return status(peer)["saved"]


def test_a_kill_at_any_moment_loses_nothing_that_was_called_saved(program, peer, tmp_path):
    folder, promised = tmp_path / "collected", {}
    for kill in range(KILLS):
        process = program(folder)
        wait_until(lambda: saved(peer) > 0, "pictures to be saved")
        time.sleep(random.Random(kill).uniform(0, 0.2))
        told = status(peer)
        promised[told["recording"]] = told["saved"]
        process.kill()
        process.communicate()
        assert told["pictures"] >= sum(promised.values()), "the new start goes on with all there was"
    with Writer(folder) as writer:
        kept = [record.recording for record in writer.records.values()]
    assert all(kept.count(recording) >= count for recording, count in promised.items())
    for record in Dataset.open(folder).records:
        assert read_image(folder / record.image).shape == (48, 64, 3)


def test_ctrl_c_finishes_what_has_begun_and_says_what_was_saved(program, peer, tmp_path):
    folder = tmp_path / "collected"
    process = program(folder)
    wait_until(lambda: saved(peer) > 3, "pictures to be saved")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "Failed" not in errors
    count = len(Dataset.open(folder).records)
    assert f"{folder} holds {count} pictures, {count} of them new" in errors


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_very_beginning_and_another_at_the_end_disturb_nothing(program, peer, tmp_path, wish):
    process = program(tmp_path / "collected")
    for line in process.stderr:
        if "collecting into" in line:
            break
    process.send_signal(wish)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    said = [line for line in errors.splitlines() if " holds " not in line and "first picture" not in line]
    assert not said
    assert "new" in errors.splitlines()[-1]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"dataset_dir": "/proc/collected"}, "cannot write to /proc/collected"),
        ({"most_blurr": 1.0}, "unknown parameter 'most_blurr'. Nearest: most_blur"),
        ({"cameras": ["front cam"]}, "cameras: got 'front cam', expected letters"),
    ],
)
def test_at_start_a_mistake_is_one_line_and_exit_code_1(program, parameters, says, tmp_path):
    process = program(tmp_path / "collected", **parameters)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in errors
    [line] = [line for line in errors.splitlines() if "FATAL" in line]
    assert says in line


def test_something_unexpected_ends_the_process_with_a_traceback(peer, tmp_path):
    code = f"""
from deep_perception.ros import collector_node, frame
frame.Frame.image = lambda self: 1 / 0
raise SystemExit(collector_node.main(["--ros-args", "-p", "dataset_dir:={tmp_path / "collected"}"]))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: process.poll() is not None, "the node to end", 60)
    finally:
        process.kill()
    assert "ZeroDivisionError" in process.communicate()[1]
    assert process.returncode != 0
