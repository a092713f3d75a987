"""Pictures and what was said of them, out of ROS 2 recordings, on their way into a data set."""

import io
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import PIL.Image
from rosbags.serde import SerdeError

from deep_perception.data.formats.format import Content, Draft
from deep_perception.data.formats.truth import Truth
from deep_perception.data.record import HUMAN, MODEL, Record
from deep_perception.data.recordings import TO_RGB, connections, image_topic, is_recording, messages
from deep_perception.data.vision_messages import CLASSIFICATION, DETECTIONS, tags_in, things_in, types
from deep_perception.errors import ImageError, InputError, unknown
from deep_perception.predictions import Image

logger = logging.getLogger(__name__)

_TYPES = types()
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
    if not path.exists() or not is_recording(path):
        raise InputError(f"{path} is no ROS 2 recording, expected a .mcap or .db3 file, or a folder of them")
    chosen = image_topic(path, topic)
    count = sum(one.msgcount for one in connections(path) if one.topic == chosen)
    said = _answers(path, answers) if answers else {}
    known = Truth.read(truth, name) if truth else Truth()
    drafts = _Extraction(path, chosen, said, known, source).drafts(stride)
    return Content(drafts, -(-count // stride), known.names)


def _answers(path: Path, wanted: str) -> dict[int, Any]:
    """The messages of a topic by stamp."""
    kinds = {one.topic: one.msgtype for one in connections(path)}
    topic = f"/{wanted.lstrip('/')}"
    if topic not in kinds:
        raise InputError(f"{path}: {unknown('topic', topic, sorted(kinds))}")
    if kinds[topic] not in (DETECTIONS, CLASSIFICATION):
        raise InputError(f"{path}: {topic} holds {kinds[topic]}, expected {DETECTIONS} or {CLASSIFICATION}")
    try:
        found = [_TYPES.deserialize_cdr(data, kind) for kind, data in messages(path, topic)]
    except SerdeError as err:
        raise InputError(f"{path}: a message on {topic} is damaged ({err}). Record it again") from err
    return {_nanoseconds(message): message for message in found}


@dataclass(frozen=True, eq=False)
class _Extraction:
    path: Path
    topic: str
    answers: Mapping[int, Any]
    truth: Truth
    source: str

    def drafts(self, stride: int) -> Iterator[Draft]:
        """Yield what can be read, then say how much of all this did not fit together."""
        read, matched = 0, 0
        skipped: Counter[str] = Counter()
        for number, (kind, data) in islice(enumerate(messages(self.path, self.topic)), None, None, stride):
            try:
                draft = self._draft(f"{self._recording}_{number:06d}", kind, data)
            except ImageError as err:
                if err.kind not in skipped:
                    logger.warning("%s: skipped a picture: %s", self.path, err)
                skipped[err.kind] += 1
                continue
            read += 1
            matched += draft.record.things is not None or draft.record.tags is not None
            yield draft
        self._conclude(read, matched, skipped)

    @property
    def _recording(self) -> str:
        return self.path.resolve().name if self.path.is_dir() else self.path.stem

    def _draft(self, name: str, kind: str, data: bytes) -> Draft:
        try:
            message: Any = _TYPES.deserialize_cdr(data, kind)
        except SerdeError as err:
            raise ImageError("corrupt", f"the message is damaged ({err})") from err
        image = TO_RGB[kind](message)
        stamp = _nanoseconds(message)
        record = Record(
            name,
            ".png",
            image.shape[1],
            image.shape[0],
            stamp_ns=stamp,
            recording=self._recording,
            camera=self.topic,
            frame_id=message.header.frame_id,
        )
        record = self._told(record, stamp)
        kept = _kept(message, image) if kind.endswith("CompressedImage") else None
        return Draft(replace(record, image=kept[1]), kept[0]) if kept else Draft(record, image)

    def _told(self, record: Record, stamp: int) -> Record:
        size = (record.width, record.height)
        answer = self.answers.get(stamp)
        if answer is not None and hasattr(answer, "detections"):
            record = replace(record, things=things_in(answer, size, self.source), things_source=self.source)
        elif answer is not None:
            record = replace(record, tags=tags_in(answer, self.source))
        truth = self.truth.of(stamp, record.id)
        return record if truth is None else replace(record, things=truth(size), things_source=HUMAN)

    def _conclude(self, read: int, matched: int, skipped: Counter[str]) -> None:
        if skipped:
            kinds = ", ".join(f"{count} {kind}" for kind, count in skipped.items())
            logger.warning(
                "%s: skipped %d of %d pictures: %s", self.path, skipped.total(), read + skipped.total(), kinds
            )
        if matched < read and (self.answers or self.truth.things):
            logger.warning("%s: of %d of %d pictures nothing is said at their stamps", self.path, read - matched, read)


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


def _nanoseconds(message: Any) -> int:
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
