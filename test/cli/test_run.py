"""`deep_perception run` puts its options into the words of ROS, and a text stays a text."""

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from deep_perception.cli import main, run
from deep_perception.errors import ConfigError


def words(*options: str) -> list[str]:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    return run.ros_arguments(parser.parse_args(options))


def test_nothing_given_leaves_everything_to_the_node() -> None:
    assert words() == ["--ros-args"]


def test_values_keep_their_type() -> None:
    given = words("--model", "123", "--score-threshold", "1", "--top-k", "3", "--classes", "dog, true", "--download")
    assert given[1::2] == ["-p"] * 5
    assert set(given[2::2]) == {
        'model:="123"',
        "score_threshold:=1.0",
        "top_k:=3",
        'classes:=["dog", "true"]',
        "download:=true",
    }


def test_each_program_takes_its_own_settings_and_no_others() -> None:
    assert words("--program", "collector", "--every-s", "2", "--cameras", "front") == [
        *("--ros-args", "-p", 'cameras:=["front"]', "-p", "every_s:=2.0")
    ]
    assert words("--program", "container", "--tasks", "detector", "--device", "cpu") == [
        *("--ros-args", "-p", 'device:="cpu"', "-p", 'tasks:=["detector"]')
    ]
    with pytest.raises(ConfigError, match="--every-s: perception has no such setting. Say with --program"):
        words("--every-s", "2")


def test_an_empty_list_is_left_out_because_ros_cannot_say_it() -> None:
    assert words("--classes", "") == ["--ros-args"]


def test_a_compressed_topic_chooses_its_transport() -> None:
    assert words("--image", "/camera/image_raw/compressed") == [
        *("--ros-args", "-p", 'image_transport:="compressed"', "-r", "image:=/camera/image_raw")
    ]


def test_namespace_and_simulated_time_are_said_as_ros_says_them() -> None:
    assert words("--namespace", "front", "--use-sim-time") == [
        *("--ros-args", "-p", "use_sim_time:=true", "-r", "__ns:=/front")
    ]


def test_what_follows_two_dashes_is_passed_on_as_it_is() -> None:
    assert words("--model", "a", "--", "-r", "detections:=found", "--log-level", "debug")[3:] == [
        *("-r", "detections:=found", "--log-level", "debug")
    ]


def test_a_parameter_file_is_passed_on_and_a_missing_one_refused(tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.touch()
    assert words("--params-file", str(file)) == ["--ros-args", "--params-file", str(file)]
    with pytest.raises(ConfigError, match=r"there is no file .*robot2\.yaml"):
        words("--params-file", str(tmp_path / "robot2.yaml"))


def test_an_unknown_option_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--modell", "x"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "--modell" in line


@pytest.mark.skipif(find_spec("rclpy") is None, reason="rclpy is not installed")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--model", "123"), "unknown model '123'"),
        (("--program", "container", "--tasks", "123"), "unknown task '123'"),
        (("--program", "collector", "--dataset-dir", "/proc/123"), "cannot write to /proc/123"),
    ],
)
def test_the_command_becomes_the_program_and_a_name_of_digits_reaches_it_as_text(
    options: tuple[str, ...], says: str
) -> None:
    command = [sys.executable, "-m", "deep_perception", "run", *options]
    repository = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
