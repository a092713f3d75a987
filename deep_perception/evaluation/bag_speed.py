"""How fast recordings are scored beside the bare model and by several processes, and whether memory stays flat."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer

from deep_perception.config import PerceptionConfig
from deep_perception.data.recordings import Recording, pictures
from deep_perception.data.vision_messages import types
from deep_perception.errors import DeepPerceptionError
from deep_perception.evaluate_config import EvaluateConfig
from deep_perception.evaluation.bags.answers import ModelAnswers
from deep_perception.evaluation.bags.course import one_thread
from deep_perception.evaluation.bags.crew import here, side_by_side
from deep_perception.evaluation.bags.passage import Passage
from deep_perception.evaluation.bags.planning import plan
from deep_perception.evaluation.bags.shards import cut
from deep_perception.evaluation.speed import Figure
from deep_perception.scenes import LABELS, Scene, View, render

TOPIC, KIND = "/camera/image_raw/compressed", "sensor_msgs/msg/CompressedImage"
DETECTOR, SMALL = "fcos_shufflenet_v2_x1_0_fpn", "mobilenet_v2"
"""One that comes with the package, so that it finds things everywhere, and one that is small."""
USUAL, TINY = (480, 640), (96, 128)
"""Height and width of the pictures."""
SCENES, PERIOD_NS, SECOND = 6, 100_000_000, 1_000_000_000

LEAST_OF_BARE, LEAST_GAIN, MOST_GROWTH = 0.9, 1.5, 1.2
WORKERS = 4

Contestants = Mapping[str, Callable[[], float]]
"""Each measures its own pictures a second."""


def write_bag(folder: Path, frames: int, size: tuple[int, int]) -> tuple[Path, Path]:
    """Write rendered scenes as a recording, and what is true of them; return where both are."""
    views = [render(Scene(seed), 0.0, size) for seed in range(SCENES)]
    jpegs = [cv2.imencode(".jpg", view.image[..., ::-1])[1].reshape(-1) for view in views]
    bag, truth, store = folder / f"bag{frames}", folder / f"truth{frames}.json", types()
    with Writer(bag, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection(TOPIC, KIND, typestore=store)
        for number in range(frames):
            stamp = store.types["builtin_interfaces/msg/Time"](*divmod(number * PERIOD_NS, SECOND))
            header = store.types["std_msgs/msg/Header"](stamp, "camera")
            message = store.types[KIND](header, "jpeg", jpegs[number % SCENES])
            writer.write(connection, number * PERIOD_NS, store.serialize_cdr(message, KIND))
    said = {str(number * PERIOD_NS): _true(views[number % SCENES]) for number in range(frames)}
    truth.write_text(json.dumps(said), encoding="utf-8")
    return bag, truth


def beside_bare(frames: int, rounds: int) -> list[Figure]:
    """Compare the bare model on decoded pictures in memory with an evaluation of their recording."""
    with tempfile.TemporaryDirectory() as folder:
        bag, truth = write_bag(Path(folder), frames, USUAL)
        config = EvaluateConfig(truth=str(truth), truth_label=LABELS[1])
        job, answers = plan([bag], config, PerceptionConfig(model=DETECTOR, device="cpu"))
        assert isinstance(answers, ModelAnswers)
        images, ask = [picture.decode() for picture in pictures(Recording(bag), TOPIC)], answers.model
        cores = len(os.sched_getaffinity(0))
        whole, parts = ([(shard, 0) for shard in cut([frames], workers, 1)] for workers in (1, cores))
        bare = partial(pace, lambda: (ask([image]) for image in images))
        sides: Contestants = {
            "bare model, one core": partial(_on_one_core, bare),
            "evaluate, one process": partial(_on_one_core, partial(pace, lambda: here(Passage(job, answers), whole))),
            "bare model, all cores": bare,
            "evaluate, a process a core": partial(pace, lambda: side_by_side(job, parts, cores)),
        }
        rates = _turns(sides, rounds)
    one, crew = "evaluate, one process", "evaluate, a process a core"
    return [
        *_paces(rates),
        _ratio(rates, one, "bare model, one core", LEAST_OF_BARE),
        _ratio(rates, crew, "bare model, all cores", LEAST_OF_BARE),
    ]


def side_by_side_gain(frames: int, rounds: int) -> list[Figure]:
    """Compare several processes with one, with a small model."""
    with tempfile.TemporaryDirectory() as folder:
        bag, _ = write_bag(Path(folder), frames, USUAL)
        job, _ = plan([bag], EvaluateConfig(), PerceptionConfig(model=SMALL, weights="none", device="cpu"))
        sides = {}
        for workers in (1, WORKERS):
            todo = [(shard, 0) for shard in cut([frames], workers, 1)]
            sides[_called(workers)] = partial(pace, partial(side_by_side, job, todo, workers))
        rates = _turns(sides, rounds)
    return [*_paces(rates), _ratio(rates, _called(WORKERS), _called(1), LEAST_GAIN)]


def memory(few: int, many: int) -> list[Figure]:
    """Compare the most memory that an evaluation of many pictures holds with that of few."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_resident_mb(*write_bag(Path(folder), frames, TINY)) for frames in (few, many))
    return [
        Figure(f"resident memory, {few} pictures", small, "MB"),
        Figure(f"resident memory, {many} pictures", large, "MB"),
        Figure(f"{many} pictures / {few} pictures", large / small, "x", MOST_GROWTH),
    ]


def pace(work: Callable[[], Generator[object, None, None]]) -> float:
    """Return how many a second come, from the first to the last: what starts is not timed."""
    with closing(work()) as coming:
        times = [time.perf_counter() for _ in coming]
    return (len(times) - 1) / (times[-1] - times[0])


def _on_one_core(measure: Callable[[], float]) -> float:
    with one_thread():
        return measure()


def _turns(sides: Contestants, rounds: int) -> dict[str, list[float]]:
    """Measure all of them, one after the other, each round in another order."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    order = list(sides)
    for number in range(rounds):
        for name in order if number % 2 else reversed(order):
            rates[name].append(sides[name]())
    return rates


def _paces(rates: Mapping[str, list[float]]) -> list[Figure]:
    return [Figure(name, float(np.median(values)), "pictures/s") for name, values in rates.items()]


def _ratio(rates: Mapping[str, list[float]], ours: str, theirs: str, least: float) -> Figure:
    low, middle, high = np.percentile(np.asarray(rates[ours]) / rates[theirs], (25, 50, 75))
    note = f"paired; half of the rounds {low:.2f} to {high:.2f}"
    return Figure(f"{ours} / {theirs}", float(middle), "x", note=note, least=least)


def _called(workers: int) -> str:
    return f"{SMALL}, {workers} processes" if workers > 1 else f"{SMALL}, one process"


def _resident_mb(bag: Path, truth: Path) -> float:
    """Return the most memory that evaluating a recording holds at once, as the system counts it."""
    words = ["evaluate", str(bag), f"--model={DETECTOR}", "--device=cpu", f"--truth={truth}", "--workers=1"]
    words += [f"--truth-label={LABELS[1]}", f"--out={bag}_scores"]
    process = subprocess.Popen([sys.executable, "-m", "deep_perception", *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise DeepPerceptionError(f"bench: evaluate ended with code {process.returncode}. It says why above")
    return usage.ru_maxrss / 1e3


def _true(view: View) -> dict[str, object]:
    return {"boxes_xyxy": view.instances.boxes.tolist()}
