"""Receive a topic in a thread of its own, for a fraction of an executor's price.

For every message an executor of rclpy asks each of the node's entities, several times, whether it is ready, and hands
the message from thread to thread. At a camera's rate this takes a quarter of a core from a model that wants them all.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.impl.implementation_singleton import rclpy_implementation as rcl
from rclpy.node import Node
from rclpy.subscription import Subscription

NO_LIMIT = -1


class LeftToReceiver(MutuallyExclusiveCallbackGroup):
    """Keeps an executor's hands off the topic: its events, too, would wake the executor with every message."""

    def can_execute(self, entity: Any) -> bool:
        """Tell an executor that it may not wait for this."""
        return False


class Receiver:
    """Calls the subscription's callbacks with each message and event until closed; `failed` gets what they raise.

    The subscription belongs to a group of class LeftToReceiver, and to the receiver from now on.
    """

    def __init__(self, node: Node, subscription: Subscription, failed: Callable[[BaseException], None]) -> None:
        self._node, self._subscription, self._failed = node, subscription, failed
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
            with ExitStack() as kept:
                for one in (self._subscription.handle, self._closing, *self._subscription.event_handlers):
                    kept.enter_context(one)
                self._receive()
        except BaseException as err:  # noqa: BLE001  (a thread has nobody to raise it to)
            self._failed(err)

    def _receive(self) -> None:
        subscription = self._subscription
        events = subscription.event_handlers
        waiting = rcl.WaitSet(1, 1, 0, 0, 0, len(events), self._node.context.handle)
        while not self._closed:
            waiting.clear_entities()
            waiting.add_subscription(subscription.handle)
            waiting.add_guard_condition(self._closing)
            for event in events:
                event.add_to_wait_set(waiting)
            waiting.wait(NO_LIMIT)
            # There is nothing to take when a newer message took the place of the one that woke us.
            if taken := subscription.handle.take_message(subscription.msg_type, subscription.raw):
                subscription.callback(taken[0])
            for event in events:
                if event.is_ready(waiting):
                    event.callback(event.take_data())
