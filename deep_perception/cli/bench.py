"""deep_perception bench: how fast models answer on this machine, beside torchvision, and what ROS adds."""

import argparse
import importlib.util
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from deep_perception.cli import bench_bags, bench_training
from deep_perception.cli.bench_report import circumstances, closing, table, told
from deep_perception.cli.options import positive
from deep_perception.cli.report_folder import make_folder, write
from deep_perception.cli.ros_program import ros_program
from deep_perception.errors import ConfigError, DeepPerceptionError, unknown
from deep_perception.evaluation import pasting
from deep_perception.evaluation.contestants import contestants, picture_of
from deep_perception.evaluation.speed import figures, summary, take_turns
from deep_perception.models import create, named_weights
from deep_perception.models.store import Store

EXAMPLE = """examples:
  deep_perception bench
  deep_perception bench --quick --model mobilenet_v2 --weights mobilenet_v2=mine.safetensors
  deep_perception bench --training
  deep_perception bench --bags"""

MODELS = ("ssdlite320_mobilenet_v3_large", "mobilenet_v2")
PROGRAM = "deep_perception.ros.bench"

FULL = {"rounds": 150, "seconds": 60.0, "idle_seconds": 10.0}
QUICK = {"rounds": 5, "seconds": 3.0, "idle_seconds": 1.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("--model", choices=MODELS, action="append", help="only this one (default: both)")
    parser.add_argument(
        "--weights",
        metavar="MODEL=FILE",
        action="append",
        default=[],
        help="weights to use (default: the cached ones, else random)",
    )
    parser.add_argument("--picture", metavar="FILE", type=Path, help="what the camera sees (default: a rendered scene)")
    parser.add_argument("--rounds", type=positive, help=f"calls of each contestant (default: {FULL['rounds']})")
    parser.add_argument("--seconds", type=positive, help=f"length of the overload (default: {FULL['seconds']:g})")
    parser.add_argument("--quick", action="store_true", help="only see whether everything works: a few seconds a model")
    parser.add_argument(
        "--training", action="store_true", help="measure pictures a second of a training instead, beside torchvision's"
    )
    parser.add_argument("--bags", action="store_true", help="measure reading and scoring of recordings instead")
    parser.add_argument(
        "--out", type=Path, default=Path("out/bench"), metavar="DIR", help="folder of the figures (default: out/bench)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables and write the report; a missed target is told and is no failure."""
    if arguments.bags:
        return bench_bags.run(arguments)
    if arguments.training:
        return bench_training.run(arguments, arguments.model or MODELS)
    effort = {**(QUICK if arguments.quick else FULL), **_given(arguments)}
    weights = _weights(arguments.weights)
    make_folder(arguments.out)
    report = {**circumstances(), **effort, "models": {}}
    missed = 0
    for model in arguments.model or MODELS:
        options = {"model": model, "weights": weights.get(model) or _usual_weights(model), **effort}
        entry = _entry(options, arguments.picture)
        report["models"][model] = entry
        missed += _show(model, entry)
        write(arguments.out / "speed.json", json.dumps(report, indent=1))
    if not arguments.model:
        report["pasting"] = [told(line) for line in pasting.measure(int(effort["rounds"]))]
        print("\nMasks of Mask R-CNN, 640x480")
        missed += table(report["pasting"])
        write(arguments.out / "speed.json", json.dumps(report, indent=1))
    closing(missed, arguments.out / "speed.json")
    return 0


def measure(options: Mapping[str, Any], picture: Path | None) -> dict[str, Any]:
    """Return the seconds of every call; where there is ROS, of what goes through the node as well."""
    if has_ros():
        return _measure_with_ros(options, picture)
    model = create(options["model"], options["weights"])
    return {"seconds": take_turns(contestants(model, picture_of(picture)), options["rounds"])}


def has_ros() -> bool:
    """Whether the node can run here."""
    return all(importlib.util.find_spec(name) for name in ("rclpy", "sensor_msgs", "vision_msgs", "diagnostic_msgs"))


def _measure_with_ros(options: Mapping[str, Any], picture: Path | None) -> dict[str, Any]:
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    words += [f"--picture={picture}"] if picture else []
    with ros_program(PROGRAM, words) as process:
        output, _ = process.communicate()
    if process.returncode != 0:
        raise DeepPerceptionError(f"bench: {PROGRAM} ended with code {process.returncode}. It says why above")
    measured: dict[str, Any] = json.loads(output.splitlines()[-1])
    return measured


def _entry(options: Mapping[str, Any], picture: Path | None) -> dict[str, Any]:
    measured = measure(options, picture)
    notes = []
    if options["weights"] == "none":
        notes.append("random weights: the same work, but nothing is found")
    if "overload" not in measured:
        notes.append("no ROS here: only the calls were measured")
    summed = summary(measured)
    lines = [told(line) for line in figures(summed)]
    return {"weights": options["weights"], "notes": notes, "load_average": os.getloadavg(), "figures": lines, **summed}


def _show(model: str, entry: Mapping[str, Any]) -> int:
    """Print the table of one model; return how many targets were missed."""
    print(f"\n{model}, {torch.get_num_threads()} threads, load {entry['load_average'][0]:.1f}")
    for note in entry["notes"]:
        print(f"note: {note}")
    return table(entry["figures"])


def _given(arguments: argparse.Namespace) -> dict[str, float]:
    return {name: getattr(arguments, name) for name in ("rounds", "seconds") if getattr(arguments, name) is not None}


def _weights(given: list[str]) -> dict[str, str]:
    chosen = {}
    for text in given:
        model, equals, file = text.partition("=")
        if not equals or not file:
            raise ConfigError(f"--weights: got '{text}', expected MODEL=FILE")
        if model not in MODELS:
            raise ConfigError(f"--weights: {unknown('model', model, MODELS)}")
        chosen[model] = file
    return chosen


def _usual_weights(model: str) -> str:
    return "default" if Store().has(named_weights(model)) else "none"
