"""Pictures and what was said of them, out of ROS 2 recordings, on their way into a data set."""

import io
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import PIL.Image

from deep_perception.data.formats.format import Content, Draft
from deep_perception.data.formats.truth import Truth
from deep_perception.data.record import HUMAN, MODEL, Record
from deep_perception.data.recordings import (
    TO_RGB,
    RecordedPicture,
    Recording,
    Window,
    fields_of,
    image_topic,
    pictures,
    stamp_of,
)
from deep_perception.data.vision_messages import CLASSIFICATION, DETECTIONS, tags_in, things_in
from deep_perception.errors import ImageError, InputError, unknown
from deep_perception.predictions import Image

logger = logging.getLogger(__name__)

_KEPT = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
"""Files whose bytes go into a data set as they are."""

_ORIENTATION = 0x0112
"""The EXIF tag."""


def extract(
    path: Path,
    *,
    topic: str | None = None,
    answers: str | None = None,
    truth: Path | None = None,
    name: str = "",
    source: str = MODEL,
    stride: int = 1,
) -> Content:
    """Read every `stride`-th picture of a topic, with the Detection2DArray or Classification of exactly its stamp.

    `answers` is the topic of these, and `source` who gave them. `truth` is a COCO file or JSON of boxes by stamp: what
    people said, which counts instead; `name` is the class of boxes that it does not name. Pictures that are damaged
    are skipped, counted and logged. Raise InputError for what cannot be used, before the first picture.
    """
    recording = Recording(path)
    chosen = image_topic(recording, topic)
    count = sum(one.count for one in recording.topics if one.name == chosen)
    said = _answers(recording, answers) if answers else {}
    known = Truth.read(truth, name) if truth else Truth()
    drafts = _Extraction(recording, chosen, said, known, source).drafts(stride)
    return Content(drafts, -(-count // stride), known.names)


def _answers(recording: Recording, wanted: str) -> dict[int | None, Any]:
    """The messages of a topic by stamp."""
    kinds = {one.name: one.kind for one in recording.topics}
    topic = f"/{wanted.lstrip('/')}"
    if topic not in kinds:
        raise InputError(f"{recording.path}: {unknown('topic', topic, sorted(kinds))}")
    if kinds[topic] not in (DETECTIONS, CLASSIFICATION):
        expected = f"expected {DETECTIONS} or {CLASSIFICATION}"
        raise InputError(f"{recording.path}: {topic} holds {kinds[topic]}, {expected}")
    try:
        return {stamp_of(message): fields_of(message) for message in recording.messages([topic])}
    except ImageError as err:
        raise InputError(f"{recording.path}: on {topic} {err}. Record it again") from err


@dataclass(frozen=True, eq=False)
class _Extraction:
    recording: Recording
    topic: str
    answers: Mapping[int | None, Any]
    truth: Truth
    source: str

    def drafts(self, stride: int) -> Iterator[Draft]:
        """Yield what can be read, then say how much of all this did not fit together."""
        read, matched = 0, 0
        skipped: Counter[str] = Counter()
        for picture in pictures(self.recording, self.topic, Window(stride=stride)):
            try:
                draft = self._draft(picture)
            except ImageError as err:
                if err.kind not in skipped:
                    logger.warning("%s: skipped a picture: %s", self.recording.path, err)
                skipped[err.kind] += 1
                continue
            read += 1
            matched += draft.record.things is not None or draft.record.tags is not None
            yield draft
        self._conclude(read, matched, skipped)

    def _draft(self, picture: RecordedPicture) -> Draft:
        message = fields_of(picture.message)
        image = TO_RGB[picture.message.kind](message)
        record = Record(
            f"{self.recording.name}_{picture.number:06d}",
            ".png",
            image.shape[1],
            image.shape[0],
            stamp_ns=picture.stamp_ns,
            recording=self.recording.name,
            camera=self.topic,
            frame_id=message.header.frame_id,
        )
        record = self._told(record)
        kept = _kept(message, image) if picture.message.kind.endswith("CompressedImage") else None
        return Draft(replace(record, image=kept[1]), kept[0]) if kept else Draft(record, image)

    def _told(self, record: Record) -> Record:
        size = (record.width, record.height)
        answer = self.answers.get(record.stamp_ns)
        if answer is not None and hasattr(answer, "detections"):
            record = replace(record, things=things_in(answer, size, self.source), things_source=self.source)
        elif answer is not None:
            record = replace(record, tags=tags_in(answer, self.source))
        truth = self.truth.of(record.stamp_ns, record.id)
        return record if truth is None else replace(record, things=truth(size), things_source=HUMAN)

    def _conclude(self, read: int, matched: int, skipped: Counter[str]) -> None:
        path = self.recording.path
        if skipped:
            kinds = ", ".join(f"{count} {kind}" for kind, count in skipped.items())
            logger.warning("%s: skipped %d of %d pictures: %s", path, skipped.total(), read + skipped.total(), kinds)
        if matched < read and (self.answers or self.truth.things):
            logger.warning("%s: of %d of %d pictures nothing is said at their stamps", path, read - matched, read)
        if self.recording.damage:
            logger.warning("%s", self.recording.damage)


def _kept(message: Any, image: Image) -> tuple[bytes, str] | None:
    """The bytes of a compressed picture and their suffix, if whoever reads them as a photo sees this picture."""
    data = bytes(message.data)
    try:
        with PIL.Image.open(io.BytesIO(data)) as photo:
            suffix, mode, turned = _KEPT.get(photo.format or ""), photo.mode, photo.getexif().get(_ORIENTATION, 1) != 1
    except (OSError, SyntaxError, ValueError):
        return None
    gray = mode == "L" and bool((image == image[:, :, :1]).all())  # else it is the mosaic of a colour sensor
    return (data, suffix) if suffix and not turned and (gray or mode == "RGB") else None
