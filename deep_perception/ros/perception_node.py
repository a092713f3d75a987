"""The node that serves every task: pictures in, labelled results out. The model decides the task."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.parameter import Parameter
from std_msgs.msg import Header
from vision_msgs.msg import LabelInfo, VisionInfo

from deep_perception.config import PerceptionConfig
from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.models import Model
from deep_perception.models.memory import Memory
from deep_perception.predictions import Image
from deep_perception.ros import diagnostics
from deep_perception.ros.camera import Camera
from deep_perception.ros.guides import GuideKind, guide_kind
from deep_perception.ros.loading import load
from deep_perception.ros.managed_node import ManagedNode
from deep_perception.ros.messages import label_info, latched, vision_info
from deep_perception.ros.parameters import changed, declare
from deep_perception.ros.post import Post
from deep_perception.ros.program import run
from deep_perception.ros.transport import REMEDY_FOR_LOSS
from deep_perception.ros.workplace import Workplace
from deep_perception.runtime.health import Snapshot
from deep_perception.runtime.passing_thread import in_passing_thread

LIVE = {item.name for item in fields(PerceptionConfig) if item.metadata["live"]}
OF_MODEL = {"model", "weights", "labels", "scale"}
WARN_AGAIN_S = 10.0


@dataclass(frozen=True)
class Duty:
    """What answers at present; replaced whole, so that an answer is of one piece."""

    model: Model
    config: PerceptionConfig
    memories: Mapping[Camera, Memory | None]


class PerceptionNode(ManagedNode):
    """Configure loads and warms up, activate subscribes, deactivate keeps the weights, cleanup frees them."""

    def __init__(self, post: Post | None = None, workplace: Workplace | None = None, **arguments: Any) -> None:
        self.post = post or Post()
        super().__init__(self.post.name, **arguments)
        self.workplace = workplace or Workplace(self, self.fail)
        self.workplace.nodes.append(self)
        self.config = declare(self, PerceptionConfig, self.post)
        self.duty: Duty | None = None
        self.last_image: Image | None = None
        self._cameras: list[Camera] = []
        self._version = 0
        self._label_info = self.create_publisher(LabelInfo, self.post.topic("", "label_info"), latched())
        self._vision_info = self.create_publisher(VisionInfo, self.post.topic("", "vision_info"), latched())
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.add_on_set_parameters_callback(self._set_parameters)
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self._jumps = self.get_clock().create_jump_callback(threshold, post_callback=self._clock_jumped)
        self.workplace.heartbeat.add(self._tell)

    def destroy_node(self) -> None:
        """Say nothing more about a node that goes."""
        self.workplace.heartbeat.remove(self._tell)
        super().destroy_node()

    # Lifecycle

    def configure(self) -> None:
        """Load the model, warm it up, open the results' topics."""
        model = in_passing_thread(lambda: self._load(self.config))
        self._cameras = [Camera(self, name) for name in self.config.cameras or ("",)]
        self._take_over(model, self.config)

    def activate(self) -> None:
        """Subscribe and work."""
        kind = self._guide_kind()
        for camera in self._cameras:
            camera.listen(kind)

    def deactivate(self) -> None:
        """Stop working, keep the weights."""
        for camera in self._cameras:
            camera.stop_listening()

    def clean_up(self) -> None:
        """Free the weights."""
        for camera in self._cameras:
            camera.close()
        self._cameras, self.duty, self.last_image = [], None, None

    # Model

    def _load(self, config: PerceptionConfig) -> Model:
        return load(config, self.last_image)

    def _take_over(self, model: Model, config: PerceptionConfig) -> None:
        """Let `model` answer from the next picture on."""
        for camera in self._cameras:
            camera.answering.offer(model.task)
        self.duty = Duty(model, config, {camera: model.memory() for camera in self._cameras})
        self._version += 1
        self._announce(model)
        self.get_logger().info(
            f"{model.task} by {model.name}, weights {config.weights} ({model.identity[:12]}), "
            f"{len(model.labels)} labels, on {model.device}, {str(model.precision).removeprefix('torch.')}"
        )

    def _announce(self, model: Model) -> None:
        header = Header(stamp=self.get_clock().now().to_msg())
        self._label_info.publish(label_info(model, header))
        self._vision_info.publish(vision_info(model, header, self._version, self._label_info.topic_name))

    def _guide_kind(self) -> GuideKind | None:
        assert self.duty is not None
        return guide_kind(self.duty.model, self.duty.config)

    # Parameters

    def _set_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            self._reconfigure(parameters)
        except DeepPerceptionError as err:
            return SetParametersResult(successful=False, reason=str(err))
        return SetParametersResult(successful=True)

    def _reconfigure(self, parameters: list[Parameter]) -> None:
        config = changed(self.config, parameters)
        if self.duty is not None:
            self._change_duty(self.duty, config, {parameter.name for parameter in parameters})
            for camera in self._cameras:
                camera.attend(self._guide_kind())
        self.config = config

    def _change_duty(self, duty: Duty, config: PerceptionConfig, named: set[str]) -> None:
        names = [item.name for item in fields(config)]
        different = {name for name in names if getattr(config, name) != getattr(self.config, name)}
        if fixed := sorted(different - LIVE):
            raise ConfigError(f"{', '.join(fixed)}: can be set only while the node is unconfigured. Clean it up first")
        # Setting the same file again asks for it as it is now.
        if named & OF_MODEL:
            self._take_over(in_passing_thread(lambda: self._load(config)), config)
            return
        duty.model.check_classes(config.classes)
        duty.model.selection = config.selection()
        self.duty = replace(duty, config=config)
        self._announce(duty.model)

    # Time and health

    def _clock_jumped(self, jump: TimeJump) -> None:
        self.get_logger().info("the clock jumped: starting afresh")
        self.forget_the_past()

    def forget_the_past(self) -> None:
        """Begin afresh with what comes now; from any thread."""
        for camera in self._cameras:
            camera.forget_the_past()

    def _tell(self) -> None:
        message = DiagnosticArray(status=[self._state_of(camera) for camera in self._cameras])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _state_of(self, camera: Camera) -> DiagnosticStatus:
        snapshot, silent, duty = camera.health.snapshot(), camera.is_silent(), self.duty
        if camera.speaks():
            self._warn(camera, snapshot, silent)
        model = duty.model if duty else None
        facts = {"device": str(model.device), "model": f"{model.name} {model.identity[:12]}"} if model else {}
        name = f"{self.get_fully_qualified_name().lstrip('/')}: {camera.topic}"
        return diagnostics.status(name, snapshot, facts, active=camera.is_listening, silent=silent)

    def _warn(self, camera: Camera, snapshot: Snapshot, silent: bool) -> None:
        if silent:
            self.get_logger().warning(camera.explain_silence(), throttle_duration_sec=WARN_AGAIN_S)
        elif snapshot.lost_share > diagnostics.MOSTLY_LOST:
            lost = f"{100 * snapshot.lost_share:.0f} % of the pictures on {camera.topic} get lost on the way"
            self.get_logger().warning(f"{lost}. {REMEDY_FOR_LOSS}", throttle_duration_sec=WARN_AGAIN_S)


def begin(node: PerceptionNode) -> None:
    """Start the node where its parameters ask for that."""
    if node.config.autostart:
        node.autostart()


def main(arguments: list[str] | None = None) -> int:
    """Run the node until it is told to stop."""
    return run(PerceptionNode, arguments, begin)


if __name__ == "__main__":
    sys.exit(main())
