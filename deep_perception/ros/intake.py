"""Take all that arrives on many topics, unopened and in one thread, for a fraction of an executor's price."""

from collections.abc import Callable
from dataclasses import dataclass

from rclpy.impl.implementation_singleton import rclpy_implementation as rcl
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

NANOSECONDS = 1_000_000_000
AT_ONCE = 50
"""Most messages of a topic that are taken before the others have their turn."""


@dataclass(frozen=True)
class Parcel:
    """A message as it came over the wire."""

    topic: str
    data: bytes
    published_ns: int
    """When it was sent, by the sender's clock; 0 where the middleware does not say."""


class Intake:
    """Gives each message to `take`; `lost` hears of those that the middleware knows to be lost."""

    def __init__(self, node: Node, take: Callable[[Parcel], None], lost: Callable[[int], None]) -> None:
        self._node, self._take, self._lost = node, take, lost
        self._subscriptions: dict[str, Subscription] = {}
        # A wait without anything to wait for is an error.
        self._never = rcl.GuardCondition(node.context.handle)

    def listen(self, topic: str, kind: type, qos: QoSProfile) -> None:
        """Subscribe, in place of an earlier subscription to this topic."""
        if topic in self._subscriptions:
            self._node.destroy_subscription(self._subscriptions[topic])
        self._subscriptions[topic] = self._subscribe(topic, kind, qos)

    def wait(self, seconds: float) -> None:
        """Wait so long for something to arrive, and take it."""
        subscriptions = self._subscriptions.values()
        events = [event for one in subscriptions for event in one.event_handlers]
        waiting = rcl.WaitSet(len(subscriptions), 1, 0, 0, 0, len(events), self._node.context.handle)
        waiting.add_guard_condition(self._never)
        for one in subscriptions:
            waiting.add_subscription(one.handle)
        for event in events:
            event.add_to_wait_set(waiting)
        waiting.wait(int(seconds * NANOSECONDS))
        ready = set(waiting.get_ready_entities("subscription"))
        for topic, one in self._subscriptions.items():
            if one.handle.pointer in ready:
                self._empty(topic, one)
        for event in events:
            if event.is_ready(waiting):
                event.callback(event.take_data())

    def _empty(self, topic: str, subscription: Subscription) -> None:
        for _ in range(AT_ONCE):
            if not (taken := subscription.handle.take_message(subscription.msg_type, True)):
                return
            self._take(Parcel(topic, taken[0], taken[1]["source_timestamp"]))

    def _subscribe(self, topic: str, kind: type, qos: QoSProfile) -> Subscription:
        ignore = lambda message: None  # noqa: E731  (we take by hand)
        told = lambda event: self._lost(event.total_count_change)  # noqa: E731
        try:
            events = SubscriptionEventCallbacks(message_lost=told)
            return self._node.create_subscription(kind, topic, ignore, qos, raw=True, event_callbacks=events)
        except UnsupportedEventTypeError:
            return self._node.create_subscription(kind, topic, ignore, qos, raw=True)
