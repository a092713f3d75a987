"""Start the demo's camera and nodes, listen for a while, end them; `deep_perception demo` runs it as a program.

It prints JSON lines: {"up": seconds} when all are heard, at the end {"result": ...} or {"failed": why}.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from deep_perception.errors import DeepPerceptionError
from deep_perception.evaluation.demo_result import Result
from deep_perception.ros.demo_listener import DemoListener
from deep_perception.ros.demo_programs import Running, end_with_parent, programs, running
from deep_perception.ros.domain import private_domain
from deep_perception.ros.transport import make_room

START_S = 120.0
"""A slow machine may take this long until everything is up."""
SETTLE_S = 4.0


def main() -> int:
    """Run the demo; what a user can mend is told in the last line."""
    end_with_parent()
    # An exception, so that the nodes end with this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        result = measure(arguments.seconds, arguments.seed, arguments.folder)
    except DeepPerceptionError as err:
        _say(failed=str(err))
        return 1
    _say(result=asdict(result))
    return 0


def measure(seconds: float, seed: int, folder: Path) -> Result:
    """Start everything, listen for `seconds` from when all are up, and sum up."""
    make_room()
    with private_domain(), running(programs(seed=seed), folder) as nodes:
        began = time.monotonic()
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        executor, listener = SingleThreadedExecutor(), DemoListener(folder)
        executor.add_node(listener)
        try:
            _spin(executor, nodes, lambda: not listener.silent(), START_S)
            if silent := listener.silent():
                raise DeepPerceptionError(f"nothing on {', '.join(silent)} in {START_S:g} s. {nodes.last_lines()}")
            start_s = time.monotonic() - began
            _say(up=start_s)
            listener.open_window(seconds)
            _spin(executor, nodes, lambda: False, seconds)
            _spin(executor, nodes, listener.is_settled, SETTLE_S)
            return listener.result(seconds, start_s)
        finally:
            rclpy.try_shutdown()


def _spin(executor: SingleThreadedExecutor, nodes: Running, done: Callable[[], bool], seconds: float) -> None:
    """Listen until it is done or the time is over; raise DeepPerceptionError when a node dies."""
    end = time.monotonic() + seconds
    checked = 0.0
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
        if time.monotonic() - checked > 0.2:
            checked = time.monotonic()
            nodes.check()
            if done():
                return


def _say(**line: object) -> None:
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
