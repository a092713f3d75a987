"""Puts right what is wrong with a data set where that is safe; nothing is thrown away."""

from collections.abc import Collection, Iterable
from pathlib import Path

from deep_perception.data import repair
from deep_perception.data.dataset import MANIFEST
from deep_perception.data.manifest import Tail, read_lines, record_of, sorted_out
from deep_perception.data.problems import Problem
from deep_perception.data.record import Record
from deep_perception.data.writer import Writer
from deep_perception.durable_files import in_words, written_aside
from deep_perception.errors import StorageError

REJECTED = "manifest.rejected.jsonl"
"""Lines that were set aside."""


def set_lines_aside(folder: Path, ids: Collection[str] = ()) -> int:
    """Move the lines that are no records, and those of these ids, out of the manifest; return how many."""
    manifest = folder / MANIFEST
    with in_words(f"cannot write to {folder}", StorageError):
        lock = repair.lock(folder)
        try:
            lines = read_lines(manifest)
            bad = {number - 1 for number in sorted_out(lines)[1]}
            bad |= {at for at, line in enumerate(lines) if at not in bad and line.strip() and record_of(line).id in ids}
            if bad:
                _keep(folder / REJECTED, [lines[at] for at in sorted(bad)])
                with written_aside(manifest) as part:
                    part.write_bytes(b"".join(line + b"\n" for at, line in enumerate(lines) if line and at not in bad))
        finally:
            repair.unlock(lock)
    return len(bad)


def mend(folder: Path, problems: Iterable[Problem]) -> list[str]:
    """Amend or set aside the records that can be mended so; return what was done, in words."""
    hopeless: list[str] = []
    amended: list[Record] = []
    for record, found in _by_record(problems):
        mended: Record | None = record
        for problem in found:
            mended = problem.mend(mended) if mended and problem.mend else mended
        if mended is None:
            hopeless.append(record.id)
        elif all(problem.mend for problem in found):  # where its size is in doubt, so are its boxes
            amended.append(mended)
    done = [f"set the record of '{one}' aside, in {REJECTED}" for one in hopeless]
    if hopeless:
        set_lines_aside(folder, set(hopeless))
    with Writer(folder) as writer:
        done += writer.repaired
        for record in amended:
            writer.amend(record)
            done.append(f"amended the record of '{record.id}'")
    return done


def _by_record(problems: Iterable[Problem]) -> list[tuple[Record, list[Problem]]]:
    by_id: dict[str, tuple[Record, list[Problem]]] = {}
    for problem in problems:
        if problem.record is not None:
            by_id.setdefault(problem.record.id, (problem.record, []))[1].append(problem)
    return list(by_id.values())


def _keep(path: Path, lines: Iterable[bytes]) -> None:
    tail = Tail(path)
    try:
        tail.append(b"".join(line + b"\n" for line in lines))
    finally:
        tail.close()
