"""Pictures that show nearly the same, and so must not stand on both sides of a split."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from deep_perception.data.dataset import BACKGROUND, PIXELS, TAGS, THINGS, Dataset
from deep_perception.data.encoding import digest
from deep_perception.data.record import Record
from deep_perception.data.sampling.likeness import Cells, cells
from deep_perception.data.sampling.quality import small
from deep_perception.data.targets import image_of, read_numbers
from deep_perception.predictions import UNLABELLED

NEAR = 20.0
"""Grey levels by which no part of two pictures differs that show the same."""

LONG = 20
"""A recording is cut into blocks that last at least this many gaps, if there are enough of them."""

NANO = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture, as far as splitting needs to know it."""

    record: Record
    names: frozenset[str]
    """Kind and name of each class in it, and each kind that somebody looked for."""
    digest: bytes
    """The same for equal pictures."""
    cells: Cells

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that somebody looked for."""
        return self.names.intersection((TAGS, THINGS, PIXELS))

    @property
    def timeline(self) -> tuple[bool, str]:
        """Whether its time counts, and of which recording it is."""
        return bool(self.record.recording) and self.record.stamp_ns is not None, self.record.recording

    @property
    def moment(self) -> int:
        """Nanoseconds on its timeline; 0 where its time does not count."""
        return (self.record.stamp_ns or 0) if self.timeline[0] else 0

    def follows(self, other: "Seen", gap_s: float) -> bool:
        """Tell whether it was taken no later than this after the other."""
        return self.timeline == other.timeline and self.timeline[0] and self.moment - other.moment <= gap_s * NANO

    def like(self, other: "Seen") -> bool:
        """Tell whether they show nearly the same."""
        return bool(np.abs(self.cells - other.cells).max() <= NEAR)


def look_at(dataset: Dataset, progress: Callable[[int, int], None]) -> list[Seen]:
    """Look at every picture, in the order of time; raise InputError for one that cannot be read."""
    seen: list[Seen] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for one in pool.map(partial(_look, dataset), dataset.records):
            seen.append(one)
            progress(len(seen), len(dataset.records))
    return sorted(seen, key=lambda one: (one.timeline, one.moment))


def _look(dataset: Dataset, record: Record) -> Seen:
    image = image_of(dataset, record)
    return Seen(record, frozenset(_names(dataset, record)), digest(image), cells(small(image)))


def _names(dataset: Dataset, record: Record) -> Iterable[str]:
    for kind, said in ((TAGS, record.tags), (THINGS, record.things)):
        if said is not None:
            yield kind
            yield from (f"{kind} {one.name}" for one in said)
    if record.pixels is not None:
        own = dataset.labels.get(PIXELS, ())
        yield PIXELS
        numbers = set(np.unique(read_numbers(dataset.folder / record.pixels)).tolist()) - {UNLABELLED}
        yield from (f"{PIXELS} {own[one]}" for one in numbers if one < len(own) and own[one] != BACKGROUND)


def groups(pictures: Sequence[Seen], gap_s: float, share: float) -> list[list[int]]:
    """Return places of pictures that belong together; of many, blocks that follow each other.

    A block is about `share` of all pictures, or of those that are labelled as it is, where these are fewer.

    Pictures of one recording are neighbours where at most `gap_s` lies between, or where they show nearly the same one
    after the other. Equal pictures always belong together.
    """
    totals = Counter(kind for one in pictures for kind in one.kinds)
    pieces = []
    for chain in _chains(pictures, gap_s):
        total = min((totals[kind] for at in chain for kind in pictures[at].kinds), default=len(pictures))
        pieces += _cut(pictures, chain, gap_s, max(1, round(total * share)))
    first: dict[bytes, int] = {}
    joined = _Joined(len(pieces))
    for number, piece in enumerate(pieces):
        for at in piece:
            joined.join(first.setdefault(pictures[at].digest, number), number)
    return [[at for number in together for at in pieces[number]] for together in joined.groups()]


def _chains(pictures: Sequence[Seen], gap_s: float) -> list[list[int]]:
    joined = _Joined(len(pictures))
    latest: dict[tuple[tuple[bool, str], str], int] = {}
    for at, one in enumerate(pictures):
        if at and one.follows(pictures[at - 1], gap_s):
            joined.join(at - 1, at)
        view = one.timeline, one.record.camera
        if view in latest and one.like(pictures[latest[view]]):
            joined.join(latest[view], at)
        latest[view] = at
    return joined.groups()


def _cut(pictures: Sequence[Seen], chain: list[int], gap_s: float, most: int) -> list[list[int]]:
    count = -(-len(chain) // most)
    if count > 1 and gap_s > 0:  # shorter blocks show more of the recording in each part
        seconds = (pictures[chain[-1]].moment - pictures[chain[0]].moment) / NANO
        count = min(len(chain), max(count, min(4 * count, int(seconds / (LONG * gap_s)))))
    return [piece.tolist() for piece in np.array_split(np.array(chain), count)]


class _Joined:
    """Numbers that are joined to sets, two by two."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def join(self, one: int, other: int) -> None:
        self._above[self._top(other)] = self._top(one)

    def groups(self) -> list[list[int]]:
        """Return the sets, each in order."""
        found: dict[int, list[int]] = {}
        for number in range(len(self._above)):
            found.setdefault(self._top(number), []).append(number)
        return list(found.values())

    def _top(self, number: int) -> int:
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number
