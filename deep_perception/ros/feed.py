"""One subscription with a thread of its own, and all who want to know what arrives."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node

from deep_perception.ros.receiver import LeftToReceiver, Receiver
from deep_perception.ros.subscribing import subscribe


@dataclass(frozen=True, eq=False)
class Listener:
    """What to do with what arrives, and with the number of messages that got lost."""

    take: Callable[[Any], None]
    lost: Callable[[int], None] = lambda count: None


class Feed:
    """Receives a topic for several listeners; `wrap` makes of a message, once, what they are given."""

    def __init__(
        self,
        host: Node,
        topic: str,
        kind: type,
        failed: Callable[[BaseException], None],
        *,
        wrap: Callable[[Any], Any],
        depth: int,
    ) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._telling = threading.Lock()
        self._host, self._wrap = host, wrap
        self._tells_losses = False
        self._subscription = subscribe(host, kind, topic, self._tell, self._tell_loss, LeftToReceiver(), depth)
        self._receiver = Receiver(host, self._subscription, failed)

    def add(self, listener: Listener) -> None:
        """Tell one more."""
        with self._telling:
            self._listeners += (listener,)
            if self._tells_losses:
                listener.lost(0)

    def remove(self, listener: Listener) -> bool:
        """Tell one less, who hears nothing after this returns; return True when nobody is left."""
        with self._telling:
            self._listeners = tuple(one for one in self._listeners if one is not listener)
            return not self._listeners

    def is_first(self, listener: Listener) -> bool:
        """Whether this one has been told for longest: what concerns all is for one of them to say."""
        return bool(self._listeners) and self._listeners[0] is listener

    def close(self) -> None:
        """Unsubscribe."""
        self._receiver.close()

    def has_publisher(self) -> bool:
        """Whether anybody publishes here whom the subscription can hear."""
        if hasattr(self._subscription, "get_publisher_count"):
            return bool(self._subscription.get_publisher_count())
        return bool(self._host.count_publishers(self._subscription.topic_name))  # Humble

    def _tell(self, message: Any) -> None:
        wrapped = self._wrap(message)
        with self._telling:
            for listener in self._listeners:
                listener.take(wrapped)

    def _tell_loss(self, count: int) -> None:
        with self._telling:
            self._tells_losses = True
            for listener in self._listeners:
                listener.lost(count)
