"""Carries what a thread could not handle to the executor, which raises it: the process ends with a traceback."""

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node


class Alarm:
    """A node that cannot work must not look alive."""

    def __init__(self, node: Node, group: CallbackGroup) -> None:
        self._error: BaseException | None = None
        self._guard = node.create_guard_condition(self.check, callback_group=group)

    def ring(self, error: BaseException) -> None:
        """Wake the executor, from whatever thread this is."""
        self._error = error
        self._guard.trigger()

    def check(self) -> None:
        """Raise what has been rung for."""
        if self._error is not None:
            raise self._error
