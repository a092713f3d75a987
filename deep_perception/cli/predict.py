"""deep_perception predict: what a model sees in photos, folders, videos and recordings."""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deep_perception.cli import INTERRUPTED
from deep_perception.cli.findings import MOST_SHOWN, found_classes, sentence
from deep_perception.cli.options import add_settings, given, positive
from deep_perception.cli.predictions_folder import Folder, describe
from deep_perception.config import PerceptionConfig, Selection
from deep_perception.data.media import Frame, frames
from deep_perception.drawing import draw
from deep_perception.errors import ConfigError
from deep_perception.models import Model
from deep_perception.models.creation import create_configured
from deep_perception.models.memory import Memory
from deep_perception.predictions import ColourHints, Guide, Prediction

EXAMPLE = """examples:
  deep_perception predict ssdlite320_mobilenet_v3_large kitchen.jpg walk.mp4 --out seen
  deep_perception predict auto recordings/morning --weights mine.safetensors --topic /camera/image_raw --json"""

Item = TypeVar("Item")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("model", help="name of a network, or auto for the one named in the weights file")
    parser.add_argument("input", nargs="+", help="photo, folder of photos, video, or ROS 2 recording (folder or file)")
    parser.add_argument("--out", metavar="DIR", type=Path, help="write annotated pictures and predictions.jsonl here")
    parser.add_argument("--json", action="store_true", help="print one JSON line a frame")
    parser.add_argument("--topic", help="image topic of the recordings, where there are several")
    parser.add_argument("--batch", metavar="N", type=positive, default=1, help="frames at once (default: 1)")
    parser.add_argument("--stride", metavar="N", type=positive, default=1, help="take every N-th frame (default: all)")
    parser.add_argument("--max-frames", metavar="N", type=positive, help="stop after N frames")
    parser.add_argument(
        "--hint",
        metavar="X,Y,RRGGBB",
        type=_hint,
        action="append",
        default=[],
        help="colour of a pixel, for a colorizer that takes hints; may be given several times",
    )
    add_settings(parser, PerceptionConfig, "weights", "labels", "scale", "download", "device", "precision")
    add_settings(parser, Selection)


def run(arguments: argparse.Namespace) -> int:
    """Predict on every frame; what is finished stays when it is interrupted."""
    inputs = [frames(path, topic=arguments.topic, stride=arguments.stride) for path in arguments.input]
    folder = Folder(arguments.out, arguments.input) if arguments.out else None
    model = create_configured(PerceptionConfig(**given(arguments, PerceptionConfig)))
    report = _Report(model, folder, _hints(model, arguments.hint), as_json=arguments.json)
    batches = _in_batches(islice(chain.from_iterable(inputs), arguments.max_frames), arguments.batch)
    try:
        with report, closing(_ahead(batches)) as ready:
            for batch in ready:
                report.add(batch)
    except KeyboardInterrupt:
        report.conclude("interrupted, finished: ")
        return INTERRUPTED
    report.conclude()
    return 0


def _hint(text: str) -> tuple[float, float, bytes]:
    """Read a point and its colour."""
    parts = re.fullmatch(r"(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),#?([0-9a-fA-F]{6})", text)
    if parts is None:
        raise ConfigError(f"--hint: got '{text}', expected X,Y,RRGGBB such as 120,80,c04020")
    return float(parts[1]), float(parts[2]), bytes.fromhex(parts[3])


def _hints(model: Model, given: list[tuple[float, float, bytes]]) -> ColourHints | None:
    if not given:
        return None
    if model.guide is not ColourHints:
        raise ConfigError(f"--hint: {model.name} takes no hints of colour. colorizer_siggraph17 does")
    points = np.array([(x, y) for x, y, _ in given], np.float32)
    return ColourHints(points, np.array([list(colour) for _, _, colour in given], np.uint8))


def _in_batches(found: Iterable[Frame], size: int) -> Iterator[list[Frame]]:
    remaining = iter(found)
    while batch := list(islice(remaining, size)):
        yield batch


def _ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Yield `items` while a thread makes the next one ready."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = reader.submit(next, items, None)
            yield item


class _Report:
    """Predicts on frames and says what came out, to people or as JSON, on the screen and in a folder."""

    def __init__(self, model: Model, folder: Folder | None, guide: Guide | None, *, as_json: bool) -> None:
        self._model, self._folder, self._guide, self._as_json = model, folder, guide, as_json
        self._source: Path | None = None
        self._memory: Memory | None = None
        self._start, self._frames, self._found = time.monotonic(), 0, Counter[str]()
        # Where the lines scroll by on the terminal, they are the progress.
        shown = sys.stderr.isatty() and not sys.stdout.isatty()
        columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} frames"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), disable=not shown, redirect_stdout=False)
        self._task = self._progress.add_task("predict", total=None)

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
        if self._folder:
            self._folder.close()

    def add(self, batch: list[Frame]) -> None:
        """Predict on these frames and report them."""
        guides = [self._guide] * len(batch)
        for frame, answer in zip(batch, self._model([frame.image for frame in batch], guides), strict=True):
            prediction = self._remembered(frame, answer)
            entry = describe(frame, prediction, self._model)
            if self._folder:
                self._folder.add(entry, frame, draw(frame.image, prediction, self._model.labels), prediction)
            print(json.dumps(entry, ensure_ascii=False) if self._as_json else sentence(entry), flush=True)
            self._frames += 1
            self._found.update(found_classes(entry))
            self._progress.advance(self._task)

    def _remembered(self, frame: Frame, prediction: Prediction) -> Prediction:
        """Let what was seen before in the same video or recording count; photos stand alone."""
        if frame.stamp_ns is None:
            return prediction
        if self._source != frame.source:
            self._source, self._memory = frame.source, self._model.memory()
        return self._memory(frame.image, prediction) if self._memory else prediction

    def conclude(self, prefix: str = "") -> None:
        """Sum up."""
        seconds = time.monotonic() - self._start
        found = [f"{name} ({count})" for name, count in self._found.most_common(MOST_SHOWN)]
        names = ", ".join(found) or ("nothing found" if self._model.labels else "pictures made anew")
        where = f". Pictures and predictions.jsonl are in {self._folder.path}" if self._folder and self._frames else ""
        amount = "1 frame" if self._frames == 1 else f"{self._frames} frames"
        text = f"{prefix}{amount} in {seconds:.1f} s with {self._model.name}: {names}{where}"
        print(text, file=sys.stderr if self._as_json else sys.stdout)
