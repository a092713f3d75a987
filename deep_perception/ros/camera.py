"""One camera of a perception node: which of its pictures are worked on, what is told about them, how that goes."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vision_msgs.msg import Detection2DArray

from deep_perception.ros.answering import Answering
from deep_perception.ros.attention import Attention
from deep_perception.ros.complaints import Complaints
from deep_perception.ros.feed import Feed, Listener
from deep_perception.ros.frame import TRANSPORTS, Frame, nanoseconds
from deep_perception.ros.guides import GuideKind
from deep_perception.ros.messages import newest_only
from deep_perception.ros.post import Source
from deep_perception.ros.silence import explain
from deep_perception.runtime.health import Health
from deep_perception.runtime.pairing import Paired

if TYPE_CHECKING:
    from deep_perception.ros.perception_node import PerceptionNode

SILENCE_S = 3.0


@dataclass(frozen=True)
class Seen:
    """A picture whose turn has come, and what was told about it."""

    frame: Frame
    guide: Detection2DArray | None
    kind: GuideKind | None
    life: int
    """Number of the stream; another one begins when time jumps."""


class Camera:
    """Listens while active; publishes under its own name when there are several."""

    def __init__(self, node: "PerceptionNode", name: str) -> None:
        source = node.post.sources.get(name, Source())
        self._transport = TRANSPORTS[source.transport or node.config.image_transport]
        self.name, self.prefix = name, f"{name}/" if name else ""
        self._asked = source.image or f"{self.prefix}image"
        # image_transport appends the transport to the remapped name, so that remapping `image` is enough.
        self.image = node.resolve_topic_name(self._asked)
        self.topic = self.image + self._transport.suffix
        self.health = Health()
        self.complaints = Complaints(node.get_logger(), self.topic, self.health)
        self.answering = Answering(node, self)
        self._node, self._workplace = node, node.workplace
        self._listener = Listener(self._arrived, self.health.lost)
        self._feed: Feed | None = None
        self._attention = Attention(self._workplace)
        self._life = 0
        self._listening_since = 0.0
        self._next_due = 0.0

    def listen(self, kind: GuideKind | None) -> None:
        """Subscribe, and take part in the work; listen to what the model can be told, too."""
        self._listening_since = time.monotonic()
        self._life += 1
        self._workplace.turns.join(self, self.answering)
        self._attend(kind)
        read = self._transport.read
        self._feed = self._workplace.listen(
            self.topic, self._transport.message, self._listener, lambda message: Frame(message, read)
        )

    def attend(self, kind: GuideKind | None) -> None:
        """Listen from now on, if at all, to what the model can be told."""
        if self.is_listening:
            self._attend(kind)

    def _attend(self, kind: GuideKind | None) -> None:
        before = self._attention
        if kind == before.kind:
            return
        if kind is None:
            self._attention = Attention(self._workplace)
        else:
            topic = kind.topic if kind.topic[0] in "/~" else self.prefix + kind.topic
            self._attention = Attention(self._workplace, kind, self._node.resolve_topic_name(topic), self._told)
        before.close()

    def stop_listening(self) -> None:
        """Unsubscribe; return when nothing is in work any more."""
        self._attend(None)
        if self._feed is not None:
            self._workplace.stop_listening(self._feed, self._listener)
            self._feed = None
        self._workplace.turns.leave(self)
        self.health.reset()

    def close(self) -> None:
        """Stop, and take the results' topics away."""
        self.stop_listening()
        self.answering.close()

    def forget_the_past(self) -> None:
        """Begin another stream: the clock or the stamps jumped."""
        self._life += 1
        self._attention.pairing.clear()
        self._workplace.turns.forget(self)
        self.health.reset()

    # What arrives, in threads of the receivers

    def _arrived(self, frame: Frame) -> None:
        if self.health.received(frame.stamp_ns):
            self._say("stamps went back, the recording starts again")
            self._node.forget_the_past()
        attention = self._attention
        self._go_on(attention, attention.arrived(frame, self._say))

    def _told(self, attention: Attention, message: Detection2DArray) -> None:
        self._go_on(attention, attention.pairing.guide(nanoseconds(message), message))

    def _go_on(self, attention: Attention, paired: "Paired[Frame, Detection2DArray]") -> None:
        kind, ready = attention.kind, paired.ready
        if kind is not None and paired.lonely_frames:
            why = f"{attention.topic} carries no {kind.name} with the stamps of some pictures, which are passed over"
            self.complaints.drop(f"no {kind.name} of its stamp", why, paired.lonely_frames)
        if kind is not None and paired.lonely_guides:
            why = f"{attention.topic} carries {kind.name} with stamps of no picture. They need the header of theirs"
            self.complaints.ignore(f"{kind.name} of no picture", why, paired.lonely_guides)
        if ready is not None:
            self._queue(Seen(ready.frame, ready.guide, kind, self._life))

    def _queue(self, seen: Seen) -> None:
        if not self._is_due(self._node.config.max_rate_hz):
            self.health.dropped("rate limit")
        elif self._workplace.turns.put(self, seen):
            self.health.dropped("replaced by a newer one")

    def _is_due(self, max_rate_hz: float) -> bool:
        """Whether a picture that arrives now may be worked on; spends the turn when it may."""
        if max_rate_hz <= 0:
            return True
        now, period = time.monotonic(), 1 / max_rate_hz
        if now < self._next_due:
            return False
        # Counted on from the last turn, so that 30 Hz limited to 20 gives 20 on average and not 15.
        self._next_due = self._next_due + period if now - self._next_due < period else now + period
        return True

    def _say(self, news: str) -> None:
        self._node.get_logger().info(f"{self.topic}: {news}")

    # How it goes

    @property
    def is_listening(self) -> bool:
        """Whether pictures are received."""
        return self._feed is not None

    def speaks(self) -> bool:
        """Whether it is for this camera to say what concerns all who receive its topic."""
        return self._feed is not None and self._feed.is_first(self._listener)

    def is_silent(self) -> bool:
        """Whether no picture has arrived for a while."""
        return self.is_listening and self.health.quiet_s(self._listening_since) > SILENCE_S

    def explain_silence(self) -> str:
        """Say why no picture arrives, and what to do."""
        kind = f"sensor_msgs/msg/{self._transport.message.__name__}"
        return explain(self._node, self.topic, kind, newest_only(), self._asked, self._workplace.nodes)
