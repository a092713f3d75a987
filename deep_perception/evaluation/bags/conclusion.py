"""What an evaluation leaves behind: result.json and report.html, from the lines that were written so far."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deep_perception.data.recordings import Recording, Window
from deep_perception.evaluation.bags.comparison import compare
from deep_perception.evaluation.bags.folder import RESULT, EvaluationFolder
from deep_perception.evaluation.bags.job import Job
from deep_perception.evaluation.bags.page import write_page
from deep_perception.evaluation.bags.recorded import orphans
from deep_perception.evaluation.bags.result import conclude

MOST_LISTED = 20
"""Stamps of truth that no picture has, of which there may be many."""


def conclude_in(folder: EvaluationFolder, job: Job, made: Mapping[str, Any], *, finished: bool) -> dict[str, Any]:
    """Write result.json and report.html; return the result.

    What takes a look at whole recordings waits for the end: their sha256, and what nobody asked for in them.
    """
    looked = _Looked(folder, complete=finished and job.window == Window())
    about = {
        "made": {**made, "finished": finished},
        "subject": job.subject,
        "task": job.task,
        "names": job.names,
        "inputs": [_input(job, path, looked, finished) for path in _bags(job)],
        "truth": _truth(job, looked) if job.truth else None,
        "window": asdict(job.window),
        "orphans": _orphans(job, looked) if job.config.topic else None,
    }
    result = conclude(folder.entries(), about)
    folder.write(RESULT, result)
    write_page(folder.path)
    return result


def compare_in(folder: EvaluationFolder, other: Path) -> dict[str, Any]:
    """Write how another evaluation differs into the result of this one; return the result."""
    result = {**folder.result(), "compared": compare(folder.path, other)}
    folder.write(RESULT, result)
    write_page(folder.path)
    return result


class _Looked:
    """Which pictures were looked at, and whether that was all there are."""

    def __init__(self, folder: EvaluationFolder, *, complete: bool) -> None:
        self.complete = complete
        self.counts: Counter[tuple[str, str]] = Counter()
        self.stamps: defaultdict[str, set[int | None]] = defaultdict(set)
        for entry in folder.entries():
            self.counts[entry.bag, entry.camera] += 1
            self.stamps[entry.bag].add(entry.stamp_ns)


def _bags(job: Job) -> dict[Path, str]:
    """Return the names of the recordings."""
    return {stream.path: stream.bag for stream in job.streams}


def _input(job: Job, path: Path, looked: _Looked, finished: bool) -> dict[str, Any]:
    """Describe a recording."""
    recording, streams = Recording(path), [stream for stream in job.streams if stream.path == path]
    if looked.complete and any(looked.counts[one.bag, one.camera] < one.messages for one in streams):
        for _ in recording.messages([stream.camera for stream in streams]):
            pass  # which finds out what is wrong
    return {
        "bag": streams[0].bag,
        "path": str(path),
        "sha256": recording.sha256() if finished else "",
        "damage": recording.damage,
        "cameras": [{"topic": one.camera, "type": one.kind, "messages": one.messages} for one in streams],
    }


def _truth(job: Job, looked: _Looked) -> dict[str, Any]:
    """Describe the truth, and what of it belongs to no picture."""
    truths = {bag: truth for path, bag in _bags(job).items() if (truth := job.truth_in(Recording(path)))}
    file = Path(job.truth).expanduser()
    digest = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
    said: dict[str, Any] = {"said": job.truth, "label": job.config.truth_label}
    said |= {"kind": next(iter(truths.values())).kind, "sha256": digest}
    if not looked.complete:
        return {**said, "unused": None, "unused_stamps": []}
    left = [set(truth.unused()) - looked.stamps[bag] for bag, truth in truths.items()]
    # A file speaks of all recordings, a topic of its own.
    unused = sorted(set.intersection(*left) if file.exists() else set.union(*left))
    return {**said, "unused": len(unused), "unused_stamps": unused[:MOST_LISTED]}


def _orphans(job: Job, looked: _Looked) -> int | None:
    """Count recorded answers to pictures that the recordings do not hold."""
    if not looked.complete:
        return None
    return sum(orphans(Recording(path), job.config.topic, looked.stamps[bag]) for path, bag in _bags(job).items())
