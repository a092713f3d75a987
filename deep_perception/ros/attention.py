"""What a camera's model is told about its pictures: listened to, and brought together with them."""

from collections.abc import Callable
from typing import Any

from vision_msgs.msg import Detection2DArray

from deep_perception.ros.feed import Listener
from deep_perception.ros.frame import Frame
from deep_perception.ros.guides import DEPTH, GuideKind
from deep_perception.ros.workplace import Workplace
from deep_perception.runtime.pairing import Latest, Paired, Pairing


class Attention:
    """Of one camera for one kind of guide; without one every picture stands alone."""

    def __init__(
        self,
        workplace: Workplace,
        kind: GuideKind | None = None,
        topic: str = "",
        told: Callable[["Attention", Detection2DArray], None] = lambda attention, message: None,
    ) -> None:
        self.kind, self.topic = kind, topic
        self.pairing: Pairing[Frame, Any] = kind.pairing() if kind else Latest()
        self._workplace = workplace
        self._awaited: bool | None = None
        self._listener = Listener(lambda message: told(self, message))
        self._feed = workplace.listen(topic, Detection2DArray, self._listener, _as_it_is, DEPTH) if kind else None

    def arrived(self, frame: Frame, say: Callable[[str], None]) -> Paired[Frame, Any]:
        """Take a picture; `say` hears whether somebody guides the model, when that has changed."""
        awaited = self._feed is not None and self._feed.has_publisher()
        if self.kind is not None and awaited != self._awaited:
            self._awaited = awaited
            say(
                f"{self.kind.name} come from {self.topic}"
                if awaited
                else f"nobody publishes {self.kind.name} on {self.topic}: {self.kind.without}"
            )
        return self.pairing.frame(frame.stamp_ns, frame, frame.size, awaited=awaited)

    def close(self) -> None:
        """Listen no more."""
        if self._feed is not None:
            self._workplace.stop_listening(self._feed, self._listener)
            self._feed = None


def _as_it_is(message: Detection2DArray) -> Detection2DArray:
    return message
