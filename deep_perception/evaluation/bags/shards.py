"""Pieces of work that know nothing of each other, so that any process on any machine can do any of them."""

from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 64
"""Pictures for which another piece is worth its start."""


@dataclass(frozen=True)
class Shard:
    """Pictures of a stream, from one place to before another, counted after start, end and stride."""

    number: int
    stream: int
    first: int = 0
    last: int | None = None
    """None: to the end."""


def cut(pictures: Sequence[int], workers: int, batch: int, *, whole: bool = False) -> tuple[Shard, ...]:
    """Cut streams of so many pictures into shards for so many processes, between batches, or leave them `whole`."""
    size = max(LEAST, -(-sum(pictures) // workers))
    size = -(-size // batch) * batch
    shards: list[Shard] = []
    for stream, count in enumerate(pictures):
        parts = 1 if whole else max(1, -(-count // size))
        step = -(-count // parts // batch) * batch
        for part in range(parts):
            last = (part + 1) * step if part + 1 < parts else None
            shards.append(Shard(len(shards), stream, part * step, last))
    return tuple(shards)


def sensible_workers(pictures: int, cores: int) -> int:
    """Return for how many processes there is enough to do."""
    return max(1, min(cores, pictures // LEAST))
