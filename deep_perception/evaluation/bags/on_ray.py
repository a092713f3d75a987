"""The shards of a job as tasks of Ray, on this machine or on a cluster that reaches the same files."""

import importlib
import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import torch

from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.evaluation.bags.crew import Line, Todo, here
from deep_perception.evaluation.bags.job import Job
from deep_perception.evaluation.bags.passage import Passage
from deep_perception.evaluation.bags.planning import answers_of
from deep_perception.evaluation.bags.shards import Shard

LOCAL = "local"
TOGETHER = 16
"""Lines that are handed over at once."""


class Cluster:
    """Ray, while it is needed."""

    def __init__(self, address: str, cores: int) -> None:
        """Reach the cluster, or start one on so many cores of this machine; raise ConfigError where that fails."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody consented to statistics being sent
        self._ray = _imported()
        where: dict[str, Any] = {"num_cpus": cores} if address == LOCAL else {"address": address}
        try:
            self._ray.init(**where, include_dashboard=False, log_to_driver=False, logging_level="error")
        except (ConnectionError, ValueError, RuntimeError) as err:
            raise ConfigError(f"--ray: no cluster answers at {address} ({err}). Start one, or take local") from err
        self.workers = max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def lines(self, job: Job, todo: Todo) -> Generator[Line, None, None]:
        """Do the shards; raise what is wrong with one of them."""
        device = str(job.subject.get("device", ""))
        task = self._ray.remote(num_cpus=1, num_gpus=int(device.startswith("cuda")), max_retries=0)(_work)
        told = self._ray.put(job)
        running = [task.remote(told, shard, done) for shard, done in todo]
        while running:
            [ready], _ = self._ray.wait(running, num_returns=1)
            try:
                yield from self._ray.get(next(ready))
            except StopIteration:
                running.remove(ready)
            except self._ray.exceptions.RayTaskError as err:
                if isinstance(err.cause, DeepPerceptionError):
                    raise err.cause from err
                raise

    def close(self) -> None:
        """Leave."""
        self._ray.shutdown()


def _work(job: Job, shard: Shard, done: int) -> Iterator[list[Line]]:
    """Do a shard, some lines at a time."""
    torch.set_num_threads(1)
    lines = here(Passage(job, answers_of(job)), [(shard, done)])
    while some := list(islice(lines, TOGETHER)):
        yield some


def _imported() -> Any:
    with suppress(ImportError):
        return importlib.import_module("ray")
    raise ConfigError("--ray: Ray is not installed. Install it: pip install 'ray', or take --workers on this machine")
