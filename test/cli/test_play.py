"""`deep_perception play` finds mistakes before it starts anything, and puts its options into the words of ROS."""

import argparse
from contextlib import closing
from pathlib import Path

import pytest

from deep_perception.bag_config import PlayConfig
from deep_perception.cli import main, play
from deep_perception.cli.options import given
from deep_perception.data.bag_writer import BagWriter, Kind


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Ten seconds of talk."""
    with closing(BagWriter(tmp_path / "talk")) as bag:
        bag.add("/talk", Kind("std_msgs/msg/String", "string data", ""), "[]")
        for second in range(11):
            bag.write("/talk", b"x", (100 + second) * 10**9, 100 * 10**9)
        bag.finish()
    return tmp_path / "talk"


def settings(*options: str) -> PlayConfig:
    parser = argparse.ArgumentParser()
    play.add_arguments(parser)
    return PlayConfig(**given(parser.parse_args(["drive", *options]), PlayConfig))


def test_options_become_settings() -> None:
    assert settings() == PlayConfig()
    options = ("--rate", "0.5", "--loop", "--paused", "--clock", "100", "--start", "3", "--topics", "/a,/b")
    assert settings(*options) == PlayConfig(
        rate=0.5, loop=True, paused=True, clock=100.0, start=3.0, topics=("/a", "/b")
    )


def test_other_names_and_what_follows_two_dashes_are_said_as_ros_says_them() -> None:
    config = PlayConfig(remap=("/a:=/b", "/c:=d"))
    assert play.ros_arguments(config, ["-r", "__ns:=/robot"]) == [
        *("--ros-args", "-r", "/a:=/b", "-r", "/c:=d", "-r", "__ns:=/robot")
    ]
    assert play.ros_arguments(PlayConfig(), []) == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--rate", "0"], "rate: got 0"),
        (["--topics", "/tale"], "unknown topic '/tale'. Nearest: /talk"),
        (["--remap", "/talk"], "--remap: got '/talk', expected as in"),
        (["--remap", "/tale:=/speech"], "unknown topic '/tale'. Nearest: /talk"),
        (["--start", "12"], "--start: got 12 s, expected less than the recording's 10.0 s"),
        (["--speed", "2"], "--speed"),
    ],
)
def test_a_wrong_option_is_one_line(
    bag: Path, options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["play", str(bag), *options]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert complaint in line


def test_what_is_no_recording_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", str(tmp_path / "nothing")]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "nothing does not exist" in line
