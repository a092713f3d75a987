"""The course of an evaluation: a line for every picture, by one process or several, from where it stopped before."""

import os
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import astuple
from typing import Any

import cv2
import torch

from deep_perception.durable_files import in_words
from deep_perception.errors import InputError, StorageError
from deep_perception.evaluation.bags.answers import Answers
from deep_perception.evaluation.bags.crew import Line, Todo, here, side_by_side
from deep_perception.evaluation.bags.folder import JOB, EvaluationFolder
from deep_perception.evaluation.bags.job import Job
from deep_perception.evaluation.bags.on_ray import Cluster
from deep_perception.evaluation.bags.passage import Passage
from deep_perception.evaluation.bags.shards import Shard, cut, sensible_workers
from deep_perception.training.interruption import Interruption
from deep_perception.training.listener import Listener

SCHEMA = 1


def follow(job: Job, answers: Answers, folder: EvaluationFolder, given: Mapping[str, Any], listener: Listener) -> int:
    """Write the lines that are missing; return the signal that stopped it, 0 when all are there.

    `given` is what was asked for, which is written down so that --resume can ask for it again.
    """
    start, before = time.monotonic(), folder.job()["seconds"] if folder.begun else 0.0
    signal = _write_lines(job, answers, folder, given, listener)
    folder.write(JOB, {**folder.job(), "seconds": before + time.monotonic() - start})
    return signal


def _write_lines(
    job: Job, answers: Answers, folder: EvaluationFolder, given: Mapping[str, Any], listener: Listener
) -> int:
    counts = [stream.pictures(job.window) for stream in job.streams]
    with ExitStack() as stack:
        cores = len(os.sched_getaffinity(0))
        cluster = stack.enter_context(closing(Cluster(job.config.ray, cores))) if job.config.ray else None
        workers = _workers(job, sum(counts), cluster.workers if cluster else cores)
        todo = _begun(folder, job, given, cut(counts, workers, job.config.batch, whole=job.whole))
        stack.enter_context(one_thread())
        lines = cluster.lines(job, todo) if cluster else _lines(job, answers, todo, workers)
        stack.enter_context(closing(lines))
        wish = stack.enter_context(Interruption())
        listener.begin("evaluate", sum(counts), done=sum(done for _, done in todo))
        for number, line in lines:
            _add(folder, number, line)
            listener.advance()
            if wish.signal:
                break
    return wish.signal


@contextmanager
def one_thread() -> Iterator[None]:
    """Let networks work on one core for a while.

    How a sum is shared out among threads decides its last digits, so that figures would depend on how many cores and
    processes there are. Several processes use the cores better than several threads of one.
    """
    torch_threads, cv2_threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(torch_threads)
        cv2.setNumThreads(cv2_threads)


def _workers(job: Job, pictures: int, cores: int) -> int:
    """Return how many processes there are to be, unless that is said: one on a GPU, else one on each core."""
    on_gpu = str(job.subject.get("device", "")).startswith("cuda")
    return job.config.workers or sensible_workers(pictures, 1 if on_gpu else cores)


def _lines(job: Job, answers: Answers, todo: Todo, workers: int) -> Generator[Line, None, None]:
    return side_by_side(job, todo, workers) if workers > 1 else here(Passage(job, answers), todo)


def _begun(folder: EvaluationFolder, job: Job, given: Mapping[str, Any], shards: tuple[Shard, ...]) -> Todo:
    """Return what is to do, of other shards where an evaluation was begun; raise InputError if its input changed."""
    if not folder.begun:
        begun = {"given": given, "facts": job.facts(), "shards": [astuple(shard) for shard in shards]}
        folder.write(JOB, {"schema": SCHEMA, **begun, "seconds": 0.0})
        return [(shard, 0) for shard in shards]
    said = folder.job()
    for name, value in job.facts().items():
        if said["facts"][name] != value:
            raise InputError(
                f"--resume: {name} are not those that {folder.path} began with. Evaluate anew, into another folder"
            )
    begun_shards = [Shard(*shard) for shard in said["shards"]]
    return [(shard, folder.begin_again(shard.number, job.config.batch)) for shard in begun_shards]


def _add(folder: EvaluationFolder, number: int, line: str) -> None:
    """Write a line, which is there whatever happens next."""
    path = folder.file_of(number)
    with in_words(f"cannot write '{path}'", StorageError), open(path, "a", encoding="utf-8") as file:
        file.write(f"{line}\n")
