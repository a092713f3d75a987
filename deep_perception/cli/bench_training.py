"""deep_perception bench --training: how fast models learn on this machine, beside torchvision's own loop."""

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deep_perception.cli.bench_report import circumstances, closing, table, told
from deep_perception.cli.report_folder import make_folder, write
from deep_perception.errors import ConfigError
from deep_perception.evaluation import training_speed

FULL = {"rounds": 15, "pictures": 32, "batch": 8, "workers": 1}
QUICK = {"rounds": 2, "pictures": 4, "batch": 2, "workers": 0}


def run(arguments: argparse.Namespace, models: Sequence[str]) -> int:
    """Measure, print the tables and write the report; a missed target is told and is no failure."""
    if arguments.weights or arguments.picture or arguments.seconds:
        raise ConfigError("--training: it needs no --weights, --picture or --seconds, got one of them. Leave it out")
    effort = dict(QUICK if arguments.quick else FULL)
    effort["rounds"] = arguments.rounds or effort["rounds"]
    make_folder(arguments.out)
    path = arguments.out / "training_speed.json"
    report: dict[str, Any] = {**circumstances(), **effort, "models": {}}
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        dataset = training_speed.write_scenes(Path(folder) / "scenes", effort["pictures"])
        for model in models:
            config = training_speed.config_of(model, effort["workers"], effort["batch"])
            rates = training_speed.measure(dataset, config, effort["rounds"])
            lines = [told(line) for line in training_speed.figures(rates)]
            report["models"][model] = {"load_average": os.getloadavg(), "pictures_per_second": rates, "figures": lines}
            print(f"\nTraining of {model}, {report['threads']} threads, load {os.getloadavg()[0]:.1f}")
            missed += table(lines)
            write(path, json.dumps(report, indent=1))
    closing(missed, path)
    return 0
