"""Processes that do the shards of a job side by side, and hand over every line as soon as it is there."""

import multiprocessing
import queue
from collections.abc import Generator, Sequence
from multiprocessing.context import ForkServerProcess
from typing import Any, TypeAlias

from deep_perception.errors import DeepPerceptionError
from deep_perception.evaluation.bags.job import Job
from deep_perception.evaluation.bags.passage import Passage
from deep_perception.evaluation.bags.planning import answers_of
from deep_perception.evaluation.bags.shards import Shard
from deep_perception.runtime.child_process import behave

Todo: TypeAlias = Sequence[tuple[Shard, int]]
"""Shards, and how many of their pictures are done."""
Line: TypeAlias = tuple[int, str]
"""Number of the shard, and what is kept of a picture."""

WAITING = 64
"""Lines that wait to be written before the processes do."""
PATIENCE_S = 1.0


def here(passage: Passage, todo: Todo) -> Generator[Line, None, None]:
    """Do the shards in this process."""
    for shard, done in todo:
        for entry in passage.entries(shard, done):
            yield shard.number, entry.to_json()


def side_by_side(job: Job, todo: Todo, workers: int) -> Generator[Line, None, None]:
    """Do the shards in so many processes; raise DeepPerceptionError where one of them cannot go on."""
    # A fork of this process would share its threads' locks and its GPU, so a clean process is forked instead.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    tasks, lines = context.Queue(), context.Queue(WAITING)
    for task in (*todo, *[None] * workers):
        tasks.put(task)
    crew = [context.Process(target=_work, args=(job, tasks, lines), daemon=True) for _ in range(workers)]
    try:
        for process in crew:
            process.start()
        yield from _brought(lines, crew)
    finally:
        for process in crew:
            process.terminate()
            process.join()
        tasks.cancel_join_thread()


def _brought(lines: "multiprocessing.Queue[Any]", crew: Sequence[ForkServerProcess]) -> Generator[Line, None, None]:
    """Yield lines until every process says that it is done."""
    busy = len(crew)
    while busy:
        try:
            brought = lines.get(timeout=PATIENCE_S)
        except queue.Empty:
            _check_alive(crew)
            continue
        if isinstance(brought, DeepPerceptionError):
            raise brought
        if brought is None:
            busy -= 1
        else:
            yield brought


def _check_alive(crew: Sequence[ForkServerProcess]) -> None:
    for process in crew:
        if process.exitcode:
            raise DeepPerceptionError(
                f"--workers: a process ended with code {process.exitcode}: it says why above, or memory ran out. "
                "Go on with --resume and fewer --workers"
            )


def _work(job: Job, tasks: "multiprocessing.Queue[Any]", lines: "multiprocessing.Queue[Any]") -> None:
    """Do shards until there are no more."""
    behave()
    try:
        passage = Passage(job, answers_of(job))
        while (task := tasks.get()) is not None:
            for line in here(passage, [task]):
                lines.put(line)
    except DeepPerceptionError as err:
        lines.put(err)
    else:
        lines.put(None)
