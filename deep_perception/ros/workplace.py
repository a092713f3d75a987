"""What the nodes of a process share: a receiver for each topic, the one thread that calls their models, a heartbeat."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.node import Node

from deep_perception.ros.feed import Feed, Listener
from deep_perception.ros.heartbeat import Heartbeat
from deep_perception.runtime.turns import Turns

if TYPE_CHECKING:
    from deep_perception.ros.camera import Camera, Seen


class Workplace:
    """A node alone makes one for itself; `host` holds the subscriptions, `failed` gets what no thread can handle."""

    def __init__(self, host: Node, failed: Callable[[BaseException], None]) -> None:
        self.nodes: list[Node] = []
        self.turns: Turns[Camera, Seen] = Turns(failed)
        self.heartbeat = Heartbeat(host.context, failed)
        self._host, self._failed = host, failed
        self._feeds: dict[tuple[str, type], Feed] = {}
        self._opening = threading.Lock()

    def listen(self, topic: str, kind: type, listener: Listener, wrap: Callable[[Any], Any], depth: int = 1) -> Feed:
        """Tell a listener what arrives on a topic, from one subscription for all of them."""
        with self._opening:
            key = (topic, kind)
            if key not in self._feeds:
                self._feeds[key] = Feed(self._host, topic, kind, self._failed, wrap=wrap, depth=depth)
            self._feeds[key].add(listener)
            return self._feeds[key]

    def stop_listening(self, feed: Feed, listener: Listener) -> None:
        """Tell a listener nothing any more; it hears nothing after this returns."""
        with self._opening:
            if feed.remove(listener):
                self._feeds = {key: one for key, one in self._feeds.items() if one is not feed}
                feed.close()
