"""The programs of the demo, for `deep_perception demo` and for launch/demo.launch.py."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deep_perception.errors import DeepPerceptionError

PATIENCE_S = 6.0
SET_PARENT_DEATH_SIGNAL = 1
LAST_LINES = 12


@dataclass(frozen=True)
class Program:
    """A process to start."""

    executable: str
    name: str
    """What we call it."""
    parameters: Mapping[str, Any]
    """Those of one node of a container begin with its name: `detector:model`."""

    def ros_arguments(self) -> list[str]:
        """Return the parameters in the words of ROS; a YAML file could not say `detector:model`."""
        return [word for name, value in self.parameters.items() for word in ("-p", f"{name}:={json.dumps(value)}")]

    def command(self) -> list[str]:
        """Return how to start it where there is no `ros2 run`."""
        return [sys.executable, "-m", f"deep_perception.ros.{self.executable}", "--ros-args", *self.ros_arguments()]


CAMERA = Program("scene_camera", "scene_camera", {"scene_s": 1.0, "rate_hz": 5.0})
MODELS = {
    "classifier": ("shufflenet_v2_x0_5", "TABLETOP_SURFACES"),
    "detector": ("fcos_shufflenet_v2_x1_0_fpn", "TABLETOP"),
    "instance_segmenter": ("maskrcnn_shufflenet_v2_x1_0_fpn", "TABLETOP_INSTANCES"),
    "segmenter": ("lraspp_shufflenet_v2_x1_0", "TABLETOP_PIXELS"),
    "colorizer": ("colorizer_shufflenet_v2_x1_0", "TABLETOP_COLOURS"),
    "upscaler": ("espcn", "TABLETOP_X2"),
}
"""Network and weights of each node: all six tasks."""
PERCEPTION = Program(
    "perception_container",
    "perception",
    {
        "tasks": list(MODELS),
        **{f"{node}:model": model for node, (model, _) in MODELS.items()},
        **{f"{node}:weights": weights for node, (_, weights) in MODELS.items()},
        "upscaler:max_rate_hz": 1.0,  # it takes as long as all the others together
    },
)


def programs(**camera: Any) -> tuple[Program, ...]:
    """Return all of them, with these settings of the camera."""
    return replace(CAMERA, parameters={**CAMERA.parameters, **camera}), PERCEPTION


class Running:
    """Started programs and what they say."""

    def __init__(self, started: Sequence[Program], folder: Path) -> None:
        self._folder = folder
        self._processes = {program.name: self._start(program) for program in started}

    def check(self) -> None:
        """Raise DeepPerceptionError if one has ended."""
        for name, process in self._processes.items():
            if (code := process.poll()) is not None:
                end = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
                raise DeepPerceptionError(f"{name} {end}. {self.last_lines(name)}")

    def last_lines(self, *names: str) -> str:
        """Return the last lines that these programs wrote, or that all did."""
        texts = {name: self._log(name).read_text(errors="replace").strip() for name in names or self._processes}
        return "\n".join(f"Last lines of {name}:\n{_indented(text)}" for name, text in texts.items())

    def end(self) -> None:
        """End them all, whatever they do."""
        for process in self._processes.values():
            process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + PATIENCE_S
        for process in self._processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, program: Program) -> "subprocess.Popen[bytes]":
        environment = {"ROS_LOG_DIR": str(self._folder), **os.environ}
        with self._log(program.name).open("wb") as log:
            return subprocess.Popen(
                program.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                preexec_fn=end_with_parent,
            )

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.txt"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines()[-LAST_LINES:] or ["it said nothing"])


@contextmanager
def running(started: Sequence[Program], folder: Path) -> Iterator[Running]:
    """Run programs inside a `with`; start no thread before."""
    running = Running(started, folder)
    try:
        yield running
    finally:
        # Who is impatient and interrupts again must not leave half of them behind.
        usual = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        running.end()
        for number, handler in usual.items():
            signal.signal(number, handler)


def end_with_parent() -> None:
    """Let the system end this process when its parent is gone, even if that was killed."""
    if _LIBC is not None:
        _LIBC.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
