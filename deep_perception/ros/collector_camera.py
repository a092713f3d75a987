"""One camera of a collector: its pictures, what is told of them, and how that goes."""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from std_msgs.msg import String
from vision_msgs.msg import Detection2DArray

from deep_perception.ros import diagnostics
from deep_perception.ros.camera_info import CameraInfoSource, topic_beside
from deep_perception.ros.complaints import Complaints
from deep_perception.ros.feed import Feed, Listener
from deep_perception.ros.frame import TRANSPORTS, nanoseconds
from deep_perception.ros.messages import newest_only, reliable
from deep_perception.ros.picture_messages import Size
from deep_perception.ros.receiver import LeftToReceiver, Receiver
from deep_perception.ros.shot import Shot
from deep_perception.ros.silence import explain
from deep_perception.ros.told import TOPICS, intrinsics_in
from deep_perception.ros.transport import REMEDY_FOR_LOSS
from deep_perception.runtime.gathering import Gathering
from deep_perception.runtime.health import Health

if TYPE_CHECKING:
    from deep_perception.ros.collector_node import CollectorNode
    from deep_perception.ros.seen import Seen
    from deep_perception.ros.stream import Stream

SILENCE_S = 3.0
DEPTH = 5
"""Messages kept for a receiver: a moment of distraction must not cost what belongs to a picture that waits for it."""
FROM_TEACHER = 50


@dataclass
class Counts:
    """Since the node began."""

    seen: int = 0
    saved: int = 0
    annotated: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class CollectorCamera:
    """Listens while pictures are collected; to what is said to be shown, always."""

    def __init__(self, node: "CollectorNode", name: str) -> None:
        self._transport = TRANSPORTS[node.config.image_transport]
        self.name, self.prefix = name, f"{name}/" if name else ""
        self._asked = f"{self.prefix}image"
        # image_transport appends the transport to the remapped name, so that remapping `image` is enough.
        self.image = node.resolve_topic_name(self._asked)
        self.topic = self.image + self._transport.suffix
        self.health = Health()
        self.counts = Counts()
        self.complaints = Complaints(node.get_logger(), self.topic, self.health)
        self._node, self._workplace = node, node.workplace
        self._listener = Listener(self._arrived, self.health.lost)
        self._feed: Feed | None = None
        self._feeds: dict[str, tuple[Feed, Listener]] = {}
        self._label = ""
        self._listening_since = 0.0
        node.create_subscription(String, f"{self.prefix}label", self._named, reliable(FROM_TEACHER))

    def listen(self, stream: "Stream") -> None:
        """Subscribe; `stream` gets the pictures, and what a teacher says of them."""
        node, workplace = self._node, self._workplace
        self._listening_since = time.monotonic()
        self._gathering: Gathering[Shot] = Gathering(node.config.match_timeout_s, stream.see)
        for topic, kind in TOPICS.items():
            listener = Listener(partial(self._told, topic))
            place = node.resolve_topic_name(self.prefix + topic)
            self._feeds[topic] = workplace.listen(place, kind, listener, _as_it_is, DEPTH), listener
        self._info = CameraInfoSource(workplace, topic_beside(node, self.image, f"{self.prefix}camera_info"))
        subscription = node.create_subscription(
            Detection2DArray,
            f"{self.prefix}annotations",
            stream.teach,
            reliable(FROM_TEACHER),
            callback_group=LeftToReceiver(),
        )
        self._annotations_topic = subscription.topic_name
        self._annotations = Receiver(node, subscription, node.fail)
        self._feed = workplace.listen(self.topic, self._transport.message, self._listener, self._shot)

    def stop_listening(self) -> None:
        """Unsubscribe; nothing is handed over after this returns."""
        if self._feed is None:
            return
        self._workplace.stop_listening(self._feed, self._listener)
        self._feed = None
        for feed, listener in self._feeds.values():
            self._workplace.stop_listening(feed, listener)
        self._feeds.clear()
        self._info.close()
        self._annotations.close()
        self.health.reset()

    def forget_the_past(self) -> None:
        """Begin another stream: the clock or the stamps jumped."""
        if self.is_listening:
            self._gathering.clear()
        self.health.reset()

    # What arrives, in threads of the receivers

    def _shot(self, message: Any) -> Shot:
        return Shot(message, self._transport.read, self._label, self._node.position)

    def _arrived(self, shot: Shot) -> None:
        if self.health.received(shot.stamp_ns):
            self._node.get_logger().info(f"{self.topic}: stamps went back, another recording begins")
            self._node.forget_the_past()
        awaited = [topic for topic, (feed, _) in self._feeds.items() if feed.has_publisher()]
        self._gathering.frame(shot.stamp_ns, shot, shot.size, awaited)

    def _told(self, topic: str, message: Any) -> None:
        if self._gathering.tell(topic, nanoseconds(message), message):
            patience = self._node.config.match_timeout_s
            why = f"{topic} come more than match_timeout_s ({patience:g}) after their pictures, which did not wait"
            self.complaints.ignore(f"{topic} too late", f"{why}. Set it higher")

    def _named(self, message: String) -> None:
        label = message.data.strip()
        if label != self._label:
            self._node.get_logger().info(f"{self.topic} shows '{label}'" if label else f"{self.topic}: no label now")
        self._label = label

    # What those who judge ask

    def intrinsics(self, size: Size) -> tuple[float, ...] | None:
        """Return the camera matrix for pictures of this size, where it is known."""
        info, _ = self._info.of(size)
        return None if info is None else intrinsics_in(info)

    def is_taught(self) -> bool:
        """Whether anybody is there to annotate pictures."""
        return bool(self._node.count_publishers(self._annotations_topic))

    def looked_at(self, seen: "Seen") -> None:
        """Note that a picture was judged, and how old it is."""
        self.counts.seen += 1
        self.health.answered((self._node.get_clock().now().nanoseconds - seen.stamp_ns) * 1e-9)
        if self.complaints.once("works"):
            size = f"{seen.image.shape[1]}x{seen.image.shape[0]}"
            self._node.get_logger().info(f"first picture on {self.topic}: {size}")

    # How it goes

    @property
    def is_listening(self) -> bool:
        """Whether pictures are received."""
        return self._feed is not None

    def is_silent(self) -> bool:
        """Whether no picture has arrived for a while."""
        return self.is_listening and self.health.quiet_s(self._listening_since) > SILENCE_S

    def explain_silence(self) -> str:
        """Say why no picture arrives, and what to do."""
        kind = f"sensor_msgs/msg/{self._transport.message.__name__}"
        return explain(self._node, self.topic, kind, newest_only(), self._asked)

    def explain_trouble(self) -> str | None:
        """Say why no picture arrives, or how many do not; None where all is well."""
        if self.is_silent():
            return self.explain_silence()
        share = self.health.snapshot().lost_share
        if share <= diagnostics.MOSTLY_LOST:
            return None
        return f"{100 * share:.0f} % of the pictures on {self.topic} get lost on the way. {REMEDY_FOR_LOSS}"

    def hurry(self) -> None:
        """Let nothing wait for longer than it should, also where no further picture comes."""
        if self.is_listening:
            self._gathering.check()


def _as_it_is(message: Any) -> Any:
    return message
