"""deep_perception bench --bags: how fast recordings are read and scored, and in how much memory."""

import argparse
import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from deep_perception.cli.bench_report import circumstances, closing, table, told
from deep_perception.cli.report_folder import make_folder, write
from deep_perception.errors import ConfigError
from deep_perception.evaluation import bag_speed, reading_speed
from deep_perception.evaluation.speed import Figure

FULL = {"rounds": 5, "frames": 300, "few": 200, "many": 10_000}
QUICK = {"rounds": 1, "frames": 12, "few": 4, "many": 16}


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables and write the report; a missed target is told and is no failure."""
    if arguments.model or arguments.weights or arguments.picture or arguments.seconds:
        raise ConfigError("--bags: it needs no --model, --weights, --picture or --seconds. Leave them out")
    effort = dict(QUICK if arguments.quick else FULL)
    effort["rounds"] = arguments.rounds or effort["rounds"]
    make_folder(arguments.out)
    path = arguments.out / "bag_speed.json"
    report: dict[str, Any] = {**circumstances(), **effort, "figures": {}}
    missed = 0
    for title, measure in _measurements(**effort).items():
        lines = [told(line) for line in measure()]
        report["figures"][title] = {"load_average": os.getloadavg(), "figures": lines}
        print(f"\n{title}, load {os.getloadavg()[0]:.1f}")
        missed += table(lines)
        write(path, json.dumps(report, indent=1))
    closing(missed, path)
    return 0


def _measurements(rounds: int, frames: int, few: int, many: int) -> dict[str, Callable[[], list[Figure]]]:
    return {
        "Reading recordings": partial(reading_speed.measure, rounds, frames // 2),
        "Scoring a recording": partial(bag_speed.beside_bare, frames, rounds),
        "Processes side by side": partial(bag_speed.side_by_side_gain, 2 * frames, rounds),
        "Memory": partial(bag_speed.memory, few, many),
    }
