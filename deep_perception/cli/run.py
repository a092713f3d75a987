"""deep_perception run: the perception node, where there is no `ros2 run`."""

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from deep_perception.cli.options import add_settings, given
from deep_perception.config import PerceptionConfig
from deep_perception.errors import ConfigError

EXAMPLE = """examples:
  deep_perception run --model ssdlite320_mobilenet_v3_large --image /camera/image_raw
  deep_perception run --params-file robot.yaml -- --log-level debug"""

NODE = "deep_perception.ros.perception_node"
COMPRESSED = "/compressed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes: every parameter of the node, and where it listens."""
    parser.add_argument("--image", metavar="TOPIC", help="image topic to listen to (default: image)")
    parser.add_argument("--namespace", metavar="NAME", help="namespace of the node and its topics")
    parser.add_argument(
        "--params-file", metavar="FILE", type=Path, help="YAML file with parameters; options overrule it"
    )
    parser.add_argument("--use-sim-time", action="store_true", help="take the time from /clock")
    add_settings(parser, PerceptionConfig)
    parser.add_argument("ros_arguments", nargs="*", metavar="-- ROS_ARGUMENT", help="passed on to the node as they are")


def run(arguments: argparse.Namespace) -> int:
    """Become the node: signals and the exit code are its own."""
    if importlib.util.find_spec("rclpy") is None:
        raise ConfigError(
            "run: rclpy is not installed, expected ROS 2. Source its setup.bash; predict works without ROS"
        )
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", NODE, *ros_arguments(arguments)])


def ros_arguments(arguments: argparse.Namespace) -> list[str]:
    """Return the options in the words of ROS."""
    settings: dict[str, Any] = given(arguments, PerceptionConfig)
    image = arguments.image
    if image and image.endswith(COMPRESSED):
        image = image.removesuffix(COMPRESSED)
        settings.setdefault("image_transport", "compressed")
    words = ["--ros-args"]
    if arguments.params_file:
        if not arguments.params_file.is_file():
            raise ConfigError(f"--params-file: there is no file {arguments.params_file}, expected YAML with parameters")
        words += ["--params-file", str(arguments.params_file)]
    for name, value in settings.items():
        if value != ():  # ROS has no word for an empty list, which is the default anyway
            words += ["-p", f"{name}:={_yaml(value)}"]
    words += ["-p", "use_sim_time:=true"] if arguments.use_sim_time else []
    words += ["-r", f"image:={image}"] if image else []
    words += ["-r", f"__ns:=/{arguments.namespace.strip('/')}"] if arguments.namespace else []
    return words + arguments.ros_arguments


def _yaml(value: Any) -> str:
    """Spell a value so that a text stays a text, "123" and "true" included; JSON is YAML."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
