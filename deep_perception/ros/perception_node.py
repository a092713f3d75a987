"""The node that serves every task: pictures in, labelled results out. The model decides the task."""

import sys
import threading
from dataclasses import fields
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.parameter import Parameter
from rclpy.time import Time
from std_msgs.msg import Header
from vision_msgs.msg import LabelInfo, VisionInfo

from deep_perception.config import PerceptionConfig
from deep_perception.errors import ConfigError, DeepPerceptionError, ImageError
from deep_perception.models import Model
from deep_perception.models.creation import create_configured
from deep_perception.models.warmup import warm_up
from deep_perception.predictions import Image
from deep_perception.ros import diagnostics
from deep_perception.ros.camera import Camera
from deep_perception.ros.managed_node import ManagedNode
from deep_perception.ros.messages import Naming, label_info, latched, vision_info
from deep_perception.ros.parameters import changed, declare
from deep_perception.ros.program import run
from deep_perception.ros.transport import REMEDY_FOR_LOSS
from deep_perception.runtime.health import Snapshot
from deep_perception.runtime.newest import NewestFrames
from deep_perception.runtime.passing_thread import in_passing_thread
from deep_perception.tasks import TASKS

LIVE = {item.name for item in fields(PerceptionConfig) if item.metadata["live"]}
OF_MODEL = {"model", "weights", "labels"}
WARN_AGAIN_S = 10.0
TOO_OLD = (
    "pictures are older than max_age_ms ({:g}): a slow network, clocks that differ, or a recording without use_sim_time"
)


class PerceptionNode(ManagedNode):
    """Configure loads and warms up, activate subscribes, deactivate keeps the weights, cleanup frees them."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__("perception", **arguments)
        self.config = declare(self, PerceptionConfig)
        self._model: Model | None = None
        self._cameras: list[Camera] = []
        self._frames: NewestFrames[tuple[Camera, Any]] = NewestFrames()
        self._worker: threading.Thread | None = None
        self._last_image: Image | None = None
        self._said: set[str] = set()
        self._version = 0
        self._label_info = self.create_publisher(LabelInfo, "label_info", latched())
        self._vision_info = self.create_publisher(VisionInfo, "vision_info", latched())
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(1.0, self._tell, callback_group=self.aside)
        self.add_on_set_parameters_callback(self._set_parameters)
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self._jumps = self.get_clock().create_jump_callback(threshold, post_callback=self._clock_jumped)

    # Lifecycle

    def configure(self) -> None:
        """Load the model, warm it up, open the results' topics."""
        model = in_passing_thread(lambda: self._load(self.config))
        names = self.config.cameras or ("",)
        self._cameras = [Camera(self, name, self.config.image_transport) for name in names]
        self._take_over(model, self.config)

    def activate(self) -> None:
        """Subscribe and work."""
        self._frames = NewestFrames()
        self._worker = threading.Thread(target=self._work, name="perception", daemon=True)
        self._worker.start()
        for camera in self._cameras:
            camera.listen(self._receive)

    def deactivate(self) -> None:
        """Stop working, keep the weights."""
        for camera in self._cameras:
            camera.stop_listening()
        self._frames.close()
        if self._worker is not None:
            self._worker.join()
            self._worker = None

    def clean_up(self) -> None:
        """Free the weights."""
        for camera in self._cameras:
            camera.close()
        self._cameras, self._model, self._last_image = [], None, None

    # Model

    def _load(self, config: PerceptionConfig) -> Model:
        model = create_configured(config)
        warm_up(model, self._last_image)
        return model

    def _take_over(self, model: Model, config: PerceptionConfig) -> None:
        """Let `model` answer from the next picture on."""
        for camera in self._cameras:
            camera.offer(TASKS[model.task].prediction)
        self._model = model
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

    # Parameters

    def _set_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            self._reconfigure(parameters)
        except DeepPerceptionError as err:
            return SetParametersResult(successful=False, reason=str(err))
        return SetParametersResult(successful=True)

    def _reconfigure(self, parameters: list[Parameter]) -> None:
        config = changed(self.config, parameters)
        if self._model is not None:
            names = [item.name for item in fields(config)]
            different = {name for name in names if getattr(config, name) != getattr(self.config, name)}
            if fixed := sorted(different - LIVE):
                raise ConfigError(
                    f"{', '.join(fixed)}: can be set only while the node is unconfigured. Clean it up first"
                )
            # Setting the same file again asks for it as it is now.
            if any(parameter.name in OF_MODEL for parameter in parameters):
                self._take_over(in_passing_thread(lambda: self._load(config)), config)
            else:
                self._model.check_classes(config.classes)
                self._model.selection = config.selection()
                self._announce(self._model)
        self.config = config

    # Pictures

    def _receive(self, camera: Camera, message: Any) -> None:
        stamp = message.header.stamp
        if camera.health.received(stamp.sec * 1_000_000_000 + stamp.nanosec):
            self.get_logger().info(f"stamps of {camera.topic} went back: the recording starts again")
            self._forget_the_past()
        if not camera.is_due(self.config.max_rate_hz):
            camera.health.dropped("rate limit")
        elif self._frames.put(camera.name, (camera, message)):
            camera.health.dropped("replaced by a newer one")

    def _work(self) -> None:
        try:
            while (taken := self._frames.take()) is not None:
                self._answer(*taken[1])
        except BaseException as err:  # noqa: BLE001  (a thread's traceback alone would leave a node that looks alive)
            self.fail(err)

    def _answer(self, camera: Camera, message: Any) -> None:
        model, config = self._model, self.config
        assert model is not None
        if 0 < config.max_age_ms < self._age_s(message) * 1e3:
            self._drop(camera, "too old", TOO_OLD.format(config.max_age_ms))
            return
        try:
            image = camera.decode(message)
        except ImageError as err:
            self._drop(camera, f"unreadable: {err.kind}", str(err))
            return
        self._last_image = image
        prediction = model([image])[0]
        camera.publish(message, image, prediction, Naming(model.labels, config.class_id == "index"))
        camera.health.answered(self._age_s(message))
        if self._is_new(f"{camera.topic} works"):
            self.get_logger().info(f"first picture on {camera.topic}: {image.shape[1]}x{image.shape[0]}")

    def _drop(self, camera: Camera, reason: str, explanation: str) -> None:
        camera.health.dropped(reason)
        camera.health.failed(explanation)
        if self._is_new(f"{camera.topic} {reason}"):
            self.get_logger().warning(f"{camera.topic}: {explanation}. Said once; diagnostics keep the count")

    def _is_new(self, news: str) -> bool:
        known = news in self._said
        self._said.add(news)
        return not known

    def _age_s(self, message: Any) -> float:
        now: Time = self.get_clock().now()
        return float((now - Time.from_msg(message.header.stamp, now.clock_type)).nanoseconds) * 1e-9

    # Time and health

    def _clock_jumped(self, jump: TimeJump) -> None:
        self.get_logger().info("the clock jumped: starting afresh")
        self._forget_the_past()

    def _forget_the_past(self) -> None:
        self._frames.clear()
        for camera in self._cameras:
            camera.health.reset()

    def _tell(self) -> None:
        message = DiagnosticArray(status=[self._state_of(camera) for camera in self._cameras])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _state_of(self, camera: Camera) -> DiagnosticStatus:
        snapshot, silent, model = camera.health.snapshot(), camera.is_silent(), self._model
        self._warn(camera, snapshot, silent)
        facts = {"device": str(model.device), "model": f"{model.name} {model.identity[:12]}"} if model else {}
        name = f"{self.get_fully_qualified_name().lstrip('/')}: {camera.topic}"
        return diagnostics.status(name, snapshot, facts, active=self._worker is not None, silent=silent)

    def _warn(self, camera: Camera, snapshot: Snapshot, silent: bool) -> None:
        if silent:
            self.get_logger().warning(camera.explain_silence(), throttle_duration_sec=WARN_AGAIN_S)
        elif snapshot.lost_share > diagnostics.MOSTLY_LOST:
            lost = f"{100 * snapshot.lost_share:.0f} % of the pictures on {camera.topic} get lost on the way"
            self.get_logger().warning(f"{lost}. {REMEDY_FOR_LOSS}", throttle_duration_sec=WARN_AGAIN_S)


def start() -> PerceptionNode:
    """Make the node, and start it where its parameters ask for that."""
    node = PerceptionNode()
    if node.config.autostart:
        node.autostart()
    return node


def main(arguments: list[str] | None = None) -> int:
    """Run the node until it is told to stop."""
    return run(start, arguments)


if __name__ == "__main__":
    sys.exit(main())
