"""Receive a topic in a thread of its own, for a fraction of an executor's price.

For every message an executor of rclpy asks each of the node's entities whether it is ready, several times, and hands the
message from thread to thread. At a camera's rate that takes a quarter of a core from a model that wants them all.
"""

import threading
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.impl.implementation_singleton import rclpy_implementation as rcl
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

NO_LIMIT = -1


class Receiver:
    """Subscribes, and calls `take` with each message until it is closed; `failed` gets what `take` raises."""

    def __init__(
        self,
        node: Node,
        kind: type,
        topic: str,
        qos: QoSProfile,
        take: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._node, self._take, self._failed = node, take, failed
        self._subscription = node.create_subscription(kind, topic, take, qos, callback_group=_LeftToUs())
        self._closing = rcl.GuardCondition(node.context.handle)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Unsubscribe; return when the last message has been taken care of."""
        self._closed = True
        self._closing.trigger_guard_condition()
        self._thread.join()
        self._node.destroy_subscription(self._subscription)
        self._closing.destroy_when_not_in_use()

    def _run(self) -> None:
        try:
            with self._subscription.handle, self._closing:
                self._receive()
        except BaseException as err:
            self._failed(err)

    def _receive(self) -> None:
        waiting = rcl.WaitSet(1, 1, 0, 0, 0, 0, self._node.context.handle)
        while not self._closed:
            waiting.clear_entities()
            waiting.add_subscription(self._subscription.handle)
            waiting.add_guard_condition(self._closing)
            waiting.wait(NO_LIMIT)
            # Nothing is taken when the middleware woke us for a message that it then dropped.
            if taken := self._subscription.handle.take_message(self._subscription.msg_type, self._subscription.raw):
                self._take(taken[0])


class _LeftToUs(MutuallyExclusiveCallbackGroup):
    """Keeps the executor's hands off the messages; it still reports what goes wrong with the topic."""

    def can_execute(self, entity: Any) -> bool:
        return not isinstance(entity, Subscription) and super().can_execute(entity)
