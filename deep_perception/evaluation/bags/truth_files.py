"""Truth in files: COCO, boxes by stamp, and data sets."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from deep_perception.data import targets
from deep_perception.data.dataset import BACKGROUND, THINGS, Dataset
from deep_perception.data.formats.coco_file import CocoFile, read_file
from deep_perception.data.formats.sources import json_of
from deep_perception.data.formats.truth import Things
from deep_perception.data.formats.truth import Truth as TruthFile
from deep_perception.data.judging import as_judged
from deep_perception.data.record import Record
from deep_perception.data.recordings import Recording
from deep_perception.errors import InputError
from deep_perception.evaluation.bags.known import Known, Saying, StampedTruth, known_things
from deep_perception.predictions import Image

LABEL_OPTION = "--truth-label"


def truth_in_file(path: Path, recording: Recording, task: str, label: str) -> StampedTruth:
    """Read a COCO file, or boxes by stamp; raise InputError where it is neither, or tells nothing for this task."""
    if targets.KIND.get(task) != THINGS:
        raise InputError(f"{path}: a file tells things, which is no truth for {task}. Name a topic, or a data set")
    said = json_of(path)
    if isinstance(said, dict) and "images" in said:
        return _coco(read_file(path), recording, task)
    if task == "instance_segmentation":
        raise InputError(f"{path}: boxes by stamp have no masks, expected a COCO file with segmentations")
    file = TruthFile.read(path, label, option=LABEL_OPTION)
    names = file.names[THINGS]
    sayings = [Saying(_stamp(path, key), partial(_known, one, names, task, key)) for key, one in file.things.items()]
    return StampedTruth("boxes by stamp", names, sayings, recording)


def truth_in_data_set(folder: Path, recording: Recording, task: str) -> StampedTruth:
    """Read what people said in a data set; raise InputError where that is nothing for this task."""
    dataset, kind = Dataset.open(folder), targets.KIND.get(task)
    judged = as_judged(targets.usable(dataset, task), task)
    stamped = [record for record in judged if record.stamp_ns is not None]
    if not stamped:
        problem = f"of {len(dataset.records)} pictures, people labelled {len(judged)} for {task}, none with a stamp"
        raise InputError(f"{folder}: {problem}. Extract it from recordings, and label it")
    names = dataset.labels.get(kind, ()) if kind else ()
    if kind == THINGS:
        names = tuple(name for name in names if name != BACKGROUND)  # is no thing
    sayings = [_saying(dataset, record, task, names) for record in stamped]
    return StampedTruth("data set", names, sayings, recording)


def _saying(dataset: Dataset, record: Record, task: str, names: Sequence[str]) -> Saying:
    assert record.stamp_ns is not None
    known = partial(_recorded, dataset, record, task, names)
    return Saying(record.stamp_ns, known, record.recording, record.camera)


def _recorded(dataset: Dataset, record: Record, task: str, names: Sequence[str], image: Image) -> Known:
    if targets.KIND.get(task) and (record.height, record.width) != image.shape[:2]:
        got = f"{image.shape[1]}x{image.shape[0]}"
        raise InputError(f"{record.id} was labelled at {record.width}x{record.height}, the recording holds {got}")
    target = targets.target_of(dataset, record, task, names)
    counts = targets.KIND.get(task) == THINGS
    return Known(target, targets.things(record, names, ignored=True) if counts else None)


def _coco(file: CocoFile, recording: Recording, task: str) -> StampedTruth:
    names = tuple(dict.fromkeys(file.names.values()))
    sayings = [
        Saying(
            _stamp(file.path, image.get("stamp_ns", Path(image["file_name"]).stem)),
            partial(_known, partial(file.things, image), names, task, f"{file.path}, image {image['id']}"),
            str(image.get("recording", "")),
            str(image.get("camera", "")),
        )
        for image in file.images
    ]
    return StampedTruth("COCO file", names, sayings, recording)


def _known(things: Things, names: Sequence[str], task: str, where: str, image: Image) -> Known:
    return known_things(things((image.shape[1], image.shape[0])), image, names, task, where)


def _stamp(path: Path, said: Any) -> int:
    try:
        return int(said)
    except (TypeError, ValueError) as err:
        problem = f"{path}: got the picture {said!r:.40}, expected its stamp in nanoseconds"
        raise InputError(f"{problem} as 'stamp_ns', as name of the file, or as key") from err
