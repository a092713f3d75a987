"""Finds what is wrong with a data set before anybody learns from it."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

from deep_perception.data.dataset import (
    LABELS,
    MANIFEST,
    PIXELS,
    SPLITS,
    TAGS,
    TEST,
    THINGS,
    TRAIN,
    VALIDATION,
    Dataset,
    read_labels,
    read_split,
)
from deep_perception.data.manifest import read_lines, sorted_out
from deep_perception.data.problems import DEPTH, MASKS, REPAIR, Looked, Problem, folded, look, said_problems
from deep_perception.data.record import Record
from deep_perception.data.targets import KIND, usable
from deep_perception.errors import InputError

ALL = (TAGS, THINGS, MASKS, PIXELS, DEPTH)
Progress = Callable[[int, int], None]


def opened(folder: Path) -> tuple[Dataset, list[Problem]]:
    """Open a data set without the lines of its manifest that are no records, and return those too."""
    if not (folder / MANIFEST).is_file():
        return Dataset.open(folder), []  # raises, in words
    records, damaged = sorted_out(read_lines(folder / MANIFEST))
    remedy = f"Correct it, or set it aside: {REPAIR}"
    problems = [Problem(f"{MANIFEST}, line {number}", reason, remedy) for number, reason in damaged.items()]
    return Dataset(folder, tuple(records.values()), read_labels(folder), read_split(folder)), problems


def verify(dataset: Dataset, progress: Progress = lambda done, total: None) -> list[Problem]:
    """Return all that is wrong; every file is read."""
    problems = [found for record in dataset.records for found in said_problems(dataset, record, ALL)]
    digests: dict[bytes, list[str]] = defaultdict(list)
    with _looks(dataset, dataset.records, ALL) as looks:
        for done, looked in enumerate(looks, 1):
            problems += looked.problems
            if looked.digest:
                digests[looked.digest].append(looked.record.id)
            progress(done, len(dataset.records))
    return [*problems, *_spelling(dataset), *_split_problems(dataset), *_on_both_sides(dataset, digests.values())]


def check_for_training(dataset: Dataset, task: str) -> None:
    """Raise InputError for the first thing that would spoil or end the learning of this task.

    Every picture is read once, by as many threads as there are cores, what the first epoch of training does as well.
    """
    records = _labelled_parts(dataset, task)
    kinds = [KIND[task]] if task in KIND else []
    kinds += [MASKS] if task == "instance_segmentation" else []
    _check_classes(dataset, records, task)
    said = (found for record in records for found in said_problems(dataset, record, kinds))
    with _looks(dataset, records, kinds) as looks:
        seen = (found for looked in looks for found in looked.problems)
        problem = next(chain(said, seen), None)
    if problem is not None:
        raise InputError(f"{dataset.folder}: {problem}. All there is: deep_perception dataset verify {dataset.folder}")


def _labelled_parts(dataset: Dataset, task: str) -> list[Record]:
    """Return the records to learn from, choose by and judge by; raise InputError where a part has none."""
    labelled = {record.id for record in usable(dataset, task)}
    records: list[Record] = []
    for part in (TRAIN, VALIDATION, TEST):
        here = [record for record in dataset.part(part) if record.id in labelled]
        if not here:
            raise InputError(
                f"{dataset.folder}: no picture of its part '{part}' is labelled for {task}. "
                f"Label some, or split again: deep_perception dataset split --force {dataset.folder}"
            )
        records += here
    return records


def _check_classes(dataset: Dataset, records: Sequence[Record], task: str) -> None:
    if KIND.get(task) == TAGS:
        names = {tag.name for record in records for tag in record.tags or ()}
        if len(names) < 2:
            found = f"only '{names.pop()}'" if names else "no class at all"
            raise InputError(f"{dataset.folder}: its tags name {found}, expected two classes or more to tell apart")
    if KIND.get(task) == THINGS and not any(record.things for record in records):
        raise InputError(f"{dataset.folder}: no picture shows a thing, expected boxes to learn from. Label some")


@contextmanager
def _looks(dataset: Dataset, records: Sequence[Record], kinds: Sequence[str]) -> Iterator[Iterator[Looked]]:
    """Look at all files in several threads, which end with the `with`; decoders work beside each other."""
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        yield pool.map(partial(look, dataset, kinds=kinds), records)
    finally:
        pool.shutdown(cancel_futures=True)


def _spelling(dataset: Dataset) -> Iterator[Problem]:
    for kind, names in dataset.labels.items():
        alike: dict[str, list[str]] = defaultdict(list)
        for name in names:
            alike[folded(name)].append(name)
        for spelt in alike.values():
            if len(spelt) > 1:
                what = f"one class of {kind} is spelt in {len(spelt)} ways: {', '.join(map(repr, spelt))}"
                yield Problem(LABELS, what, f"Write one of them in {MANIFEST}, and take the others out of {LABELS}")


def _split_problems(dataset: Dataset) -> Iterator[Problem]:
    if dataset.split is None:
        return
    again, renew = "Split again: dataset split --force", "Take it out: dataset split --extend"
    known = {record.id for record in dataset.records}
    part_of: dict[str, str] = {}
    for part, ids in dataset.split.parts.items():
        if not known.intersection(ids):
            yield Problem(SPLITS, f"part '{part}' is empty", again)
        for one in ids:
            if one not in known:
                yield Problem(SPLITS, f"part '{part}' names '{one}', which is not there", renew)
            if part_of.setdefault(one, part) != part:
                yield Problem(SPLITS, f"'{one}' is in {part_of[one]} and in {part}", again)


def _on_both_sides(dataset: Dataset, alike: Iterable[Sequence[str]]) -> Iterator[Problem]:
    """Equal pictures of which some are learnt from, and others judge what was learnt."""
    parts = dataset.split.parts if dataset.split else {}
    part_of = {one: part for part, ids in parts.items() for one in ids}
    for ids in alike:
        by_part = {part_of[one]: one for one in ids if one in part_of}
        if len(by_part) > 1:
            where = ", ".join(f"'{one}' in {part}" for part, one in by_part.items())
            yield Problem(SPLITS, f"the same picture is on both sides: {where}", "Split again: dataset split --force")
