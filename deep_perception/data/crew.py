"""Processes that prepare examples beside the training and stay from epoch to epoch."""

import multiprocessing
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import torch
from torch.utils.data import DataLoader, Dataset

from deep_perception.errors import ConfigError, InputError
from deep_perception.runtime.child_process import behave

Key: TypeAlias = tuple[int, int]
"""Epoch and place of an example."""


class Source(Protocol):
    """Whatever can make an example from its key alone, in any process."""

    def at(self, epoch: int, index: int) -> Any:
        """Make it; raise InputError where it cannot be made."""


class Crew:
    """Processes that make examples as long as this object lives."""

    def __init__(self, source: Source, workers: int) -> None:
        # A fork of this process would share its threads' locks and its GPU, so a clean process is forked instead.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["deep_perception.data.examples"])
        self._order: list[list[Key]] = []
        self._passes = 0
        loader = DataLoader(
            _Served(source),
            batch_sampler=self._order,
            num_workers=workers,
            collate_fn=_as_it_is,
            persistent_workers=True,
            multiprocessing_context=context,
            worker_init_fn=_begin,
            generator=torch.Generator(),  # else it would draw from the one that the training draws from
        )
        self._held = [loader]
        # Of a cycle that an error ties, the queues would go before the loader, which then waits 5 s for its workers.
        weakref.finalize(self, self._held.clear)

    def bring(self, order: Sequence[list[Key]]) -> Iterator[list[Any]]:
        """Yield batches in this order; a new pass ends the one before."""
        self._passes += 1
        own = self._passes
        self._order[:] = order
        for batch in self._batches():
            if isinstance(batch, InputError):
                raise InputError(*batch.args)  # another one: raising its own local would tie this frame into a cycle
            yield batch
            assert own == self._passes, "another pass has begun"

    def _batches(self) -> Iterator[list[Any] | InputError]:
        try:
            yield from self._held[0]
        except RuntimeError as err:
            if "exited unexpectedly" not in str(err):
                raise
            raise ConfigError(
                "workers: a process that prepares pictures was ended from outside, mostly because memory ran out. "
                "Take fewer, or a smaller batch"
            ) from err


class _Served(Dataset):
    """A source in a worker: it hands an error over as it is, where torch would wrap it in a traceback."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __getitems__(self, keys: Sequence[Key]) -> list[Any] | InputError:
        try:
            return [self._source.at(epoch, index) for epoch, index in keys]
        except InputError as err:
            return err


def _as_it_is(batch: list[Any] | InputError) -> list[Any] | InputError:
    return batch


def _begin(_: int) -> None:
    behave()
