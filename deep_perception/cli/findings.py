"""Predictions in words: for JSON, and for people."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deep_perception.predictions import UNLABELLED, Classes, Detections, Instances, LabelMap, Picture, Prediction

MOST_SHOWN = 6
Names = tuple[str, ...]


def findings(prediction: Prediction, names: Names) -> dict[str, Any]:
    """Put a prediction into words that JSON knows. Boxes are x1 y1 x2 y2 in pixels of the picture."""
    for kind, describe in _DESCRIBERS:
        if isinstance(prediction, kind):
            return describe(prediction, names)
    expected = ", ".join(kind.__name__ for kind, _ in _DESCRIBERS)
    raise TypeError(f"prediction: got {type(prediction).__name__}, expected one of {expected}")


def found_classes(entry: dict[str, Any]) -> list[str]:
    """Return the classes to sum up: of detections all, of other findings the foremost."""
    if "detections" in entry:
        return [found["class"] for found in entry["detections"]]
    return [found["class"] for found in (entry.get("classes") or entry.get("areas") or [])[:1]]


def sentence(entry: dict[str, Any]) -> str:
    """Say in one line what was found in a frame."""
    if "answer_size" in entry:
        width, height = entry["answer_size"]
        return f"{entry['frame']}  a picture of {width}x{height}"
    found = entry.get("detections") or entry.get("classes") or entry.get("areas") or []
    words = [_words(each) for each in found[:MOST_SHOWN]]
    if more := len(found) - len(words):
        words.append(f"and {more} more")
    return f"{entry['frame']}  {', '.join(words) or 'nothing found'}"


def mask_of(prediction: Prediction) -> NDArray[Any] | None:
    """Return what each pixel is as numbers: its class, or the place of its instance in the list, counted from 1."""
    if isinstance(prediction, LabelMap):
        return prediction.labels
    return prediction.numbered() if isinstance(prediction, Instances) else None


def _words(found: dict[str, Any]) -> str:
    return f"{found['class']} {found['share']:.0%}" if "share" in found else f"{found['class']} {found['score']:.2f}"


def _classes(classes: Classes, names: Names) -> dict[str, Any]:
    return {"classes": _scored(classes, names)}


def _detections(detections: Detections, names: Names) -> dict[str, Any]:
    found = _scored(detections, names)
    for entry, box in zip(found, detections.boxes.tolist(), strict=True):
        entry["box"] = [round(edge, 2) for edge in box]
    return {"detections": found}


def _instances(instances: Instances, names: Names) -> dict[str, Any]:
    entries = _detections(instances, names)
    for entry, mask in zip(entries["detections"], instances.masks, strict=True):
        entry["area"] = int(mask.sum())
        entry["segmentation"] = run_lengths(mask)
    return entries


def _label_map(label_map: LabelMap, names: Names) -> dict[str, Any]:
    """Classes by their share of the picture, the largest first."""
    areas = np.bincount(label_map.labels.ravel(), minlength=UNLABELLED + 1)
    order = [int(label) for label in np.argsort(-areas, kind="stable") if areas[label] and label != UNLABELLED]
    shares = (areas / label_map.labels.size).tolist()
    return {"areas": [{"class": names[at], "label": at, "share": round(shares[at], 6)} for at in order]}


def _picture(picture: Picture, names: Names) -> dict[str, Any]:
    height, width = picture.image.shape[:2]
    return {"answer_size": [width, height]}


def _scored(found: Classes | Detections, names: Names) -> list[dict[str, Any]]:
    return [
        {"class": names[label], "label": int(label), "score": round(float(score), 6)}
        for label, score in zip(found.labels, found.scores, strict=True)
    ]


def run_lengths(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Write a mask as COCO's plain run lengths: column by column, beginning with what is outside."""
    flat = np.concatenate([[False], mask.ravel(order="F"), [False]])
    edges = np.flatnonzero(np.diff(flat.view(np.int8)))
    counts = np.diff(np.concatenate([[0], edges, [mask.size]]))
    return {"size": list(mask.shape), "counts": counts[: len(edges) + (counts[-1] > 0)].tolist()}


# The first that fits is taken, so a kind stands before what it is a kind of.
_DESCRIBERS: tuple[tuple[type, Callable[[Any, Names], dict[str, Any]]], ...] = (
    (Classes, _classes),
    (Instances, _instances),
    (Detections, _detections),
    (LabelMap, _label_map),
    (Picture, _picture),
)
