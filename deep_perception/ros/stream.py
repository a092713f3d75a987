"""What one camera of a collector shows: looked at, judged, kept, and taught, all in the thread that judges."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from vision_msgs.msg import Detection2DArray

from deep_perception.data.record import HUMAN
from deep_perception.data.sampling import Sampler, Verdict
from deep_perception.errors import ImageError
from deep_perception.ros.frame import nanoseconds
from deep_perception.ros.looking import Looking
from deep_perception.ros.seen import Origin, Seen
from deep_perception.ros.shot import Shot

if TYPE_CHECKING:
    from deep_perception.ros.collecting import Collecting
    from deep_perception.ros.collector_camera import CollectorCamera

ANNOTATED = "a teacher annotated it"
MOST_ANNOTATIONS = 1000
"""Held for pictures that may yet be kept."""


class Stream:
    """From a start to a stop."""

    def __init__(self, collecting: "Collecting", camera: "CollectorCamera", sampler: Sampler) -> None:
        self.sampler = sampler
        self._collecting, self._camera = collecting, camera
        self._look = Looking(camera.complaints, camera.intrinsics)
        self._handed: set[int] = set()
        self._annotations: OrderedDict[int, Detection2DArray] = OrderedDict()
        self._lately: deque[Seen] = deque()

    # In threads of the receivers

    def see(self, shot: Shot, told: Mapping[str, Any]) -> None:
        """Take a picture and what is told of it."""
        if not self._collecting.judge(partial(self._judge, shot, told)):
            self._camera.health.dropped("judging is too slow")

    def teach(self, message: Detection2DArray) -> None:
        """Take what a teacher says of the picture with the same stamp."""
        self._collecting.command(partial(self._teach, message))

    # In the thread that judges

    def trigger(self, words: str) -> list[Verdict]:
        """Keep the newest picture and the seconds before it."""
