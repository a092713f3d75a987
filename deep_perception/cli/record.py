"""deep_perception record: keep what robots say, where there is no `ros2 bag`."""

import argparse
from dataclasses import asdict
from pathlib import Path

from deep_perception.bag_config import RecordConfig
from deep_perception.cli.options import add_settings, given
from deep_perception.cli.ros_program import become
from deep_perception.errors import ConfigError, InputError

EXAMPLE = """examples:
  deep_perception record /camera/image_raw /detections --out drive
  deep_perception record --all --out drive --compression zstd"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help="to record, also if it comes later")
    parser.add_argument("--out", "-o", required=True, metavar="BAG", help="folder of the recording, which it makes")
    add_settings(parser, RecordConfig, "all", "compression", "use_sim_time")


def run(arguments: argparse.Namespace) -> int:
    """Become the recorder: signals and the exit code are its own."""
    config = RecordConfig(**{**given(arguments, RecordConfig), "topics": tuple(arguments.topics)})
    if config.all == bool(config.topics):
        raise ConfigError("record: expected topics, or --all for every one. See deep_perception record --help")
    if Path(config.out).exists():
        raise InputError(f"--out: {config.out} is there already, expected a new folder. Name another one")
    become("record", asdict(config))
