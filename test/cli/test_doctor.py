"""`deep_perception doctor` survives whatever it finds, says it in a table or as JSON, and fails only on a failure."""

import json
from pathlib import Path

import pytest

from deep_perception.checks import Check
from deep_perception.cli import main
from deep_perception.cli.doctor import ros_checks, show


@pytest.fixture
def broken_rclpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rclpy that is found first and does what the test writes into it."""
    repository = Path(__file__).resolve().parents[2]
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{repository}")
    (tmp_path / "rclpy").mkdir()
    return tmp_path / "rclpy" / "__init__.py"


def test_json_names_every_check_and_the_exit_code_follows(
    broken_rclpy: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken_rclpy.write_text("raise ImportError('libament_index_cpp.so: cannot open shared object file')")
    assert main(["doctor", "--json"]) == 0
    checks = [Check(**entry) for entry in json.loads(capsys.readouterr().out)]
    assert [check.name for check in checks][:5] == ["Python", "torch", "CUDA", "NumPy, OpenCV", "weights"]
    assert checks[-1].status == "WARN"
    assert "libament_index_cpp.so" in checks[-1].finding
    assert "setup.bash" in checks[-1].remedy


def test_a_failure_is_exit_code_1_and_the_table_shows_the_remedy(
    broken_rclpy: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken_rclpy.write_text("import os; os.abort()")
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("OK   Python")
    assert any(line.startswith("FAIL ROS 2") for line in lines)
    assert any(line.strip() == "-> Try: ros2 doctor --report" for line in lines)
    assert lines[-1].endswith("1 failures")


def test_what_ros_said_before_it_crashed_or_hung_is_kept(broken_rclpy: Path) -> None:
    broken_rclpy.write_text("import os; os.abort()")
    assert [check.name for check in ros_checks(None, 0.1)] == ["cv_bridge", "ROS 2"]
    broken_rclpy.write_text("import time; time.sleep(60)")
    bridge, ros = ros_checks(None, 0.1, grace_s=5)
    assert bridge.status == "OK"
    assert (ros.status, "did not end in time" in ros.finding) == ("FAIL", True)


def test_a_complaint_of_the_shared_memory_transport_is_passed_on(broken_rclpy: Path) -> None:
    complaint = "2026 [RTPS_TRANSPORT_SHM Error] Failed init_port fastrtps_port7412: open_and_lock_file failed"
    broken_rclpy.write_text(f"import sys; print({complaint!r}, file=sys.stderr); raise ImportError('x')")
    last = list(ros_checks(None, 0.1))[-1]
    assert (last.name, last.status, last.finding) == ("Fast DDS", "WARN", complaint)
    assert "fastdds shm clean" in last.remedy


def test_an_unknown_model_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--model", "ssdlite"]) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert "unknown model 'ssdlite'. Nearest: ssdlite320_mobilenet_v3_large" in line


def test_the_table_is_plain_and_aligned_when_it_is_piped(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    show([Check("a", "OK", "[bold]fine[/bold]"), Check("longer", "FAIL", long, "do that")])
    assert capsys.readouterr().out.splitlines() == [
        "OK   a      [bold]fine[/bold]",
        f"FAIL longer {long}",
        "            -> do that",
        "2 checks, 0 warnings, 1 failures",
    ]
