"""The learning loop on rendered scenes; `deep_perception demo-learn` runs it as a program.

A detector meets a thing that it does not know. A teacher points it out; the collector saves; a model is trained,
proved, and put into the running node; at the end the way back is tried. Every verb is run as a person would type it.

It prints JSON lines: {"step": title}, {"line": text}, at the end {"result": ...} or {"failed": why}.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from deep_perception.errors import DeepPerceptionError
from deep_perception.evaluation.demo_learning import Learning, precision_by_class, questions
from deep_perception.ros.demo_exam import DemoExam
from deep_perception.ros.demo_programs import MODELS, Program, Running, end_with_parent, running
from deep_perception.ros.domain import private_domain
from deep_perception.ros.transport import make_room
from deep_perception.runtime.ledger import Ledger

NEWCOMER = "pawn"
NODE = "/perception"
NETWORK, WEIGHTS = MODELS["detector"]
DETECTOR = Program("perception_node", "perception", {"model": NETWORK, "weights": WEIGHTS})
CAMERA = Program("scene_camera", "scene_camera", {"newcomer": NEWCOMER, "scene_s": 1.0, "rate_hz": 3.0})
TEACHER = Program("demo_teacher", "teacher", {"teaches": NEWCOMER})
COLLECTOR = Program(
    "collector_node",
    "collector",
    {
        "per_minute": 1000,
        "per_hour": 10_000,
        "reserve": 0.0,
        "least_gap_s": 0.0,
        "novelty": "none",
        "match_timeout_s": 5.0,
    },
)
START_S, MOST_S = 120.0, 420.0
EXAM_S = 25.0
PICTURES = 6


def main() -> int:
    """Run it; what a user can mend is told in the last line."""
    end_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--pictures", type=int, required=True)
    parser.add_argument("--questions", type=int, required=True)
    parser.add_argument("--training", type=json.loads, required=True)
    arguments = parser.parse_args()
    try:
        result = Loop(arguments.folder, arguments.pictures, arguments.questions, arguments.training).run()
    except DeepPerceptionError as err:
        _say(failed=str(err))
        return 1
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # all is done and told: who reads it need not hurry us
    _say(result=asdict(result))
    return 0


class Loop:
    """The steps, in the order in which a robot team does them."""

    def __init__(self, folder: Path, pictures: int, asked: int, training: list[str]) -> None:
        self._folder, self._pictures, self._asked, self._training = folder, pictures, asked, training
        self._data, self._run = folder / "dataset", folder / "run"
        self._ledger = Ledger(folder / "ledger.jsonl")
        self._seconds: dict[str, float] = {}

    def run(self) -> Learning:
        """Collect, train, prove, swap, examine, go back."""
        make_room()
        with private_domain(), running([DETECTOR], self._folder) as detector:
            with self._step("Collecting what the teacher points out"):
                saved = self._collect(detector)
            with self._step("Training"):
                self._verb("dataset", "split", self._data)
                self._verb(
                    "train", self._data, "--weights", WEIGHTS, "--model", NETWORK, "--out", self._run, *self._training
                )
            with self._step("Swapping the running node's model"):
                self._verb("promote", self._run, "--node", NODE, "--ledger", self._ledger.path)
            with self._step("Looking at new scenes"):
                exam = self._examine(detector)
            with self._step("Trying the way back"):
                self._verb("rollback", "--node", NODE, "--ledger", self._ledger.path)
        with self._step("Comparing both models on scenes that nobody learnt from"):
            return self._summed_up(saved, exam)

    def _collect(self, detector: Running) -> int:
        collector = replace(COLLECTOR, parameters={**COLLECTOR.parameters, "dataset_dir": str(self._data)})
        manifest = self._data / "manifest.jsonl"
        with running([CAMERA, TEACHER, collector], self._folder) as programs:
            end, saved, told = time.monotonic() + MOST_S, 0, 0
            while saved < self._pictures and time.monotonic() < end:
                time.sleep(0.5)
                detector.check()
                programs.check()
                saved = _ids(manifest)
                if saved >= told + 100:
                    told = saved
                    _say(line=f"{saved} of {self._pictures} pictures")
            if not saved:
                raise DeepPerceptionError(f"nothing was collected in {MOST_S:g} s. {programs.last_lines()}")
        return saved

    def _verb(self, *words: object) -> None:
        """Run a verb of the command line as a person would, and pass on what it says."""
        command = [sys.executable, "-m", "deep_perception", *map(str, words)]
        _say(line=f"$ deep_perception {' '.join(map(str, words))}")
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=end_with_parent
        )
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            if last := line.rstrip() or last:
                _say(line=line.rstrip())
        if code := process.wait():
            raise DeepPerceptionError(f"{words[0]} ended with code {code}: {last}")

    def _examine(self, detector: Running) -> DemoExam:
        """Show other scenes to the node, and judge what it publishes."""
        camera = replace(CAMERA, parameters={**CAMERA.parameters, "seed": 5000})
        with running([camera], self._folder) as programs:
            rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
            executor, exam = SingleThreadedExecutor(), DemoExam(NEWCOMER, PICTURES)
            executor.add_node(exam)
            try:
                _spin(executor, (detector, programs), lambda: exam.judged > 0, START_S)
                _spin(executor, (detector, programs), lambda: False, EXAM_S)
            finally:
                rclpy.try_shutdown()
        for number, picture in enumerate(exam.pictures):
            cv2.imwrite(str(self._folder / f"after_{number}.jpg"), picture[..., ::-1])
        return exam

    def _summed_up(self, saved: int, exam: DemoExam) -> Learning:
        asked = questions(NEWCOMER, self._asked)
        promoted, back = self._ledger.entries()
        return Learning(
            newcomer=NEWCOMER,
            saved=saved,
            verdict=promoted.verdict,
            before=precision_by_class(WEIGHTS, NETWORK, asked),
            after=precision_by_class(promoted.after.weights, NETWORK, asked),
            live=exam.classes,
            version=promoted.after.version,
            rolled_back=back.after.method == promoted.before.method,
            seconds=self._seconds,
        )

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        _say(step=title)
        began = time.monotonic()
        yield
        self._seconds[title] = round(time.monotonic() - began, 1)


def _ids(manifest: Path) -> int:
    """Count the pictures of a data set that grows."""
    if not manifest.exists():
        return 0
    lines = manifest.read_text(encoding="utf-8").split("\n")[:-1]  # the last one may be half written
    return len({json.loads(line)["id"] for line in lines})


def _spin(
    executor: SingleThreadedExecutor, nodes: tuple[Running, ...], done: Callable[[], bool], seconds: float
) -> None:
    """Listen until it is done or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not done():
        executor.spin_once(timeout_sec=0.2)
        for programs in nodes:
            programs.check()


def _say(**line: Any) -> None:
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
