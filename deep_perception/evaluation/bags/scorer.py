"""From answers to the lines that are kept of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deep_perception.data.recordings import RecordedPicture, Recording
from deep_perception.errors import ImageError
from deep_perception.evaluation.bags.answers import Answer
from deep_perception.evaluation.bags.entry import Entry
from deep_perception.evaluation.bags.evidence import EVIDENCE
from deep_perception.evaluation.bags.job import Job, Stream
from deep_perception.evaluation.bags.steadiness import steadiness
from deep_perception.evaluation.bags.truth import Known
from deep_perception.evaluation.numbering import places, renumbered
from deep_perception.predictions import Image


@dataclass(frozen=True, eq=False)
class Taken:
    """A picture out of a recording, or what kept it from being one."""

    picture: RecordedPicture
    image: Image | None
    """As it was recorded."""
    seen: Image | None
    """As it is shown to who answers."""
    trouble: ImageError | None
    seconds: Mapping[str, float]


class Scorer:
    """Scores the pictures of a stream, in order."""

    def __init__(self, job: Job, stream: Stream, recording: Recording) -> None:
        self._job, self._stream = job, stream
        self._truth = job.truth_in(recording)
        self._renumbered = self._truth is not None and self._truth.names != job.names and bool(job.names)
        self._evidence = EVIDENCE[job.task]
        self._steady = steadiness(job.task)

    def __call__(self, taken: Taken, answer: Answer) -> Entry:
        """Return the line of a picture, without the time that this took."""
        picture, trouble = taken.picture, taken.trouble or answer.trouble
        height, width = (0, 0) if taken.image is None else taken.image.shape[:2]
        entry = Entry(
            self._stream.bag,
            self._stream.camera,
            picture.number,
            picture.stamp_ns,
            width,
            height,
            trouble=trouble.kind if trouble else "",
            reason=str(trouble or ""),
            recorded_ns=picture.message.recorded_ns,
            published_ns=answer.published_ns,
            place=answer.place,
        )
        if taken.seen is None or taken.image is None or answer.prediction is None:
            self._steady = steadiness(self._job.task)  # what comes next has no picture before
            return entry
        return self._judged(entry, taken.image, taken.seen, answer.prediction)

    def _judged(self, entry: Entry, image: Image, seen: Image, answer: Any) -> Entry:
        steady = self._steady(seen, answer)
        try:
            known = self.known(entry.stamp_ns, image)
            evidence = self._evidence.of(answer, known, seen)
        except ImageError as err:
            return replace(entry, trouble=err.kind, reason=str(err))
        return replace(entry, evidence=evidence, judged=known is not None, steady=steady)

    def known(self, stamp_ns: int | None, image: Image) -> Known | None:
        """Return what is true, in the numbers of the job."""
        if self._truth is None or stamp_ns is None:
            return None
        known = self._truth.of(stamp_ns, self._stream.camera, image)
        if known is None or not self._renumbered:
            return known
        table = places(self._truth.names, self._job.names)
        ignored = None if known.ignored is None else renumbered(known.ignored, table)
        return Known(renumbered(known.target, table), ignored)  # type: ignore[arg-type]
