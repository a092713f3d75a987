"""deep_perception demo: everything at work on rendered scenes, measured against the truth."""

import argparse
import importlib.util
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deep_perception.cli.report_folder import make_folder, write
from deep_perception.cli.ros_program import ros_program
from deep_perception.cli.tables import print_table
from deep_perception.config import SceneCameraConfig
from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.evaluation.demo_page import page
from deep_perception.evaluation.demo_result import Figure, Result, Stream, from_json

EXAMPLE = """example:
  deep_perception demo --seconds 30 --seed 7 --out out/demo"""

DEMO = "deep_perception.ros.demo"
COLUMNS = ("topic", "Hz", "age p50 (ms)", "age p95 (ms)", "published", "answered", "skipped", "lost")
SHORTEST, LONGEST = 4, 600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("--seconds", type=_seconds, default=15.0, metavar="X", help="how long to listen (default: 15)")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), metavar="DIR", help="report (default: out/demo)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="number of the first scene (default: 0)")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo, print its table and write its report; 1 if something is not as good as it must be."""
    SceneCameraConfig(seed=arguments.seed)
    require_ros()
    make_folder(arguments.out)
    print("Starting a camera of rendered scenes, and one process with a model for each of six tasks ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="deep_perception_demo_") as folder:
        result = watch(arguments.seconds, arguments.seed, Path(folder))
        pictures = {file.name: file.read_bytes() for file in Path(folder).glob("*.jpg")}
    write(arguments.out / "result.json", json.dumps(result.summary(), indent=2, ensure_ascii=False))
    write(arguments.out / "index.html", page(result, pictures))
    return show(result, arguments.out)


def watch(seconds: float, seed: int, folder: Path) -> Result:
    """Let the ROS side run and follow what it says; raise DeepPerceptionError when it fails."""

    def tell(said: Mapping[str, Any]) -> None:
        print(f"All are up after {said['up']:.0f} s. Listening for {seconds:g} s ...", flush=True)

    options = [f"--seconds={seconds}", f"--seed={seed}", f"--folder={folder}"]
    return from_json(result_of("demo", DEMO, options, tell))


def result_of(verb: str, program: str, options: Sequence[str], tell: Callable[[Mapping[str, Any]], None]) -> Any:
    """Run a module of deep_perception.ros, pass on what it says, and return its result; raise DeepPerceptionError."""
    with ros_program(program, options) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "failed" in said:
                raise DeepPerceptionError(f"{verb}: {said['failed']}")
            if "result" in said:
                return said["result"]
            tell(said)
        raise DeepPerceptionError(
            f"{verb}: {program} ended with code {process.wait()} and no result. It says why above"
        )


def show(result: Result, out: Path) -> int:
    """Print the figures and the verdict."""
    print()
    print_table(COLUMNS, [_row(stream) for stream in result.streams])
    print()
    print_table(("task", "judged", "figure", "value", "at least"), [_judgement(figure) for figure in result.figures])
    print(f"\nReport: {out / 'index.html'}", flush=True)
    return judged(result.shortfalls())


def judged(shortfalls: Sequence[str]) -> int:
    """Print what is not as good as it must be; return the exit code."""
    for line in shortfalls:
        print(f"\nDEMO FAILED: {line}", file=sys.stderr)
    return int(bool(shortfalls))


def _judgement(figure: Figure) -> list[object]:
    return [figure.task, figure.judged, figure.name, figure.text, f"{figure.least:g}"]


def _row(stream: Stream) -> list[object]:
    figures = [stream.rate_hz, stream.age_p50_ms, stream.age_p95_ms]
    counts = [stream.published, stream.answered, stream.skipped, stream.lost]
    shown = [None if figure is None else round(figure, 1) for figure in figures]
    return [stream.topic, *("" if cell is None else cell for cell in (*shown, *counts))]


def _seconds(text: str) -> float:
    seconds = float(text)
    if not SHORTEST <= seconds <= LONGEST:
        raise argparse.ArgumentTypeError(f"got {text}, expected {SHORTEST} to {LONGEST}")
    return seconds


def require_ros() -> None:
    """Raise ConfigError where the ROS side could not run."""
    for package in ("rclpy", "sensor_msgs", "diagnostic_msgs", "vision_msgs"):
        if importlib.util.find_spec(package) is None:
            raise ConfigError(f"demo: {package} is not installed, expected ROS 2. Source its setup.bash, or: make demo")
