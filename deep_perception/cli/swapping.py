"""What `promote` and `rollback` have in common: they ask a running node what answers, and change it."""

import argparse
import importlib.util
import json
from pathlib import Path
from typing import Any

from deep_perception.cli.ros_program import ros_program
from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.runtime.ledger import Running

PROGRAM = "deep_perception.ros.swap"


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which node is meant, and where the ledger is."""
    parser.add_argument("--node", required=True, metavar="/NAME", help="the running node, as `ros2 node list` shows it")
    parser.add_argument("--force", action="store_true", help="do it all the same; the ledger says so")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="what ran when (default: in ~/.local/state)")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="how long to look for the node")


def named(arguments: argparse.Namespace) -> str:
    """Return the full name of the node."""
    return f"/{arguments.node.strip('/')}"


def running(arguments: argparse.Namespace) -> Running:
    """Ask the node what answers at present."""
    return _ask([f"--node={named(arguments)}", f"--timeout={arguments.timeout}"])


def swap(arguments: argparse.Namespace, values: dict[str, Any]) -> Running:
    """Give the node another model; return what answers then."""
    return _ask([f"--node={named(arguments)}", f"--timeout={arguments.timeout}", f"--set={json.dumps(values)}"])


def _ask(options: list[str]) -> Running:
    for package in ("rclpy", "vision_msgs"):
        if importlib.util.find_spec(package) is None:
            raise ConfigError(f"{package} is not installed, expected ROS 2. Source its setup.bash")
    with ros_program(PROGRAM, options) as process:
        output, _ = process.communicate()
    said = json.loads((output.strip().splitlines() or ["{}"])[-1])
    if "running" not in said:
        raise DeepPerceptionError(said.get("failed") or f"{PROGRAM} ended with code {process.returncode}, see above")
    return Running.from_json(said["running"])
