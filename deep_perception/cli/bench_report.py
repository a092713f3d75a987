"""What every measurement ends with: tables for people, and a file with the circumstances for machines."""

import importlib.metadata
import os
import platform
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from deep_perception import __version__
from deep_perception.cli.tables import print_table
from deep_perception.evaluation.speed import Figure

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "opencv-contrib-python-headless",
    "opencv-python-headless",
    "rclpy",
    "ros-rclpy",
)
COLUMNS = ("figure", "value", "unit", "target", "verdict", "note")


def told(line: Figure) -> dict[str, Any]:
    """Return what the file holds of a figure."""
    return {**vars(line), "met": line.met}


def table(lines: Sequence[Mapping[str, Any]]) -> int:
    """Print what the file holds of figures; return how many targets were missed."""
    shown = [Figure(**{name: value for name, value in line.items() if name != "met"}) for line in lines]
    print_table(COLUMNS, [_row(line) for line in shown])
    return sum(line.met is False for line in shown)


def closing(missed: int, path: Path) -> None:
    """Print how many targets were missed, and where everything stands."""
    print(f"\n{missed} targets MISSED. " if missed else "\nEvery target is met. ", end="")
    print(f"All figures: {path}")


def _row(line: Figure) -> list[object]:
    target = "" if line.target is None else f"<= {line.target:.2f}"
    if line.least is not None:
        target = f">= {line.least:.2f}"
    verdict = {None: "", True: "met", False: "MISSED"}[line.met]
    return [line.name, f"{line.value:.2f}", line.unit, target, verdict, line.note]


def circumstances() -> dict[str, Any]:
    """Return what else decides how fast things are."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "command": shlex.join(sys.argv),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {"system": platform.platform(), "processor": _processor(), "cores": os.cpu_count()},
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
        "versions": {"deep_perception": __version__, "python": platform.python_version(), **versions},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
