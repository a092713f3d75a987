"""Run a node as a program: a user's mistake is one line and exit code 1, anything unexpected a traceback."""

import logging
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.ros.transport import make_room

THREADS = 4

Made = TypeVar("Made", bound=Node)


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


class Signals:
    """Ctrl-C and SIGTERM, heard once: what begins is interrupted, what works is asked to end, what ends is let alone.

    rclpy would take the context away from nodes that still work: what they say then is lost, and it complains of that.
    """

    def __init__(self) -> None:
        self._heard, self._react = False, _nothing
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, self._hear)

    @contextmanager
    def cause(self, reaction: Callable[[], None]) -> Iterator[None]:
        """Let a signal cause this, also one that came before."""
        self._react = reaction
        try:
            if self._heard:
                reaction()
            yield
        finally:
            self._react = _nothing

    def _hear(self, *_: object) -> None:
        known, self._heard = self._heard, True
        if not known:
            self._react()


def run(
    make: Callable[[], Made], arguments: list[str] | None = None, begin: Callable[[Made], object] = lambda node: None
) -> int:
    """Make a node, let it begin, and spin it, and the `nodes` it may have, until a signal; return the exit code."""
    logging.basicConfig(level=logging.INFO, handlers=[RosHandler()])
    make_room()
    signals = Signals()
    try:
        _init(arguments)
        made = make()
        nodes = [*getattr(made, "nodes", ()), made]
        try:
            with signals.cause(_interrupt):
                begin(made)
            spin(nodes, signals)
        finally:
            for node in nodes:
                node.destroy_node()
    except DeepPerceptionError as err:
        rclpy.logging.get_logger("deep_perception").fatal(str(err))
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()
    return 0


def spin(nodes: list[Node], signals: Signals) -> None:
    """Serve the nodes' callbacks; in threads, so that pictures keep arriving while a service loads a model."""
    executor, asked = MultiThreadedExecutor(THREADS, context=nodes[0].context), Event()
    for node in nodes:
        executor.add_node(node)

    def ask() -> None:
        asked.set()
        executor.create_task(_nothing)  # wakes it

    def serve() -> None:
        while not asked.is_set():
            executor.spin_once()

    try:
        # Python hears signals in its main thread, and not while that one waits in the middleware.
        with signals.cause(ask), ThreadPoolExecutor(1) as thread:
            thread.submit(serve).result()
    finally:
        executor.shutdown(timeout_sec=1.0)


def _init(arguments: list[str] | None) -> None:
    try:
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as err:  # rclpy's classes for a bad --ros-args or --params-file are private
        raise ConfigError(f"ROS arguments: {' '.join(str(err).split())}") from err


def _interrupt() -> None:
    raise KeyboardInterrupt


def _nothing() -> None:
    pass
