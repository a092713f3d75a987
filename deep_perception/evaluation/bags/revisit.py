"""Pictures of a finished evaluation, once more: as they were recorded, what was answered, and what is true."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from deep_perception.config import PerceptionConfig
from deep_perception.data.recordings import RecordedPicture, Recording, stamp_of
from deep_perception.errors import InputError
from deep_perception.evaluate_config import EvaluateConfig
from deep_perception.evaluation.bags.answers import Answers, Seen
from deep_perception.evaluation.bags.entry import Entry
from deep_perception.evaluation.bags.folder import EvaluationFolder
from deep_perception.evaluation.bags.job import Job
from deep_perception.evaluation.bags.packing import unpacked
from deep_perception.evaluation.bags.passage import as_shown
from deep_perception.evaluation.bags.planning import plan
from deep_perception.evaluation.bags.scorer import Scorer
from deep_perception.predictions import Classes, Detections, Image, Prediction

Place: TypeAlias = tuple[str, str, int]
"""Bag, camera and stamp of a picture."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A picture as it was shown, the answer, and what is true."""

    image: Image
    answer: Prediction
    truth: Prediction | None = None
    ignored: Detections | None = None


class Revisit:
    """Finds pictures of one evaluation; raises DeepPerceptionError for what is not there any more."""

    def __init__(self, folder: EvaluationFolder, places: Collection[Place]) -> None:
        self.result = folder.result()
        self._folder = folder
        self._paths = {bag["bag"]: Path(bag["path"]) for bag in self.result["inputs"]}
        keyed = ((place_of(vars(entry)), entry) for entry in folder.entries() if not entry.repeated)
        self._entries = {place: entry for place, entry in keyed if place in places}
        self._recordings: dict[str, Recording] = {}
        self._scorers: dict[tuple[str, str], Scorer] = {}

    def __call__(self, place: Place) -> Judged:
        """Return what is known of a picture: out of its line, or answered anew where a line holds sums only."""
        if (entry := self._entries.get(place)) is None or entry.evidence is None:
            raise InputError(f"{self._folder.path} holds no answer to the picture of {place[0]} at {place[2]}")
        recording = self._recording(entry.bag)
        picture = _recorded(recording, entry)
        told = entry.evidence
        if "found" in told:
            truth, ignored = (unpacked(told[name]).things() if name in told else None for name in ("truth", "ignored"))
            return Judged(picture.decode(), unpacked(told["found"]).things(), truth, ignored)
        if "labels" in told:
            return Judged(picture.decode(), _classes(told["labels"], told["scores"]), _true(told))
        return self._anew(entry, recording, picture)

    def _anew(self, entry: Entry, recording: Recording, picture: RecordedPicture) -> Judged:
        job, answers = self._planned
        image, seen = as_shown(picture.decode(), job.shrink)
        answers.begin(recording)
        [answer] = answers([Seen(entry.stamp_ns or 0, seen)])
        if answer.prediction is None:
            raise answer.trouble or InputError(f"{recording.path}: nothing was answered at {entry.stamp_ns}")
        known = self._scorer(job, entry, recording).known(entry.stamp_ns, image)
        return Judged(seen, answer.prediction, known.target if known else None)

    @cached_property
    def _planned(self) -> tuple[Job, Answers]:
        """Who answered, once more: the model of the result, since the job of a comparison names another one too."""
        given, subject = self._folder.job()["given"], self.result["subject"]
        config, perception = _settings(EvaluateConfig, given), _settings(PerceptionConfig, given)
        if subject["kind"] == "model":
            perception = replace(perception, model=subject["model"], weights=subject["weights"])
        return plan([Path(bag) for bag in given["bags"]], config, perception)

    def _recording(self, bag: str) -> Recording:
        if bag not in self._recordings:
            path = self._paths[bag]
            if not path.exists():
                raise InputError(f"{path} is not there any more, so that its pictures cannot be shown")
            self._recordings[bag] = Recording(path)
        return self._recordings[bag]

    def _scorer(self, job: Job, entry: Entry, recording: Recording) -> Scorer:
        key = entry.bag, entry.camera
        if key not in self._scorers:
            stream = next(one for one in job.streams if (one.bag, one.camera) == key)
            self._scorers[key] = Scorer(job, stream, recording)
        return self._scorers[key]


def place_of(said: Mapping[str, Any]) -> Place:
    """Return where a picture stands of which bag, camera and stamp are told."""
    return said["bag"], said["camera"], said["stamp_ns"]


def _recorded(recording: Recording, entry: Entry) -> RecordedPicture:
    """Go straight to where a picture was recorded."""
    start = entry.recorded_ns
    for message in recording.messages([entry.camera], start_ns=start, end_ns=start + 1):
        if stamp_of(message) == entry.stamp_ns:
            return RecordedPicture(entry.number, message)
    raise InputError(f"{recording.path} is another recording than the one that was evaluated")


def _settings(kind: Any, given: Mapping[str, Any]) -> Any:
    values = {item.name: given[item.name] for item in fields(kind) if item.name in given}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _true(told: Mapping[str, Any]) -> Classes | None:
    return _classes([told["true"]], [1.0]) if told.get("true", -1) >= 0 else None


def _classes(labels: list[int], scores: list[float]) -> Classes:
    return Classes(np.array(labels, np.int64), np.array(scores, np.float32))
