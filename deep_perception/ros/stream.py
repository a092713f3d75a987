"""What one camera of a collector shows, from a start to a stop: looked at, judged, kept and taught."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from vision_msgs.msg import Detection2DArray

from deep_perception.data.sampling import Sampler, Verdict
from deep_perception.data.sampling.budgets import MEGABYTE
from deep_perception.errors import ImageError
from deep_perception.ros.frame import nanoseconds
from deep_perception.ros.messages import to_boxes
from deep_perception.ros.seen import Seen
from deep_perception.ros.shot import Shot

if TYPE_CHECKING:
    from deep_perception.ros.collecting import Collecting
    from deep_perception.ros.collector_camera import CollectorCamera
    from deep_perception.ros.keeper import Keeper
    from deep_perception.ros.looking import Looking

ANNOTATED = "a teacher annotated it"
UNANSWERED = "annotated, but not answered by the model"
KEPT_BEFORE = "kept"
"""What sampling calls it when a picture was kept already."""
MOST_ANNOTATIONS = 1000
"""Held for pictures that may yet be kept."""


class Stream:
    """Pictures and words come from the threads of receivers, the rest happens in the thread that judges."""

    def __init__(
        self, collecting: "Collecting", camera: "CollectorCamera", look: "Looking", sampler: Sampler, keeper: "Keeper"
    ) -> None:
        self._collecting, self._camera = collecting, camera
        self._look, self._sampler, self._keeper = look, sampler, keeper
        self._annotations: OrderedDict[int, Detection2DArray] = OrderedDict()
        self._lately: OrderedDict[int, Seen] = OrderedDict()
        self._lately_bytes = 0
        self._newest_ns = -1

    def see(self, shot: Shot, told: Mapping[str, Any]) -> None:
        """Take a picture and what is told of it."""
        if self._collecting.judge(partial(self._see, shot, told), 1) is None:
            self._camera.complaints.drop("judged too slowly", "pictures come faster than they can be judged")

    def teach(self, annotation: Detection2DArray) -> None:
        """Take what a teacher says of the picture with the same stamp."""
        self._collecting.judge(partial(self._teach, annotation))

    # In the thread that judges

    def trigger(self, words: str) -> "list[Future[bool]]":
        """Keep the newest picture and the seconds before it."""
        return self._keep(self._sampler.trigger(words, *self._collecting.now_and_room()))

    def forget_the_past(self) -> None:
        """Begin anew: the clock or the stamps jumped."""
        self._annotations.clear()
        self._lately.clear()
        self._lately_bytes = 0
        self._newest_ns = -1

    def _see(self, shot: Shot, told: Mapping[str, Any]) -> None:
        try:
            seen = self._look(shot, told, self._collecting.recording, self._collecting.class_names())
        except ImageError as err:
            self._camera.complaints.drop(f"unreadable: {err.kind}", str(err))
            return
        self._newest_ns = seen.stamp_ns
        self._camera.looked_at(seen)
        self._keep(self._sampler.consider(seen, *self._collecting.now_and_room()))
        if seen.stamp_ns in self._annotations and self._collecting.config.keep_annotated:
            self._demand(seen)
        elif self._camera.is_taught():
            self._remember(seen)

    def _teach(self, annotation: Detection2DArray) -> None:
        stamp_ns = nanoseconds(annotation)
        self._annotations[stamp_ns] = annotation
        while len(self._annotations) > MOST_ANNOTATIONS:
            self._annotations.popitem(last=False)
        if (seen := self._lately.get(stamp_ns)) is not None:
            self._demand(seen)
        elif stamp_ns <= self._newest_ns:
            self._keeper.amend(annotation)

    def _demand(self, seen: Seen) -> None:
        """Keep a picture that a teacher annotated; if it was kept before, say of it what he says."""
        if not self._keeper.is_taught_whole(seen.things):
            self._camera.counts.refused[UNANSWERED] += 1
            return
        annotation = self._annotations[seen.stamp_ns]
        names = tuple(name for name, _, _ in to_boxes(annotation) if name)
        verdict = None
        if self._collecting.config.keep_annotated:
            look = replace(seen, taught=(*seen.taught, *names))
            verdict = self._sampler.demand(look, ANNOTATED, *self._collecting.now_and_room())
        if verdict is None or (verdict.refusal is not None and verdict.refusal.kind == KEPT_BEFORE):
            self._keeper.amend(annotation)
        else:
            self._keep([verdict])

    def _keep(self, verdicts: Iterable[Verdict]) -> "list[Future[bool]]":
        waiting = []
        for verdict in verdicts:
            if verdict.keep:
                seen = cast(Seen, verdict.look)
                annotation = self._annotations.get(seen.stamp_ns)
                waiting.append(self._keeper.keep(self._collecting.next_id(), seen, verdict.words, annotation))
            elif verdict.refusal is not None:
                self._camera.counts.refused[verdict.refusal.kind] += 1
                self._collecting.heed(verdict.refusal)
        return [one for one in waiting if one is not None]

    def _remember(self, seen: Seen) -> None:
        """Hold pictures that a teacher may speak of for as long as those before a trigger."""
        config = self._collecting.config
        if seen.stamp_ns in self._lately:  # a camera that does not stamp its pictures
            return
        self._lately[seen.stamp_ns] = seen
        self._lately_bytes += seen.nbytes
        oldest_ns, most_bytes = seen.stamp_ns - config.before_s * 1e9, config.before_mb * MEGABYTE
        while self._lately and (self._lately_bytes > most_bytes or next(iter(self._lately)) < oldest_ns):
            self._lately_bytes -= self._lately.popitem(last=False)[1].nbytes
