"""deep_perception run: the programs that other machines start with `ros2 run`."""

import argparse
import importlib.util
import json
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from deep_perception.cli.options import add_settings, given
from deep_perception.collector_config import CollectorConfig
from deep_perception.config import ContainerConfig, PerceptionConfig
from deep_perception.errors import ConfigError

EXAMPLE = """examples:
  deep_perception run --model ssdlite320_mobilenet_v3_large --image /camera/image_raw
  deep_perception run --params-file robot.yaml -- --log-level debug
  deep_perception run --program container --tasks detector,segmenter
  deep_perception run --program collector --dataset-dir collected"""


class Program(NamedTuple):
    """A node's module, and the settings that are its parameters."""

    module: str
    settings: tuple[type, ...]


PROGRAMS = {
    "perception": Program("deep_perception.ros.perception_node", (PerceptionConfig,)),
    "container": Program("deep_perception.ros.perception_container", (ContainerConfig, PerceptionConfig)),
    "collector": Program("deep_perception.ros.collector_node", (CollectorConfig,)),
}
COMPRESSED = "/compressed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes: every parameter of the programs, and where they listen."""
    parser.add_argument("--program", choices=PROGRAMS, default="perception", help="what to run (default: perception)")
    parser.add_argument("--image", metavar="TOPIC", help="image topic to listen to (default: image)")
    parser.add_argument("--namespace", metavar="NAME", help="namespace of the node and its topics")
    parser.add_argument(
        "--params-file", metavar="FILE", type=Path, help="YAML file with parameters; options overrule it"
    )
    parser.add_argument("--use-sim-time", action="store_true", help="take the time from /clock")
    shared = {item.name for item in fields(PerceptionConfig)}
    collectors = [item.name for item in fields(CollectorConfig) if item.name not in shared]
    for title, kind, names in (
        ("perception, and all models of a container", PerceptionConfig, []),
        ("container", ContainerConfig, []),
        ("collector; also --autostart, --cameras and --image-transport", CollectorConfig, collectors),
    ):
        add_settings(parser.add_argument_group(title), kind, *names)  # type: ignore[arg-type]  # as good as a parser
    parser.add_argument("ros_arguments", nargs="*", metavar="-- ROS_ARGUMENT", help="passed on to the node as they are")


def run(arguments: argparse.Namespace) -> int:
    """Become the node: signals and the exit code are its own."""
    if importlib.util.find_spec("rclpy") is None:
        raise ConfigError(
            "run: rclpy is not installed, expected ROS 2. Source its setup.bash; predict works without ROS"
        )
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", PROGRAMS[arguments.program].module, *ros_arguments(arguments)])


def ros_arguments(arguments: argparse.Namespace) -> list[str]:
    """Return the options in the words of ROS."""
    settings = _settings(arguments)
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


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were given; raise ConfigError for one that the program does not have."""
    own = {item.name for kind in PROGRAMS[arguments.program].settings for item in fields(kind)}
    settings: dict[str, Any] = {}
    for program in PROGRAMS.values():
        for kind in program.settings:
            settings |= given(arguments, kind)
    for name in settings.keys() - own:
        raise ConfigError(
            f"--{name.replace('_', '-')}: {arguments.program} has no such setting. Say with --program who is meant"
        )
    return settings


def _yaml(value: Any) -> str:
    """Spell a value so that a text stays a text, "123" and "true" included; JSON is YAML."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
