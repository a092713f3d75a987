"""Answers that were recorded beside the pictures: what a robot published then, in place of a model that runs now."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from deep_perception.data.recordings import TO_RGB, Recording, Topic, fields_of, stamp_of
from deep_perception.data.vision_messages import CLASSIFICATION, DETECTIONS
from deep_perception.errors import ImageError, InputError
from deep_perception.evaluation.bags.answers import Answer, Seen
from deep_perception.evaluation.bags.cameras import absolute
from deep_perception.evaluation.bags.known import StampedTruth
from deep_perception.evaluation.bags.truth_topics import truth_on_topic
from deep_perception.evaluation.numbering import places, renumbered

BY = "recorded"
TASKS = {DETECTIONS: "detection", CLASSIFICATION: "classification"}
"""By the type of the messages; what pictures are answers to has to be looked at."""
NUMBERS = ("mono8", "8UC1")


class RecordedAnswers:
    """Finds the answer to a picture by its stamp."""

    def __init__(self, topic: str, task: str, names: Sequence[str]) -> None:
        self._topic, self._task, self._names = topic, task, names

    def begin(self, recording: Recording) -> None:
        """Read when what was published in this recording."""
        topic = answers_topic(recording, self._topic)
        self._said = said_on(recording, topic, self._task)
        self._places = places(self._said.names, self._names) if self._names else None
        self._times: defaultdict[int | None, list[tuple[int, int]]] = defaultdict(list)
        for place, message in enumerate(recording.messages([topic.name])):
            self._times[stamp_of(message)].append((message.published_ns, place))

    def __call__(self, seen: Sequence[Seen]) -> list[Answer]:
        """Return what was published about these pictures."""
        return [self._answer(one) for one in seen]

    def _answer(self, seen: Seen) -> Answer:
        if seen.stamp_ns is None or seen.stamp_ns not in self._times:
            return Answer()
        published, place = zip(*sorted(self._times[seen.stamp_ns]), strict=True)
        try:
            said = self._said.of(seen.stamp_ns, "", seen.image)
        except ImageError as err:
            return Answer(trouble=err, published_ns=published, place=place)
        prediction = renumbered(said.target, self._places) if said else None
        return Answer(prediction, published_ns=published, place=place)


def answers_topic(recording: Recording, wanted: str) -> Topic:
    """Return the topic of answers; raise InputError, naming those that there are."""
    kinds = (*TASKS, *TO_RGB)
    able = {topic.name: topic for topic in recording.topics if topic.kind in kinds and topic.count}
    if (name := absolute(wanted)) in able:
        return able[name]
    there = {topic.name: topic.kind if topic.count else "no message" for topic in recording.topics}
    found = f"--topic {name} holds {there[name]}" if name in there else f"there is no topic {name}"
    expected = f"a Detection2DArray, Classification or Image, as on {', '.join(able) or 'no topic of it'}"
    raise InputError(f"{recording.path}: {found}, expected {expected}")


def task_of(recording: Recording, topic: Topic, camera: str) -> str:
    """Return which task the answers are of: those that are images are masks, or pictures coloured or upscaled."""
    if topic.kind in TASKS:
        return TASKS[topic.kind]
    message = next(recording.messages([topic.name]))
    fields = fields_of(message)
    if getattr(fields, "encoding", "") in NUMBERS:
        return "semantic_segmentation"
    picture = next(recording.messages([camera]))
    answer, seen = TO_RGB[topic.kind](fields), TO_RGB[picture.kind](fields_of(picture))
    return "colorization" if answer.shape == seen.shape else "super_resolution"


def said_on(recording: Recording, topic: Topic, task: str) -> StampedTruth:
    """Read the answers as truth is read, but with the scores that they were given."""
    return truth_on_topic(recording, topic, task, "", (), BY)


def orphans(recording: Recording, wanted: str, stamps: set[int | None]) -> int:
    """Count the answers to pictures that are not among these stamps."""
    topic = answers_topic(recording, wanted)
    return sum(stamp_of(message) not in stamps for message in recording.messages([topic.name]))


def told_topic(topic: Topic | None) -> dict[str, Any]:
    """Return what the result says of a topic that answers."""
    assert topic is not None
    return {"kind": "topic", "topic": topic.name, "type": topic.kind}
