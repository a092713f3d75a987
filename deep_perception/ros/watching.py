"""Listen to a camera for a while, as perception_node does."""

import time
from dataclasses import dataclass, field
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from deep_perception.ros.subscribing import subscribe
from deep_perception.runtime.health import lost_share


@dataclass
class Watched:
    """What arrived of a topic while we looked."""

    seconds: float
    ages_s: list[float] = field(default_factory=list)
    stamps_ns: list[int] = field(default_factory=list)
    frames: set[str] = field(default_factory=set)
    lost: int | None = None
    """Pictures that the middleware knows it lost; None where it cannot tell."""

    def lost_share(self) -> float:
        """Return the share of pictures that never arrived."""
        if self.lost is None:
            return lost_share(self.stamps_ns)
        return self.lost / max(1, self.lost + len(self.stamps_ns))


def watch(node: Node, topic: str, kind: type, seconds: float) -> Watched:
    """Subscribe as perception_node does and note what arrives."""
    watched = Watched(seconds)

    def arrived(message: Any) -> None:
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        watched.ages_s.append((time.time_ns() - stamp) / 1e9)
        watched.stamps_ns.append(stamp)
        watched.frames.add(message.header.frame_id)

    def lost(count: int) -> None:
        watched.lost = (watched.lost or 0) + count

    subscription = subscribe(node, kind, topic, arrived, lost)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        executor.spin_once(timeout_sec=left)
    executor.remove_node(node)
    node.destroy_subscription(subscription)
    return watched
