"""A lifecycle node whose mistakes are reasons and whose defects end the process."""

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from deep_perception.errors import DeepPerceptionError
from deep_perception.ros.alarm import Alarm


class ManagedNode(LifecycleNode):
    """Subclasses say what configure, activate, deactivate and clean_up do; each may raise a DeepPerceptionError."""

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__(name, **arguments)
        self._refusal: DeepPerceptionError | None = None
        self._starting = False
        # What runs aside goes on while a service of the default group loads a model.
        self.aside = MutuallyExclusiveCallbackGroup()
        self._alarm = Alarm(self, self.aside)

    def configure(self) -> None:
        """Make everything ready."""
        raise NotImplementedError

    def activate(self) -> None:
        """Start to work."""
        raise NotImplementedError

    def deactivate(self) -> None:
        """Stop working, keep what was made ready; also when nothing works."""
        raise NotImplementedError

    def clean_up(self) -> None:
        """Let go of what was made ready."""
        raise NotImplementedError

    def autostart(self) -> None:
        """Configure and activate; raise what the user can mend."""
        self._starting = True
        try:
            for trigger in (self.trigger_configure, self.trigger_activate):
                if trigger() != TransitionCallbackReturn.SUCCESS:
                    self._alarm.check()
                    raise self._refusal or DeepPerceptionError("the node could not be started")
        finally:
            self._starting = False

    def fail(self, error: BaseException) -> None:
        """End the process from whatever thread this is: a node that cannot work must not look alive."""
        self._alarm.ring(error)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Answer the transition of this name."""
        return self._attempt(self.configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Answer the transition of this name."""
        return self._attempt(self.activate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Answer the transition of this name."""
        return self._attempt(self.deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Answer the transition of this name."""
        return self._attempt(self.clean_up)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Answer the transition of this name."""
        return self._attempt(self._end)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to unconfigured."""
        return self._attempt(self._end)

    def destroy_node(self) -> None:
        """Let the work end before what it needs goes."""
        self._end()
        super().destroy_node()

    def _end(self) -> None:
        self.deactivate()
        self.clean_up()

    def _attempt(self, transition: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            transition()
        except DeepPerceptionError as err:
            self._refusal = err
            if not self._starting:  # whoever starts the node says why it did not
                self.get_logger().error(str(err))
            return TransitionCallbackReturn.FAILURE
        except BaseException as err:  # noqa: BLE001  (rclpy would swallow it)
            self.fail(err)
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS
