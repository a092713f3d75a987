"""Subscribe to a camera, and hear from the middleware about pictures that got lost on the way."""

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.subscription import Subscription

from deep_perception.ros.messages import newest_only

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError


def subscribe(
    node: Node,
    kind: type,
    topic: str,
    arrived: Callable[[Any], None],
    lost: Callable[[int], None],
    group: CallbackGroup | None = None,
    depth: int = 1,
) -> Subscription:
    """Take the newest; tell `lost` how many were lost: 0 at once where the middleware is able to count them."""

    def told(event: Any) -> None:
        lost(event.total_count_change)

    qos = newest_only(depth)
    try:
        events = SubscriptionEventCallbacks(message_lost=told)
        subscription = node.create_subscription(kind, topic, arrived, qos, callback_group=group, event_callbacks=events)
    except UnsupportedEventTypeError:
        return node.create_subscription(kind, topic, arrived, qos, callback_group=group)
    lost(0)
    return subscription
