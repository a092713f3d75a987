"""Truth that was recorded beside the pictures, with their stamps: boxes, classes, masks or pictures."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from deep_perception.data import targets
from deep_perception.data.record import HUMAN, Record, Thing
from deep_perception.data.recordings import TO_RGB, Recording, Topic, fields_of
from deep_perception.data.vision_messages import (
    CLASSIFICATION,
    DETECTIONS,
    LABEL_INFO,
    classes_in,
    names_in,
    numbers_in,
    renumbered,
    tags_in,
    thing_in,
)
from deep_perception.errors import InputError
from deep_perception.evaluation.bags.known import Known, Saying, StampedTruth, known_things
from deep_perception.evaluation.bags.shelf import Shelf
from deep_perception.evaluation.bags.truth_files import LABEL_OPTION
from deep_perception.predictions import Image, LabelMap, Picture

IMAGE = "sensor_msgs/msg/Image"
KINDS: dict[str, tuple[str, ...]] = {
    "classification": (CLASSIFICATION,),
    "detection": (DETECTIONS,),
    "proposals": (DETECTIONS,),
    "instance_segmentation": (DETECTIONS,),
    "semantic_segmentation": (IMAGE,),
    "colorization": tuple(TO_RGB),
    "super_resolution": tuple(TO_RGB),
}
"""By task: the types of messages that tell its truth."""
BESIDE = "instance_mask"
"""Topic beside the boxes of instances, in the same namespace."""

_ANYWHERE = (1 << 31, 1 << 31)
_Read: TypeAlias = Callable[[int, Image], Known]
"""Reads what is said of a picture, by its stamp."""


@dataclass(frozen=True, eq=False)
class _Source:
    """A topic, and what is needed to understand it."""

    recording: Recording
    topic: str
    kind: str
    task: str
    messages: Shelf
    numbered: Mapping[int, str]
    """Names of classes by number, as far as anybody told them."""
    label: str
    by: str
    """Who said it: humans are sure."""

    def called(self, class_id: str) -> str:
        """Return the name of a class, which may be told as a number."""
        if class_id.isdecimal() and class_id not in self.numbered.values():
            return self.numbered.get(int(class_id), class_id)
        return class_id

    def problem(self, words: str) -> InputError:
        """Return what to raise."""
        return InputError(f"{self.recording.path}: {self.topic} {words}")


def truth_on_topic(
    recording: Recording, topic: Topic, task: str, label: str, labels: Sequence[str], by: str = HUMAN
) -> StampedTruth:
    """Read a topic that is said `by` somebody; raise InputError where it tells nothing for this task."""
    if topic.kind not in KINDS[task]:
        raise InputError(f"{recording.path}: {topic.name} holds {topic.kind}, expected {' or '.join(KINDS[task])}")
    shelf, numbered = Shelf(recording, topic.name), _numbered(recording, topic.name, labels)
    names, read = _READERS[task](_Source(recording, topic.name, topic.kind, task, shelf, numbered, label, by))
    return StampedTruth(topic.kind, names, [Saying(stamp, partial(read, stamp)) for stamp in shelf], recording)


def _classes(source: _Source) -> tuple[tuple[str, ...], _Read]:
    def tagged(stamp: int) -> Record:
        tags = tags_in(source.messages[stamp], source.by)
        return Record(str(stamp), "", 0, 0, tags=tuple(replace(tag, name=source.called(tag.name)) for tag in tags))

    names = tuple(sorted({tag.name for stamp in source.messages for tag in tagged(stamp).tags or ()}))
    return names, lambda stamp, image: Known(targets.classes(tagged(stamp), names))


def _boxes(source: _Source) -> tuple[tuple[str, ...], _Read]:
    said = (one for stamp in source.messages for one in source.messages[stamp].detections)
    if not source.label and not all(any(result.hypothesis.class_id for result in one.results) for one in said):
        raise source.problem(f"holds boxes without a class. Say what they are with {LABEL_OPTION}")
    masks = _masks(source) if source.task == "instance_segmentation" else None
    names = tuple(sorted({thing.name for stamp in source.messages for thing in _things(source, stamp, _ANYWHERE)}))

    def read(stamp: int, image: Image) -> Known:
        size = (image.shape[1], image.shape[0])
        numbers = numbers_in(masks[stamp], size) if masks is not None and stamp in masks else None
        return known_things(_things(source, stamp, size, numbers), image, names, source.task, f"{source.topic} {stamp}")

    return names, read


def _things(
    source: _Source, stamp: int, size: tuple[int, int], numbers: NDArray[np.uint16] | None = None
) -> Iterator[Thing]:
    """Yield the things of a message, with the pixels of those that have any."""
    for place, one in enumerate(source.messages[stamp].detections, 1):
        thing = thing_in(one, size, source.by, source.label)
        if thing is not None:
            mask = None if numbers is None else targets.encoded(numbers == place)
            yield replace(thing, name=source.called(thing.name), mask=mask)


def _masks(source: _Source) -> Shelf:
    """Return the masks of instances, one for each message of boxes."""
    name = f"{source.topic.rpartition('/')[0]}/{BESIDE}"
    masks = Shelf(source.recording, name)
    if missing := [stamp for stamp in source.messages if source.messages[stamp].detections and stamp not in masks]:
        raise source.problem(f"needs masks of its stamps on {name}, mono16, which lacks {len(missing)} of them")
    return masks


def _label_maps(source: _Source) -> tuple[tuple[str, ...], _Read]:
    if not source.numbered:
        raise source.problem("holds numbers that nobody names. Record its label_info as well")
    names = tuple(dict.fromkeys(source.numbered[number] for number in sorted(source.numbered)))

    def read(stamp: int, image: Image) -> Known:
        numbers = classes_in(source.messages[stamp], (image.shape[1], image.shape[0]))
        return Known(LabelMap(renumbered(numbers, source.numbered, names)))

    return names, read


def _pictures(source: _Source) -> tuple[tuple[str, ...], _Read]:
    return (), lambda stamp, image: Known(Picture(TO_RGB[source.kind](source.messages[stamp])))


_READERS: dict[str, Callable[[_Source], tuple[tuple[str, ...], _Read]]] = {
    "classification": _classes,
    "detection": _boxes,
    "proposals": _boxes,
    "instance_segmentation": _boxes,
    "semantic_segmentation": _label_maps,
    "colorization": _pictures,
    "super_resolution": _pictures,
}


def _numbered(recording: Recording, topic: str, labels: Sequence[str]) -> dict[int, str]:
    """Return the names of classes by number: of the LabelInfo beside a topic, of the only one, else the model's."""
    told = [one.name for one in recording.topics if one.kind == LABEL_INFO and one.count]
    beside = [name for name in told if name.rpartition("/")[0] == topic.rpartition("/")[0]]
    chosen = beside or told
    if len(chosen) != 1:
        return dict(enumerate(labels))
    last = deque(recording.messages(chosen), maxlen=1)
    return names_in(fields_of(last[0])) if last else dict(enumerate(labels))
