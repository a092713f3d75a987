"""The launch file that plays, answers, records and scores, run by the real launch system with a real node."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer

from deep_perception.data.recordings import Recording
from deep_perception.data.vision_messages import types

ROOT = Path(__file__).parents[1]
LAUNCH_FILE = ROOT / "launch" / "evaluate_live.launch.py"
START_S = 1_700_000_000
FRAMES = 12
STARTER = """#!{python}
import sys
sys.path.insert(0, {root!r})
from deep_perception.ros.perception_node import main
sys.exit(main())
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Run `ros2 launch` with these arguments."""
    for module in ("launch.actions", "launch_ros.actions", "ros2launch.api"):
        pytest.importorskip(module, reason=f"{module} cannot be imported: it comes with an installed ROS 2")
    prefix = tmp_path / "install"
    (prefix / "share" / "ament_index" / "resource_index" / "packages").mkdir(parents=True)
    (prefix / "share" / "ament_index" / "resource_index" / "packages" / "deep_perception").touch()
    node = prefix / "lib" / "deep_perception" / "perception_node"
    node.parent.mkdir(parents=True)
    node.write_text(STARTER.format(python=sys.executable, root=str(ROOT)))
    node.chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(prefix), prepend=":")
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=":")
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    running: list[subprocess.Popen[str]] = []

    def run(**arguments: str) -> "subprocess.Popen[str]":
        command = ["ros2", "launch", str(LAUNCH_FILE), *(f"{name}:={text}" for name, text in arguments.items())]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        running.append(subprocess.Popen(command, cwd=tmp_path, start_new_session=True, **pipes))
        return running[-1]

    yield run
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """A camera with noise and the class of each picture, which somebody knew."""
    store = types()
    kinds = {"/camera/compressed": "sensor_msgs/msg/CompressedImage", "/truth": "vision_msgs/msg/Classification"}
    made = lambda name, *fields: store.types[name](*fields)  # noqa: E731
    rng = np.random.default_rng(0)
    with Writer(tmp_path / "drive", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        topics = {topic: writer.add_connection(topic, kind, typestore=store) for topic, kind in kinds.items()}
        for place in range(FRAMES):
            stamp = made("builtin_interfaces/msg/Time", START_S, place * 100_000_000)
            header = made("std_msgs/msg/Header", stamp, "camera")
            jpeg = cv2.imencode(".jpg", rng.integers(0, 256, (32, 32, 3), np.uint8))[1].reshape(-1)
            tag = made("vision_msgs/msg/ObjectHypothesis", "3", 1.0)
            for topic, fields in (("/camera/compressed", ("jpeg", jpeg)), ("/truth", ([tag],))):
                data = store.serialize_cdr(made(kinds[topic], header, *fields), kinds[topic])
                writer.write(topics[topic], START_S * 10**9 + place * 100_000_000, data)
    return tmp_path / "drive"


@pytest.mark.slow
def test_the_model_is_scored_as_it_ran(start: Start, bag: Path, tmp_path: Path) -> None:
    given = {"model": "lenet5", "weights": "none", "device": "cpu", "topic": "classification", "truth": "/truth"}
    process = start(bag=str(bag), out=str(tmp_path / "live"), **given)
    said, _ = process.communicate(timeout=400)
    assert process.returncode == 0, said
    recorded = Recording(tmp_path / "live" / "recording")
    counts = {topic.name: topic.count for topic in recorded.topics}
    assert counts["/camera/compressed"] == counts["/truth"] == FRAMES, "nothing got lost between player and recorder"
    result = json.loads((tmp_path / "live" / "report" / "result.json").read_text())
    assert result["task"] == "classification"
    assert result["live"]["answered"] == counts["/classification"] > 0
    assert 0 < result["live"]["age_ms"]["p50"] < 60_000, "in the recording's time, which is years ago"
    assert (tmp_path / "live" / "report" / "report.html").exists()


@pytest.mark.slow
def test_ctrl_c_ends_everything_and_keeps_what_was_recorded(start: Start, bag: Path, tmp_path: Path) -> None:
    given = {"model": "lenet5", "weights": "none", "device": "cpu", "topic": "classification"}
    process = start(bag=str(bag), out=str(tmp_path / "live"), rate="0.1", **given)
    assert process.stdout
    for line in process.stdout:
        if "first picture on" in line:
            break
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    assert "Traceback" not in said
    assert "[evaluate" not in said
    assert Recording(tmp_path / "live" / "recording").damage == ""


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ({"bag": "missing"}, "missing does not exist"),
        ({"image": "/other"}, "unknown image topic '/other'"),
        ({"truth": "/nobody"}, "truth: got '/nobody', expected a topic of"),
        ({"rate": "0"}, "rate: got 0"),
        ({"score_threshold": "high"}, "score_threshold: got 'high', expected a float"),
        ({"out": "."}, "is there already, expected a new folder"),
    ],
)
def test_a_wrong_argument_starts_nothing_and_is_named(
    start: Start, bag: Path, tmp_path: Path, argument: dict[str, str], complaint: str
) -> None:
    (tmp_path / "report").mkdir()
    process = start(**{"bag": str(bag), "out": "live", **argument})
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert complaint in said
    assert "process started" not in said
