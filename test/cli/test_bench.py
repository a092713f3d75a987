"""`deep_perception bench` measures what it says, with ROS and without, and leaves no process behind."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from deep_perception.cli import bench, main
from deep_perception.models import create, save

MODEL = "mobilenet_v2"
needs_ros = pytest.mark.skipif(find_spec("rclpy") is None, reason="rclpy is not installed")


@pytest.fixture
def weights(tmp_path, cache) -> Path:
    path = tmp_path / "mine.safetensors"
    save(create(MODEL, "none", device="cpu"), path)
    return path


@pytest.fixture
def without_ros(monkeypatch):
    monkeypatch.setattr(bench, "has_ros", lambda: False)


def processes(word: Path) -> list[str]:
    """Return the command lines of processes that got this path."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(word) in line:
            found.append(line)
    return found


def command(weights: Path, out: Path) -> list[str]:
    return ["bench", "--quick", f"--model={MODEL}", f"--weights={MODEL}={weights}", f"--out={out}"]


def names(report: dict) -> list[str]:
    return [figure["name"] for figure in report["models"][MODEL]["figures"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--weights", "mobilenet_v2"], "expected MODEL=FILE"),
        (["--weights", "mobilenet=x.pth"], "Nearest: mobilenet_v2"),
        (["--rounds", "0"], "--rounds"),
        (["--model", "resnet18"], "invalid choice"),
    ],
)
def test_a_mistake_is_one_line(arguments, words, capsys):
    assert main(["bench", *arguments]) == 1
    complaint = capsys.readouterr().err
    assert words in complaint
    assert complaint.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["bench", "--quick", "--out", str(tmp_path / "file" / "x")]) == 1
    assert "Name another one" in capsys.readouterr().err


def test_without_ros_the_calls_are_measured_and_the_table_says_so(tmp_path, weights, without_ros, capsys):
    assert main(command(weights, tmp_path / "out")) == 0
    printed = capsys.readouterr().out
    assert "no ROS here" in printed
    report = json.loads((tmp_path / "out" / "speed.json").read_text())
    assert names(report) == ["torchvision", "model", "model / torchvision"]
    assert report["threads"] >= 1 and report["versions"]["torch"] and report["machine"]["cores"]
    assert report["models"][MODEL]["times_ms"]["model"]["count"] == report["rounds"]


def test_random_weights_are_told(tmp_path, cache, without_ros, capsys):
    assert main(["bench", "--quick", f"--model={MODEL}", f"--out={tmp_path}"]) == 0
    assert "random weights" in capsys.readouterr().out


def test_a_missed_target_is_called_missed_and_is_no_failure(tmp_path, weights, monkeypatch, capsys):
    slow = {"seconds": {"torchvision": [0.01], "model": [0.02]}}
    monkeypatch.setattr(bench, "measure", lambda options, picture: slow)
    assert main(command(weights, tmp_path)) == 0
    printed = capsys.readouterr().out
    assert "MISSED" in printed
    assert "1 target" in printed


@needs_ros
@pytest.mark.slow
def test_with_ros_everything_is_measured_in_one_run(tmp_path, weights, capfd):
    assert main(command(weights, tmp_path / "out")) == 0, capfd.readouterr().err
    entry = json.loads((tmp_path / "out" / "speed.json").read_text())["models"][MODEL]
    assert set(entry["times_ms"]) == {"torchvision", "model", "camera to result"}
    assert entry["added_by_ros_ms"]["count"] == 5
    overload = entry["overload"]
    assert overload["published"] > overload["answered"] + overload["replaced_in_node"] > overload["answered"] > 0
    assert overload["age_ms"]["count"] == overload["answered"]
    assert entry["idle"]["memory_mb"] > 50
    assert processes(weights) == []


@needs_ros
def test_weights_that_the_node_cannot_use_are_told_and_fail(tmp_path, capfd):
    missing = tmp_path / "missing.pth"
    assert main(command(missing, tmp_path / "out")) == 1
    assert "missing.pth" in capfd.readouterr().err


@needs_ros
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_it_no_node_stays(tmp_path, weights, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "deep_perception", *command(weights, tmp_path / "out")], stdout=subprocess.DEVNULL
    )
    wait_until(lambda: len(processes(weights)) >= 3)
    os.kill(process.pid, number)
    process.wait(30)
    wait_until(lambda: not processes(weights))


def wait_until(condition, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
