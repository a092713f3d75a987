"""deep_perception demo-learn: from "does not know this thing" to "publishes it", on rendered scenes."""

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deep_perception.cli.demo import judged, require_ros, result_of
from deep_perception.cli.options import positive
from deep_perception.cli.report_folder import make_folder, write
from deep_perception.cli.tables import print_table
from deep_perception.evaluation.demo_learning import Learning, from_json

EXAMPLE = """example:
  deep_perception demo-learn --out out/demo-learn"""

PROGRAM = "deep_perception.ros.demo_learn"
TRAINING = ("--regime", "large", "--lr", "3e-4", "--epochs", "9", "--batch", "8", "--no-overfit-batch")
COLUMNS = ("class", "AP before", "AP after", "found live", "missed", "wrong")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/demo-learn"),
        metavar="DIR",
        help="what it leaves (default: out/demo-learn)",
    )
    parser.add_argument("--pictures", type=positive, default=400, metavar="N", help="to collect (default: 400)")
    parser.add_argument(
        "--questions", type=positive, default=100, metavar="N", help="scenes to examine on (default: 100)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the loop, print its figures; 1 if something is not as good as it must be."""
    require_ros()
    make_folder(arguments.out)
    # Each run begins with nothing; what earlier ones left stays where it is.
    folder = Path(tempfile.mkdtemp(prefix="run_", dir=arguments.out))
    result = follow(arguments, folder)
    write(folder / "result.json", json.dumps(result.summary(), indent=2, ensure_ascii=False))
    return show(result, folder)


def follow(arguments: argparse.Namespace, folder: Path) -> Learning:
    """Let the ROS side run and print what it says; raise DeepPerceptionError when it fails."""
    options = [f"--folder={folder}", f"--pictures={arguments.pictures}", f"--questions={arguments.questions}"]
    options.append(f"--training={json.dumps(TRAINING)}")
    return from_json(result_of("demo-learn", PROGRAM, options, tell))


def tell(said: Mapping[str, Any]) -> None:
    """Print which step begins, or what a step says."""
    print(f"\n== {said['step']}" if "step" in said else said["line"], flush=True)


def show(result: Learning, folder: Path) -> int:
    """Print the figures and the verdict."""
    print()
    print_table(COLUMNS, [_row(result, name) for name in result.after])
    minutes = sum(result.seconds.values()) / 60
    print(f"\n{result.newcomer}: {result.verdict}. Known classes, on new scenes: {-result.forgotten:+.3f} AP")
    print(f"{result.saved} pictures, {minutes:.1f} minutes. Report: {folder / 'run' / 'report.html'}")
    return judged(result.shortfalls())


def _row(result: Learning, name: str) -> list[object]:
    before, after, live = result.before.get(name, 0.0), result.after[name], result.live.get(name)
    counts = [live.found, live.missed, live.wrong] if live else ["", "", ""]
    return [name, f"{before:.3f}", f"{after:.3f}", *counts]
