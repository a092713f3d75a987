"""A passage over the pictures of a recording: read and decode, answer, score, each while the others work too."""

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import islice

import numpy as np

from deep_perception.data.recordings import RecordedPicture, Recording, pictures
from deep_perception.errors import ImageError
from deep_perception.evaluation.bags.answers import Answer, Answers, Seen
from deep_perception.evaluation.bags.entry import Entry
from deep_perception.evaluation.bags.job import Job
from deep_perception.evaluation.bags.scorer import Scorer, Taken
from deep_perception.evaluation.bags.shards import Shard
from deep_perception.models.resampling import reduced
from deep_perception.predictions import Image
from deep_perception.runtime.ahead import Ahead

WAITING = 2
"""Batches that are decoded, and batches that are answered, before the next stage takes them."""


class Passage:
    """Does shards of a job, one after the other."""

    def __init__(self, job: Job, answers: Answers) -> None:
        self._job, self._answers = job, answers

    def entries(self, shard: Shard, done: int = 0) -> Iterator[Entry]:
        """Yield the pictures of a shard, all but the first `done`, which were whole batches."""
        stream, size = self._job.streams[shard.stream], self._job.config.batch
        first = shard.first + done
        again = first if self._job.whole else min(first, size)  # what comes next depends on these
        recording = Recording(stream.path)
        self._answers.begin(recording)
        wanted = islice(pictures(recording, stream.camera, self._job.window), first - again, shard.last)
        with closing(self._scored(self._taken(wanted), Scorer(self._job, stream, recording))) as found:
            yield from islice(found, again, None)

    def _taken(self, wanted: Iterator[RecordedPicture]) -> Generator[list[Taken], None, None]:
        """Read and decode batches."""
        timed = _timed(wanted)
        while batch := list(islice(timed, self._job.config.batch)):
            yield [self._decoded(*one) for one in batch]

    def _decoded(self, picture: RecordedPicture, read_s: float) -> Taken:
        start = time.perf_counter()
        image, seen, trouble = None, None, None
        try:
            image = picture.decode()
            image, seen = as_shown(image, self._job.shrink)
        except ImageError as err:
            trouble = err
        return Taken(picture, image, seen, trouble, {"read": read_s, "decode": time.perf_counter() - start})

    def _scored(self, batches: Generator[list[Taken], None, None], scorer: Scorer) -> Generator[Entry, None, None]:
        waiting: deque[Future[list[Entry]]] = deque()
        room = WAITING * self._job.config.batch
        with ThreadPoolExecutor(1, "score") as thread, closing(Ahead(batches, len, room)) as ready:
            for batch in ready:
                waiting.append(thread.submit(_lines, scorer, batch, *self._answered(batch)))
                if len(waiting) > WAITING:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()

    def _answered(self, batch: Sequence[Taken]) -> tuple[list[Answer], float]:
        """Return the answers to a batch and the seconds that each took."""
        start = time.perf_counter()
        shown = [Seen(one.picture.stamp_ns, one.seen) for one in batch if one.seen is not None]
        answers = iter(self._answers(shown) if shown else ())
        together = [Answer() if one.seen is None else next(answers) for one in batch]
        return together, (time.perf_counter() - start) / len(batch)


def as_shown(image: Image, scale: int) -> tuple[Image, Image]:
    """Return the truth about a picture and what is shown: an upscaler is given a smaller picture of its own."""
    if scale == 1:
        return image, image
    height, width = (side // scale * scale for side in image.shape[:2])
    if not height or not width:
        raise ImageError("size", f"{image.shape[1]}x{image.shape[0]} pixels cannot be made {scale} times smaller")
    return np.ascontiguousarray(image[:height, :width]), reduced(image, scale)


def _timed(items: Iterator[RecordedPicture]) -> Iterator[tuple[RecordedPicture, float]]:
    """Yield items, and the seconds that getting each took."""
    start = time.perf_counter()
    for item in items:
        yield item, time.perf_counter() - start
        start = time.perf_counter()


def _lines(scorer: Scorer, batch: Sequence[Taken], answers: Sequence[Answer], model_s: float) -> list[Entry]:
    """Score a batch."""
    entries = []
    for taken, answer in zip(batch, answers, strict=True):
        start = time.perf_counter()
        entry = scorer(taken, answer)
        seconds = {**taken.seconds, "model": model_s, "score": time.perf_counter() - start}
        entries.append(replace(entry, seconds=seconds))
    return entries
