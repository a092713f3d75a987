"""Run the ROS side of a verb as a process: the core imports no ROS, and a middleware that crashes costs one line."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

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
