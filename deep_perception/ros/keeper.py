"""Hands the pictures of one camera to the data set, and what a teacher says of them, then or later."""

import time
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from vision_msgs.msg import Detection2DArray

from deep_perception.data.dataset import PIXELS
from deep_perception.data.record import HUMAN, MODEL, Record, Thing
from deep_perception.data.sampling.budgets import most_bytes
from deep_perception.data.saving import Saving
from deep_perception.data.teaching import corrected
from deep_perception.data.vision_messages import renumbered
from deep_perception.data.writer import Writer
from deep_perception.errors import ImageError, InputError
from deep_perception.ros.frame import nanoseconds
from deep_perception.ros.looking import Looking
from deep_perception.ros.seen import Seen
from deep_perception.ros.told import millimetres_in

if TYPE_CHECKING:
    from deep_perception.ros.collector_camera import CollectorCamera
    from deep_perception.ros.collector_node import CollectorNode

KEPT_NS = "kept_ns"
"""What more is said of a picture: when it was kept, by the clock of the machine; stamps may be of another time."""
OF_NO_PICTURE = (
    "annotations have the stamp of no picture that was kept, or seen within before_s. They need the header of theirs"
)


class Keeper:
    """What begins with an underscore happens in the thread that writes."""

    def __init__(
        self,
        node: "CollectorNode",
        camera: "CollectorCamera",
        look: Looking,
        saving: Saving,
        records: Iterable[Record],
    ) -> None:
        self._node, self._camera, self._look, self._saving = node, camera, look, saving
        self._ids = {record.stamp_ns: record.id for record in records if record.camera == camera.name}

    def keep(
        self, name: str, seen: Seen, reasons: tuple[str, ...], annotation: Detection2DArray | None
    ) -> "Future[bool] | None":
        """Write a picture under this id; None where the disk is too slow."""
        work = partial(self._write, name, seen, reasons, annotation)
        waiting = self._saving.submit(work, most_bytes(seen))
        if waiting is None:
            self._camera.complaints.drop("disk too slow", "the disk is too slow for all that is worth keeping")
        return waiting

    def amend(self, annotation: Detection2DArray) -> None:
        """Write what a teacher says of a picture that was kept."""
        self._saving.submit(partial(self._amend, annotation))

    def _write(
        self,
        name: str,
        seen: Seen,
        reasons: tuple[str, ...],
        annotation: Detection2DArray | None,
        writer: Writer,
    ) -> bool:
        file = seen.shot.file()
        record = seen.record(name, file[1] if file else f".{self._node.config.image_format}", reasons)
        record = replace(record, more={KEPT_NS: time.time_ns()})
        if annotation is not None:
            record = self._taught(record, annotation)
        classes = self._classes(seen, writer)
        if classes is not None:
            record = replace(record, pixels_source=MODEL)
        try:
            writer.add(record, file[0] if file else seen.image, pixels=classes, depth=self._depth(seen))
        except InputError as err:
            self._camera.complaints.drop("cannot be stored", str(err))
            return False
        self._ids[seen.stamp_ns] = name
        self._camera.counts.saved += 1
        self._camera.counts.annotated += annotation is not None
        return True

    def _amend(self, annotation: Detection2DArray, writer: Writer) -> None:
        record = writer.records.get(self._ids.get(nanoseconds(annotation), ""))
        if record is None:
            self._camera.complaints.ignore("annotations of no picture", OF_NO_PICTURE)
        elif (taught := self._taught(record, annotation)) != record:
            writer.amend(taught)
            self._camera.counts.annotated += 1

    def is_taught_whole(self, things: tuple[Thing, ...] | None) -> bool:
        """Tell whether all there is in a picture is known once a teacher has spoken of it.

        Beside a running model a teacher tells what that gets wrong. Where it has not answered, what it would have found
        would count as not being there.
        """
        return things is not None or self._node.config.annotations_complete or not self._look.answered

    def _taught(self, record: Record, annotation: Detection2DArray) -> Record:
        if not self.is_taught_whole(record.things):
            return record
        boxes = self._look.things(annotation, (record.height, record.width), HUMAN)
        complete = self._node.config.annotations_complete
        things = corrected(record.things, boxes or (), complete=complete)
        return replace(record, things=things, things_source=HUMAN)

    @staticmethod
    def _classes(seen: Seen, writer: Writer) -> NDArray[np.uint8] | None:
        if seen.classes is None:
            return None
        writer.add_names(PIXELS, [name for _, name in sorted(seen.class_names.items())])
        return renumbered(seen.classes, seen.class_names, writer.labels[PIXELS])

    def _depth(self, seen: Seen) -> NDArray[np.uint16] | None:
        if seen.depth is None:
            return None
        try:
            return millimetres_in(seen.depth, (seen.image.shape[0], seen.image.shape[1]))
        except ImageError as err:
            self._camera.complaints.ignore("depth that cannot be used", str(err))
            return None
