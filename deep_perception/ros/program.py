"""Run a node as a program: a user's mistake is one line and exit code 1, anything unexpected a traceback."""

import logging
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.signals import uninstall_signal_handlers

from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.ros.transport import make_room

THREADS = 4


class RosHandler(logging.Handler):
    """Hands what the core logs on to ROS, where --log-level and /rosout are."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record under the severity of the same name."""
        # A function each, because rclpy ties a severity to the line that it is called from.
        logger = rclpy.logging.get_logger(record.name)
        if record.levelno >= logging.ERROR:
            logger.error(record.getMessage())
        elif record.levelno >= logging.WARNING:
            logger.warning(record.getMessage())
        elif record.levelno >= logging.INFO:
            logger.info(record.getMessage())
        else:
            logger.debug(record.getMessage())


def run(make: Callable[[], Node | list[Node]], arguments: list[str] | None = None) -> int:
    """Spin a node, or several, until a signal stops them; return the exit code."""
    logging.basicConfig(level=logging.INFO, handlers=[RosHandler()])
    make_room()
    try:
        _init(arguments)
        made = make()
        spin(made if isinstance(made, list) else [made])
    except DeepPerceptionError as err:
        rclpy.logging.get_logger("deep_perception").fatal(str(err))
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:
        if rclpy.ok():  # otherwise a signal came while the node was being made
            raise
    finally:
        rclpy.try_shutdown()
    return 0


def spin(nodes: list[Node]) -> None:
    """Serve the nodes' callbacks; in threads, so that pictures keep arriving while a service loads a model."""
    executor = MultiThreadedExecutor(THREADS, context=nodes[0].context)
    for node in nodes:
        executor.add_node(node)
    try:
        executor.spin()
    finally:
        # Joins rclpy's signal thread, which may still be waking what the executor is about to free (a crash on Ctrl-C).
        uninstall_signal_handlers()
        executor.shutdown(timeout_sec=1.0)
        for node in nodes:
            node.destroy_node()


def _init(arguments: list[str] | None) -> None:
    try:
        rclpy.init(args=arguments)
    except RuntimeError as err:  # rclpy's classes for a bad --ros-args or --params-file are private
        raise ConfigError(f"ROS arguments: {' '.join(str(err).split())}") from err
