"""From a start to a stop: one thread judges what the cameras show, another writes it to one data set."""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_perception.collector_config import CollectorConfig
from deep_perception.data.media import read_image
from deep_perception.data.record import Record
from deep_perception.data.sampling import Collection, Reason, Room, Sampler
from deep_perception.data.sampling.budgets import HOUR, MEGABYTE, MINUTE
from deep_perception.data.sampling.creation import create_novelty
from deep_perception.data.saving import Saving
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError, StorageError
from deep_perception.ros.keeper import KEPT_NS, Keeper
from deep_perception.ros.looking import Looking
from deep_perception.ros.stream import Stream
from deep_perception.runtime.worker import Result, Worker

if TYPE_CHECKING:
    from deep_perception.ros.collector_camera import CollectorCamera
    from deep_perception.ros.collector_node import CollectorNode

MOST_WAITING = 16
"""Pictures that wait to be judged."""
RECALLED = 200
"""Pictures of an earlier start that new ones are compared with."""
FINISHING_S = 2.0


class Collecting:
    """Holds the data set, which nobody else may write to meanwhile."""

    def __init__(self, node: "CollectorNode", cameras: Iterable["CollectorCamera"]) -> None:
        """Raise a DeepPerceptionError where the data set cannot be written."""
        self._node = node
        config = node.config
        self.folder = Path(config.dataset_dir).expanduser()
        self._writer = Writer(self.folder, leave_free_bytes=round(config.leave_free_mb * MEGABYTE))
        try:
            novelty = create_novelty(config, self.folder)
        except BaseException:
            self._writer.close()
            raise
        records = tuple(self._writer.records.values())
        self._before = len(records)
        self._recordings = {record.recording for record in records}
        self._kept = 0
        self._kept_ns = [int(record.more[KEPT_NS]) for record in records if KEPT_NS in record.more]
        self._collection = Collection(config, novelty, self._kept_ns)
        self._judging = Worker("judging", MOST_WAITING, node.fail)
        self.saving = Saving(self._writer, node.fail)
        self.streams = {camera: self._stream(camera, records) for camera in cameras}
        self.begin_recording()
        self._judging.submit(lambda: _recall(self._collection, self.folder, records))

    def _stream(self, camera: "CollectorCamera", records: Iterable[Record]) -> Stream:
        look = Looking(camera.name, camera.complaints, camera.intrinsics)
        keeper = Keeper(self._node, camera, look, self.saving, records)
        return Stream(self, camera, look, Sampler(self._collection), keeper)

    @property
    def config(self) -> CollectorConfig:
        """Return the settings, as they are now."""
        return self._node.config

    @property
    def pictures(self) -> int:
        """Return how many pictures the data set holds."""
        return len(self._writer.records)

    @property
    def saved(self) -> int:
        """Return how many of them came since the start."""
        return self.pictures - self._before

    @property
    def repaired(self) -> tuple[str, ...]:
        """Return what was mended at the start."""
        return self._writer.repaired

    @property
    def stored(self) -> int:
        """Return the bytes of the data set."""
        return self._writer.bytes_written

    def budget(self) -> dict[str, Any]:
        """Return how fast pictures are kept, and how many more may be."""
        now, kept = time.time_ns(), self._kept_ns
        minute, hour = (sum(now - when < span for when in kept) for span in (MINUTE, HOUR))
        return {
            "kept in a minute": minute,
            "left of this minute": max(0, self.config.per_minute - minute),
            "left of this hour": max(0, self.config.per_hour - hour),
            "left of the data set (MB)": max(0, round(self.config.max_mb - self.stored / MEGABYTE)),
            "free on the disk (MB)": shutil.disk_usage(self.folder).free // MEGABYTE,
        }

    def judge(self, work: "Callable[[], Result]", size: int = 0) -> "Future[Result] | None":
        """Have something done in the thread that judges; what has a size may be refused with None."""
        return self._judging.submit(work, size)

    def save(self, words: str) -> "Future[list[Future[bool]]] | None":
        """Keep what the cameras show, and the seconds before."""
        return self.judge(lambda: [one for stream in self.streams.values() for one in stream.trigger(words)])

    def forget_the_past(self) -> None:
        """Begin another recording: the clock or the stamps jumped."""

        def forget() -> None:
            self.begin_recording()
            for stream in self.streams.values():
                stream.forget_the_past()

        self.judge(forget)

    def reconfigure(self, config: CollectorConfig) -> None:
        """Judge by these settings from now on."""

        def change() -> None:
            self._collection.config = config

        self.judge(change)

    def close(self) -> int:
        """Finish what has begun; return how many pictures were given up for that."""
        return self._judging.close(FINISHING_S) + self.saving.close(FINISHING_S)

    # In the thread that judges

    def begin_recording(self) -> None:
        """Begin a recording with a name that no other has."""
        name = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}_{self._node.full_name}"
        number = 1
        self.recording = name
        while self.recording in self._recordings:
            number += 1
            self.recording = f"{name}_{number}"
        self._recordings.add(self.recording)

    def next_id(self) -> str:
        """Return an id for a picture of this recording."""
        self._kept += 1
        now = time.time_ns()
        self._kept_ns = [*(when for when in self._kept_ns if now - when < HOUR), now]
        return f"{self.recording}_{self._kept:06d}"

    def class_names(self) -> Mapping[int, str]:
        """Return the names of the classes in masks."""
        return self._node.class_names

    def now_and_room(self) -> tuple[int, Room]:
        """Return the time, and what the disk holds when all that waits is written."""
        waiting = self.saving.waiting
        return time.time_ns(), Room(self.stored + waiting, shutil.disk_usage(self.folder).free - waiting)

    def heed(self, refusal: Reason) -> None:
        """Stop where the disk is too full for more."""
        if refusal.kind == "disk":
            self.saving.fail(
                StorageError(f"{self.folder}: {refusal.words}. Free some space, or set leave_free_mb lower")
            )


def _recall(collection: Collection, folder: Path, records: tuple[Record, ...]) -> None:
    for record in records:
        collection.count([*(tag.name for tag in record.tags or ()), *(thing.name for thing in record.things or ())])
    for record in records[-RECALLED:]:
        with suppress(InputError):
            collection.remember(read_image(folder / record.image))
