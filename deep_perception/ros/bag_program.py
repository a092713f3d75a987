"""What `play` and `record` have in common as programs: settings from the command line, a node, an orderly end."""

import json
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.ros.transport import make_room


def run(name: str, work: Callable[[Node, dict[str, Any], threading.Event], None]) -> int:
    """Do the work until it is done, or a signal sets the event; return the exit code.

    The first argument is the settings as JSON, the others are for ROS.
    """
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    make_room()
    settings, *arguments = sys.argv[1:]
    try:
        work(_node(name, arguments), _read(settings), stopped)
    except DeepPerceptionError as err:
        rclpy.logging.get_logger("deep_perception").fatal(str(err))
        return 1
    finally:
        rclpy.try_shutdown()
    return 0


def _node(name: str, arguments: list[str]) -> Node:
    try:
        # The signals stay ours: half a message must not be the end of a recording.
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as err:  # rclpy's classes for a bad --ros-args are private
        raise ConfigError(f"ROS arguments: {' '.join(str(err).split())}") from err
    return rclpy.create_node(name, enable_rosout=False, start_parameter_services=False)


def _read(settings: str) -> dict[str, Any]:
    """Turn JSON into settings, whose lists are tuples."""
    read = json.loads(settings)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in read.items()}
