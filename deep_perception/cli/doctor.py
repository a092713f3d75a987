"""deep_perception doctor: look at everything that decides whether a robot sees, and say what to do."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from deep_perception.checks import Check, machine_checks, weights
from deep_perception.tasks import DEFAULT_TASK, TASKS

EXAMPLE = """example:
  deep_perception doctor --image /camera/image_raw"""
COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "bold red"}
GRACE_S = 30
"""ROS may take this long to start and stop, beside the time it looks at the topic."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")
    parser.add_argument("--image", metavar="TOPIC", help="look at the pictures on this topic (default: the only one)")
    parser.add_argument("--model", default=TASKS[DEFAULT_TASK].default_model, help="network whose weights to look for")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to look at the pictures (default: 3)")


def run(arguments: argparse.Namespace) -> int:
    """Run every check; 1 if one of them failed."""
    own = weights(arguments.model)
    checks = [*machine_checks(), own, *ros_checks(arguments.image, arguments.seconds)]
    if arguments.json:
        print(json.dumps([asdict(check) for check in checks], indent=2, ensure_ascii=False))
    else:
        show(checks)
    return int(any(check.status == "FAIL" for check in checks))


def ros_checks(image: str | None, seconds: float, grace_s: float = GRACE_S) -> Iterator[Check]:
    """Run the checks of ROS in a process of its own: if it hangs or crashes, what it said until then counts."""
    command = [sys.executable, "-m", "deep_perception.ros.checks", "--seconds", str(seconds)]
    command += ["--image", image] if image else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=2 * seconds + grace_s)
        output, complaints, code = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as err:
        output, complaints, code = _text(err.stdout), _text(err.stderr), None
    for line in output.splitlines():
        if line.startswith("{"):
            yield Check(**json.loads(line))
    if shared := next((line for line in complaints.splitlines() if "RTPS_TRANSPORT_SHM" in line), None):
        yield Check("Fast DDS", "WARN", shared.strip()[:300], "Stop all ROS programs, then: fastdds shm clean")
    if code != 0:
        end = "it did not end in time" if code is None else f"it ended with code {code}"
        last = (complaints.strip().splitlines() or ["it said nothing"])[-1]
        yield Check("ROS 2", "FAIL", f"looking at ROS failed, {end}: {last[:300]}", "Try: ros2 doctor --report")


def _text(output: bytes | str | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def show(checks: list[Check]) -> None:
    """Print an aligned table; colours only where a person looks at them."""
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(check.name) for check in checks)
    for check in checks:
        console.print(Text(f"{check.status:<4}", COLOURS[check.status]), f"{check.name:<{width}}", Text(check.finding))
        if check.remedy:
            console.print(Text(f"{'':<{width + 6}}-> {check.remedy}", "dim"))
    bad = [sum(check.status == status for check in checks) for status in ("WARN", "FAIL")]
    console.print(f"{len(checks)} checks, {bad[0]} warnings, {bad[1]} failures")
