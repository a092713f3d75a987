"""The worst pictures of an evaluation, and those where two differ most, drawn for people: DIR/pictures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deep_perception.data.contact_sheet import painted
from deep_perception.durable_files import in_words, make_folder, written_aside
from deep_perception.errors import DeepPerceptionError, StorageError
from deep_perception.evaluation.bags.folder import EvaluationFolder
from deep_perception.evaluation.bags.page_pictures import Gallery, Shown
from deep_perception.evaluation.bags.painting import paint_errors, paint_things
from deep_perception.evaluation.bags.revisit import Judged, Revisit, place_of
from deep_perception.predictions import Classes, Detections, Image, Instances, LabelMap, Picture
from deep_perception.training.comparison import jpeg

PICTURES = "pictures"
SURE = 0.5
"""Things that score lower are not drawn where no truth tells a better threshold."""
PERFECT, FEW = 1.0, 4
"""Where no picture is worse than PERFECT, a FEW are shown."""
ALONE, BESIDE = (540, 720), (420, 720)
"""Height and width, at most, of a picture by itself and of one among several."""
MOST = 16
"""Pictures of a gallery, of which some show the same: a page is to stay small."""

Version = tuple[str, Image]
"""What is shown, and that."""


def worst_pictures(folder: EvaluationFolder) -> Gallery:
    """Draw the worst pictures that a result names; say what could not be."""
    wanted = folder.result()["worst"]
    wanted = [one for one in wanted if one["score"] != PERFECT] or wanted[:FEW]
    return _gallery(folder, "worst", wanted, [("", Revisit(folder, {place_of(one) for one in wanted}))])


def differing_pictures(
    folder: EvaluationFolder, other: EvaluationFolder, wanted: Sequence[Mapping[str, Any]], names: tuple[str, str]
) -> Gallery:
    """Draw the pictures where two evaluations differ most, the answers of both side by side."""
    places = {place_of(one) for one in wanted}
    revisits = [Revisit(one, places) for one in (folder, other)]
    return _gallery(folder, "differing", wanted, list(zip(names, revisits, strict=True)))


def _gallery(
    folder: EvaluationFolder, name: str, wanted: Sequence[Mapping[str, Any]], by: Sequence[tuple[str, Revisit]]
) -> Gallery:
    shown: list[Shown] = []
    missing: dict[str, None] = {}
    for number, one in enumerate(wanted, 1):
        try:
            versions = [version for whose, revisit in by for version in _versions(revisit, one, whose)]
        except DeepPerceptionError as err:
            missing[f"{err}."] = None
            continue
        if (len(shown) + 1) * len(versions) > MOST:
            break
        files = [(words, jpeg(picture)) for words, picture in versions]
        _save(folder.path / PICTURES, f"{name}_{number:02d}", [file for _, file in files])
        shown.append(Shown(_caption(one, by[0][1].result), files))
    return Gallery(shown, list(missing))


def _versions(revisit: Revisit, one: Mapping[str, Any], whose: str) -> list[Version]:
    """Return what is shown of a picture; of two evaluations, the one that tells them apart."""
    said = revisit.result
    judged = revisit(place_of(one))
    if isinstance(judged.answer, Detections):
        threshold = SURE if said["threshold"] is None else said["threshold"]
        drawn = [("", _things(judged, judged.answer, threshold, said["names"], BESIDE if whose else ALONE))]
    elif isinstance(judged.answer, Classes):
        drawn = [("", painted(judged.image, judged.answer, said["names"], BESIDE if whose else ALONE))]
    elif isinstance(judged.answer, LabelMap):
        drawn = list(_maps(judged, judged.answer, said["names"]))
    else:
        drawn = list(_pictures(judged, judged.answer))
    return [(whose, drawn[-1][1])] if whose else drawn


def _things(judged: Judged, answer: Detections, threshold: float, names: Sequence[str], room: tuple[int, int]) -> Image:
    sure = answer.scores >= threshold
    chosen = answer.boxes[sure], answer.labels[sure], answer.scores[sure]
    kept = Instances(*chosen, answer.masks[sure]) if isinstance(answer, Instances) else Detections(*chosen)
    if isinstance(judged.truth, Detections):
        return paint_things(judged.image, kept, judged.truth, judged.ignored, names, room)
    return painted(judged.image, kept, names, room)


def _maps(judged: Judged, answer: LabelMap, names: Sequence[str]) -> Iterator[Version]:
    if isinstance(judged.truth, LabelMap):
        yield "truth", painted(judged.image, judged.truth, names, BESIDE)
    yield "answer", painted(judged.image, answer, names, BESIDE)
    if isinstance(judged.truth, LabelMap):
        yield "wrong pixels", paint_errors(judged.image, answer, judged.truth, BESIDE)


def _pictures(judged: Judged, answer: Picture) -> Iterator[Version]:
    """Yield what the network began with, what was true, and what it made."""
    image = judged.image
    if answer.image.shape == image.shape:  # colours were made, so that there were none
        image = np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    yield "input", painted(image, Picture(image), (), BESIDE)
    if isinstance(judged.truth, Picture):
        yield "truth", painted(judged.image, judged.truth, (), BESIDE)
    yield "answer", painted(image, answer, (), BESIDE)


def _caption(one: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    started = {(line["bag"], line["camera"]): line["start_ns"] for line in result["timeline"]}
    since = (one["stamp_ns"] - (started.get((one["bag"], one["camera"])) or one["stamp_ns"])) / 1e9
    where = f"{one['bag']} {one['camera']} at {since:.1f} s"
    return f"{where}: {one['why']}" if one.get("why") else where


def _save(folder: Path, name: str, files: Sequence[bytes]) -> None:
    with in_words(f"cannot write '{folder}'", StorageError):
        make_folder(folder)
        for place, file in enumerate(files, 1):
            with written_aside(folder / f"{name}_{place}.jpg", durable=False) as part:
                part.write_bytes(file)
