"""deep_perception evaluate: how good a model, or what a robot published, is on recordings."""

import argparse
import shlex
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from deep_perception.cli.bench_report import circumstances
from deep_perception.cli.evaluation_summary import summary
from deep_perception.cli.options import add_settings, given
from deep_perception.cli.training_progress import TrainingProgress
from deep_perception.config import PerceptionConfig
from deep_perception.errors import ConfigError, InputError
from deep_perception.evaluate_config import EvaluateConfig
from deep_perception.evaluation.bags.answers import Answers
from deep_perception.evaluation.bags.conclusion import compare_in, conclude_in
from deep_perception.evaluation.bags.course import follow
from deep_perception.evaluation.bags.folder import COMPARED, REPORT, EvaluationFolder
from deep_perception.evaluation.bags.job import Job
from deep_perception.evaluation.bags.planning import plan, with_weights

EXAMPLE = """examples:
  deep_perception evaluate morning/ --model ssdlite320_mobilenet_v3_large --truth boxes.json --out scores/
  deep_perception evaluate morning/ evening.mcap --weights new.safetensors --compare old.safetensors --truth /truth \\
    --out scores/
  deep_perception evaluate morning/ --topic /detections --truth /truth --out live/
  deep_perception evaluate scores/ --compare live/

How it went: DIR/report.html; for machines: DIR/result.json."""

OF_MODEL = (
    *("model", "weights", "labels", "scale", "download", "device", "precision"),
    *("iou_threshold", "color_decoding", "render_factor", "temporal_smoothing", "tile"),
)
PATHS = ("truth", "weights", "labels")
FREE = ("workers", "ray", "download")
"""Settings that may change before an evaluation goes on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("bag", nargs="*", type=Path, metavar="BAG", help="ROS 2 recording, file or folder")
    parser.add_argument("--out", type=Path, metavar="DIR", help="new folder for all that comes of it")
    parser.add_argument("--resume", action="store_true", help="go on with the evaluation in DIR where it was stopped")
    parser.add_argument(
        "--compare",
        metavar="W2",
        default=argparse.SUPPRESS,
        help="weights of another model for the same pictures, or the folder of another evaluation",
    )
    add_settings(parser, PerceptionConfig, *OF_MODEL)
    add_settings(parser, EvaluateConfig)


def run(arguments: argparse.Namespace) -> int:
    """Score and say what came of it."""
    if len(arguments.bag) == 1 and EvaluationFolder(arguments.bag[0]).begun:
        return _compare_finished(arguments)
    if arguments.out is None:
        raise ConfigError("--out: got nothing, expected a new folder for all that comes of it")
    folder = EvaluationFolder(arguments.out)
    wanted = _wanted(arguments)
    if arguments.resume:
        wanted = as_begun(folder, wanted)
    else:
        folder.check_new()
    if not wanted.get("bags"):
        raise ConfigError("BAG: got none, expected at least one recording, as file or folder")
    return _evaluate(folder, wanted)


def as_begun(folder: EvaluationFolder, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an evaluation was begun with; raise ConfigError where something else is wanted now."""
    if not folder.begun:
        raise InputError(f"--resume: no evaluation was begun in {folder.path}. Leave it out")
    begun = {name: _plain(value) for name, value in folder.job()["given"].items()}
    for name, value in wanted.items():
        if name not in FREE and value != begun.get(name):
            said = begun.get(name, "its default")
            raise ConfigError(
                f"--{name.replace('_', '-')}: got {value}, but this evaluation began with {said}. "
                "Leave it out, or begin another evaluation in another folder"
            )
    return {**begun, **wanted}


def _wanted(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was really asked for, in a form that JSON keeps."""
    wanted = {**given(arguments, PerceptionConfig), **given(arguments, EvaluateConfig)}
    wanted |= {name: _absolute(wanted[name]) for name in PATHS if name in wanted}
    if arguments.bag:
        wanted["bags"] = tuple(str(bag.expanduser().resolve()) for bag in arguments.bag)
    if hasattr(arguments, "compare"):
        wanted["compare"] = _absolute(arguments.compare)
    return wanted


def _absolute(said: str) -> str:
    """Return a path that holds in whatever folder the work goes on; what is no file stays as it is."""
    path = Path(said).expanduser()
    return str(path.resolve()) if said and path.exists() else said


def _chosen(wanted: Mapping[str, Any], settings: type) -> dict[str, Any]:
    return {item.name: wanted[item.name] for item in fields(settings) if item.name in wanted}


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _evaluate(folder: EvaluationFolder, wanted: Mapping[str, Any]) -> int:
    """Do all that is wanted, planned before any of it is begun."""
    config = EvaluateConfig(**_chosen(wanted, EvaluateConfig))
    perception = PerceptionConfig(**_chosen(wanted, PerceptionConfig))
    bags, compare = [Path(bag) for bag in wanted["bags"]], wanted.get("compare", "")
    other = EvaluationFolder(Path(compare).expanduser()) if compare and Path(compare).expanduser().is_dir() else None
    said = other.result() if other else None
    works = [(plan(bags, config, perception), folder, wanted)]
    if compare and other is None:
        other, second = EvaluationFolder(folder.path / COMPARED), with_weights(perception, compare)
        changed = {"model": second.model, "weights": second.weights, "topic": ""}
        works.append((plan(bags, replace(config, topic=""), second), other, {**wanted, **changed}))
    tasks = {job.task for (job, _), _, _ in works} | ({said["task"]} if said else set())
    if len(tasks) > 1:
        raise ConfigError(f"--compare: got answers of {' and '.join(sorted(tasks))}, expected two of one task")
    for (job, answers), place, asked in works:
        if signal := _work(job, answers, place, asked):
            again = shlex.join(["deep_perception", "evaluate", "--out", str(folder.path), "--resume"])
            print(f"stopped. What is done is in {place.path / REPORT}. Go on: {again}")
            return 128 + signal  # as shells report it
    result = compare_in(folder, other.path) if other else folder.result()
    return _conclude(folder, result)


def _work(job: Job, answers: Answers, folder: EvaluationFolder, wanted: Mapping[str, Any]) -> int:
    """Do one job, or what is left of it; return the signal that stopped it."""
    if folder.concluded:
        return 0
    with folder.claimed(), TrainingProgress() as progress:
        signal = follow(job, answers, folder, wanted, progress)
        conclude_in(folder, job, made(folder), finished=not signal)
    return signal


def made(folder: EvaluationFolder) -> dict[str, Any]:
    """Return what the result says of how it was made."""
    said = circumstances()
    what = {name: said[name] for name in ("command", "versions")}
    machine = {**said["machine"], "gpu": said["gpu"]}
    return {"when": said["time"], **what, "machine": machine, "seconds": folder.job()["seconds"]}


def _compare_finished(arguments: argparse.Namespace) -> int:
    """Compare two evaluations that were made before."""
    folder = EvaluationFolder(arguments.bag[0])
    others = {name for name in vars(arguments) if name not in ("bag", "compare", "out", "resume")}
    if not hasattr(arguments, "compare") or others or arguments.out or arguments.resume:
        raise ConfigError(f"{folder.path} is an evaluation, not a recording. Expected --compare DIR alone")
    other = EvaluationFolder(Path(arguments.compare).expanduser())
    other.result()
    return _conclude(folder, compare_in(folder, other.path))


def _conclude(folder: EvaluationFolder, result: Mapping[str, Any]) -> int:
    """Say in a few lines what came of it."""
    for line in summary(result):
        print(line)
    print(f"All figures and the worst pictures: {folder.path / REPORT}")
    return 0
