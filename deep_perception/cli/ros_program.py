"""Run the ROS side of a verb as a process: the core imports no ROS, and a middleware that crashes costs one line."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from deep_perception.errors import ConfigError

PATIENCE_S = 30.0


@contextmanager
def ros_program(module: str, options: Sequence[str]) -> "Iterator[subprocess.Popen[str]]":
    """Run a module of deep_perception.ros inside a `with`: it ends its nodes when it ends."""
    # In a session of its own, so that Ctrl-C reaches only us and everything ends in order.
    command = [sys.executable, "-m", module, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def become(verb: str, settings: Mapping[str, Any], ros_arguments: Sequence[str] = ()) -> NoReturn:
    """Go on as the program of deep_perception.ros that is called like the verb, with the settings as JSON."""
    if importlib.util.find_spec("rclpy") is None:
        raise ConfigError(f"{verb}: rclpy is not installed, expected ROS 2. Source its setup.bash")
    sys.stdout.flush()
    words = [json.dumps(settings), *ros_arguments]
    os.execv(sys.executable, [sys.executable, "-m", f"deep_perception.ros.{verb}", *words])
