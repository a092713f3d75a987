"""`deep_perception demo`: what cannot work is one line, what runs is measured, nothing is left behind."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deep_perception.cli import demo, main
from deep_perception.tasks import TASKS

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "deep_perception", "demo"]
PROGRAMS = ("deep_perception.ros.demo", "deep_perception.ros.scene_camera", "deep_perception.ros.perception_container")

needs_ros = pytest.mark.skipif(importlib.util.find_spec("rclpy") is None, reason="rclpy is not installed")


def own_programs(mark: str) -> list[int]:
    """Processes of the demo that were started with this mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in environment and any(program.encode() in words for program in PROGRAMS):
            found.append(int(folder.name))
    return found


@pytest.fixture
def mark() -> str:
    return f"demo_of_test_{os.getpid()}_{time.monotonic_ns()}"


def start(mark: str, *options: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "DEMO_MARK": mark}
    return subprocess.Popen(
        [*COMMAND, *options], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(condition, what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--seconds", "0"], "--seconds: got 0, expected 4 to 600"),
        (["--seconds", "nan"], "--seconds: got nan, expected 4 to 600"),
        (["--seconds", "long"], "--seconds: invalid"),
        (["--seed", "-1"], "seed: got -1, expected 0 to 999999"),
        (["--seed", "1000000"], "seed: got 1000000, expected 0 to 999999"),
        (["--out", "file/inside"], "--out: cannot make the folder file/inside"),
        (["--quick"], "--quick"),
    ],
)
def test_bad_input_is_one_line_and_starts_nothing(options, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "require_ros", lambda: None)
    monkeypatch.setattr(demo, "watch", lambda *_: pytest.fail("started"))
    Path("file").touch()
    assert main(["demo", *options]) == 1
    output = capsys.readouterr()
    assert says in output.err
    assert output.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_without_ros_it_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["demo"]) == 1
    error = capsys.readouterr().err
    assert "demo: rclpy is not installed, expected ROS 2" in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@needs_ros
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind_when_it_is_stopped(number, tmp_path, mark):
    process = start(mark, "--out", str(tmp_path))
    wait_for(lambda: len(own_programs(mark)) == 3, "all processes")
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    wait_for(lambda: not own_programs(mark), "the end of all processes")
    assert list(tmp_path.iterdir()) == []


@needs_ros
@pytest.mark.slow
def test_the_demo_measures_and_passes(tmp_path, mark):
    process = start(mark, "--seconds", "8", "--out", str(tmp_path / "out"))
    output, errors = process.communicate(timeout=180)
    assert process.returncode == 0, output + errors
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["shortfalls"] == []
    assert {figure["task"] for figure in result["figures"]} == set(TASKS) - {"proposals"}
    assert len(result["classes"]) >= 6
    assert all(stream["messages"] for stream in result["streams"])
    assert len(result["shots"]) >= 12
    pictures = sum(len(shot["pictures"]) for shot in result["shots"]) + 1
    assert (tmp_path / "out" / "index.html").read_text().count("data:image/jpeg") == pictures
    assert "recall" in output
    assert own_programs(mark) == []
