"""deep_perception train: a model learns from a data set, and proves on its test part what that was good for."""

import argparse
import os
import shlex
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any

from deep_perception.cli import INTERRUPTED
from deep_perception.cli.options import add_settings
from deep_perception.cli.training_progress import TrainingProgress
from deep_perception.config import TrainConfig
from deep_perception.errors import ConfigError
from deep_perception.training.fit import train
from deep_perception.training.job import Job
from deep_perception.training.listener import Listener
from deep_perception.training.report import read_proof
from deep_perception.training.run_folder import CONFIG, MODEL, PROOF, REPORT, RunFolder
from deep_perception.training.worse import worse_classes

EXAMPLE = """examples:
  deep_perception train datasets/kitchen --out runs/kitchen
  deep_perception train datasets/kitchen --out runs/kitchen --resume
  deep_perception train datasets/digits --model lenet5 --weights none --epochs 10 --out runs/digits
  deep_perception train datasets/kitchen --search lr=1e-4,1e-3 weight_decay=0,0.05 --out runs/search
  torchrun --nproc-per-node 2 -m deep_perception train datasets/kitchen --out runs/kitchen

The data set must be split: deep_perception dataset split. How it went: RUN/report.html."""

SETTINGS = tuple(item.name for item in fields(TrainConfig))
OTHERS = ("replaces", "search")
FREE = ("workers", "device", "download")
"""Settings that may change before a training goes on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="folder of a data set that is split")
    parser.add_argument("--out", type=Path, metavar="RUN", required=True, help="new folder for all that comes of it")
    parser.add_argument("--resume", action="store_true", help="go on with the training in RUN where it was stopped")
    parser.add_argument(
        "--overfit-batch",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="see first whether one batch can be learnt by heart (default: yes)",
    )
    parser.add_argument(
        "--replaces",
        metavar="WEIGHTS",
        default=argparse.SUPPRESS,
        help="file or name of the weights to compare with at the end (default: those that it begins with)",
    )
    parser.add_argument(
        "--search",
        metavar="NAME=VALUE,VALUE",
        nargs="+",
        default=argparse.SUPPRESS,
        help="try all of these settings for a few epochs, the better half of them for longer, and train with the best",
    )
    add_settings(parser, TrainConfig)


def run(arguments: argparse.Namespace) -> int:
    """Train and print the verdict."""
    folder = RunFolder(arguments.out, writes=os.environ.get("RANK", "0") == "0")  # torchrun numbers its processes
    wanted = {name: _plain(value) for name, value in vars(arguments).items() if name in (*SETTINGS, *OTHERS)}
    if arguments.resume:
        folder.check_begun()
        wanted = as_begun(folder, wanted)
        if folder.has(PROOF):
            return _conclude(folder, str(folder.read(PROOF)["sentence"]))
    else:
        folder.check_new()
    others = {name: wanted.pop(name) for name in OTHERS if name in wanted}
    job = Job.of(arguments.dataset, TrainConfig(**wanted), **others)
    return _train(job, folder, overfit=arguments.overfit_batch)


def as_begun(folder: RunFolder, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a training was begun with; raise ConfigError where something else is wanted now."""
    said = folder.read(CONFIG)
    begun = {**said["given"], **{name: said[name] for name in OTHERS}}
    begun = {name: _plain(value) for name, value in begun.items()}
    for name, value in wanted.items():
        if name not in FREE and value != begun[name]:
            raise ConfigError(
                f"--{name.replace('_', '-')}: got {value}, but this training began with {begun[name]}. "
                "Leave it out, or begin another training in another folder"
            )
    return {**begun, **wanted}


def _plain(value: Any) -> Any:
    """Return what is a tuple in settings, but a list in JSON and on the command line, as a tuple."""
    return tuple(value) if isinstance(value, list) else value


def _train(job: Job, folder: RunFolder, *, overfit: bool) -> int:
    again = shlex.join(["deep_perception", "train", str(job.dataset.folder), "--out", str(folder.path), "--resume"])
    try:
        with TrainingProgress() if folder.writes else nullcontext(Listener()) as listener:
            outcome = train(job, folder, listener, overfit=overfit)
    except KeyboardInterrupt:
        print(f"stopped before the first step. Begin again: {again}")
        return INTERRUPTED
    if outcome.signal:
        if folder.writes:
            print(f"{outcome.sentence}. Go on: {again}")
        return 128 + outcome.signal  # as shells report it
    return _conclude(folder, outcome.sentence)


def _conclude(folder: RunFolder, sentence: str) -> int:
    if folder.writes:
        print(", ".join(filter(None, (sentence, worse_classes(read_proof(folder))))))
        print(f"The model is {folder.path / MODEL}, how it went is told in {folder.path / REPORT}")
    return 0
