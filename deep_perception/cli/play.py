"""deep_perception play: let a recording speak again, where there is no `ros2 bag`."""

import argparse
from dataclasses import asdict
from pathlib import Path

from deep_perception.bag_config import PlayConfig
from deep_perception.cli.options import add_settings, given
from deep_perception.cli.ros_program import become
from deep_perception.data.recordings import Recording
from deep_perception.errors import ConfigError, InputError, unknown

EXAMPLE = """examples:
  deep_perception play drive --clock 100 --rate 0.5
  deep_perception play drive --loop --topics /camera/image_raw --remap /camera/image_raw:=/image"""

ASSIGN = ":="


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("bag", type=Path, metavar="BAG", help="recording: a folder, or a file")
    add_settings(parser, PlayConfig)
    parser.add_argument("ros_arguments", nargs="*", metavar="-- ROS_ARGUMENT", help="passed on to the node as they are")


def run(arguments: argparse.Namespace) -> int:
    """Become the player: signals and the exit code are its own."""
    config = PlayConfig(**given(arguments, PlayConfig))
    check(config, Recording(arguments.bag))
    become("play", {"bag": str(arguments.bag), **asdict(config)}, ros_arguments(config, arguments.ros_arguments))


def check(config: PlayConfig, recording: Recording) -> None:
    """Raise ConfigError or InputError where the settings do not fit the recording."""
    known = [topic.name for topic in recording.topics]
    for rule in config.remap:
        if not all(rule.partition(ASSIGN)):
            raise ConfigError(f"--remap: got '{rule}', expected as in /camera/image:=/front/image")
    for name in (*config.topics, *(rule.partition(ASSIGN)[0] for rule in config.remap)):
        if name not in known:
            raise InputError(f"{recording.path}: {unknown('topic', name, known)}")
    length_s = (recording.end_ns - recording.start_ns) / 1e9
    if config.start > length_s:
        raise ConfigError(f"--start: got {config.start:g} s, expected less than the recording's {length_s:.1f} s")


def ros_arguments(config: PlayConfig, others: list[str]) -> list[str]:
    """Return the new names in the words of ROS, and what else was given."""
    rules = [word for rule in config.remap for word in ("-r", rule)]
    return ["--ros-args", *rules, *others] if rules or others else []
