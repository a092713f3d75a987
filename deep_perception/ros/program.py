"""Run a node as a program: a user's mistake is one line and exit code 1, anything unexpected a traceback."""

import logging
import os
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node

from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.ros.silence import TRANSPORT, TUNED_TRANSPORT

PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
THREADS = 4


def run(make_node: Callable[[], Node], arguments: list[str] | None = None) -> int:
    """Spin a node until a signal stops it; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] [%(name)s]: %(message)s")
    tune_transport()
    try:
        _init(arguments)
        spin(make_node())
    except DeepPerceptionError as err:
        rclpy.logging.get_logger("deep_perception").fatal(str(err))
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()
    return 0


def tune_transport() -> None:
    """Give what this process publishes enough shared memory for pictures, unless the user has chosen a transport."""
    if not any(name in os.environ for name in (TRANSPORT, *PROFILES)):
        os.environ[TRANSPORT] = TUNED_TRANSPORT


def spin(node: Node) -> None:
    """Serve a node's callbacks; in threads, so that pictures keep arriving while a service loads a model."""
    executor = MultiThreadedExecutor(THREADS, context=node.context)
    executor.add_node(node)
    try:
        executor.spin()
    finally:
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()


def _init(arguments: list[str] | None) -> None:
    try:
        rclpy.init(args=arguments)
    except Exception as err:  # rclpy's classes for a bad --ros-args or --params-file are private
        raise ConfigError(f"ROS arguments: {' '.join(str(err).split())}") from err
