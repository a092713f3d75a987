"""The node that keeps what is worth learning from: pictures, what the model says of them, and what people say.

| topic | type | what |
|---|---|---|
| `image` (in) | Image, or CompressedImage | the camera; `<camera>/image` and so on where there are several |
| `detections`, `classification`, `mask`, `depth` (in) | as perception_node publishes them | with the picture's stamp |
| `detections_other` (in) | Detection2DArray | what a second model says, with the picture's stamp |
| `label_info` (in) | LabelInfo | names of the classes in `mask` |
| `camera_info` (in) | CameraInfo | the camera matrix |
| `odom` (in) | Odometry | where the robot is, for `every_m` |
| `label` (in) | String | what is shown from now on; empty: nobody says |
| `annotations` (in) | Detection2DArray | what is where, in the picture with this stamp |
| `~/start`, `~/stop`, `~/save`, `~/status` | Trigger | collect, or do not; keep what is seen now; tell |
"""

import sys
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError, wait
from dataclasses import fields
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from vision_msgs.msg import LabelInfo

from deep_perception.collector_config import CollectorConfig
from deep_perception.data.vision_messages import names_in
from deep_perception.errors import ConfigError, DeepPerceptionError
from deep_perception.ros.alarm import Alarm
from deep_perception.ros.collecting import Collecting
from deep_perception.ros.collector_camera import CollectorCamera
from deep_perception.ros.collector_report import of_camera, of_data_set, refused, saved_words, status_json
from deep_perception.ros.messages import latched
from deep_perception.ros.odometer import Odometer
from deep_perception.ros.orders import obey
from deep_perception.ros.parameters import changed, declare
from deep_perception.ros.program import run
from deep_perception.ros.shot import Position
from deep_perception.ros.workplace import Workplace

LIVE = {item.name for item in fields(CollectorConfig) if item.metadata["live"]}
FROM_THE_START = {"cameras", "image_transport"}
WARN_AGAIN_S = 10.0
SAVING_S = 5.0
"""How long an answer to `save` waits for the disk."""


class CollectorNode(Node):
    """Collects from start to stop; between them the data set is for others to write."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__("collector", **arguments)
        self.config = declare(self, CollectorConfig)
        self.full_name = self.get_fully_qualified_name().strip("/").replace("/", "_")
        self.class_names: Mapping[int, str] = {}
        self.failure = ""
        self._alarm = Alarm(self, MutuallyExclusiveCallbackGroup())
        self.workplace = Workplace(self, self.fail)
        self._cameras = [CollectorCamera(self, name) for name in self.config.cameras or ("",)]
        self._collecting: Collecting | None = None
        self._odometer: Odometer | None = None
        self._changing = threading.Lock()
        self._offer_services()
        self.create_subscription(LabelInfo, "label_info", self._hear_names, latched())
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.add_on_set_parameters_callback(self._set_parameters)
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self._jumps = self.get_clock().create_jump_callback(threshold, post_callback=self._clock_jumped)
        self.workplace.heartbeat.add(self._beat)

    def destroy_node(self) -> None:
        """Finish what has begun."""
        self.workplace.heartbeat.remove(self._beat)
        self.stop()
        super().destroy_node()

    def fail(self, error: BaseException) -> None:
        """End the process from whatever thread this is: a node that cannot work must not look alive."""
        self._alarm.ring(error)

    @property
    def position(self) -> Position | None:
        """Return where the robot is, where that matters and is known."""
        return self._odometer.position if self._odometer else None

    # Orders

    def start(self) -> str:
        """Collect; raise a DeepPerceptionError where the data set cannot be written."""
        with self._changing:
            if self._collecting is not None:
                return f"is collecting into {self._collecting.folder} already"
            collecting = Collecting(self, self._cameras)
            self._collecting, self.failure = collecting, ""
            self._follow()
            for camera in self._cameras:
                camera.listen(collecting.streams[camera])
        for mended in collecting.repaired:
            self.get_logger().warning(f"{collecting.folder}: {mended}")
        told = f"collecting into {collecting.folder}, which holds {collecting.pictures} pictures"
        self.get_logger().info(told)
        return told

    def stop(self, failure: str = "") -> str:
        """Finish what has begun; `failure` is why, where something failed."""
        with self._changing:
            collecting, self._collecting = self._collecting, None
            if collecting is None:
                return "is not collecting"
            for camera in self._cameras:
                camera.stop_listening()
            self._follow()
            given_up = collecting.close()
        self.failure = failure = failure or str(collecting.saving.failure or "")
        lost = f"; {given_up} had to be given up" if given_up else ""
        told = f"{collecting.folder} holds {collecting.pictures} pictures, {collecting.saved} of them new{lost}"
        if failure:
            self.get_logger().error(f"{failure}. Collection stops; call start to try again. {told}")
        else:
            self.get_logger().info(told)
        return told

    def save(self) -> str:
        """Keep what the cameras show, and the seconds before; return when it is on disk."""
        collecting = self._collecting
        before = refused(self._cameras)
        asked = None if collecting is None else collecting.save("asked for by a service call")
        if asked is None:
            raise ConfigError("save: nothing is being collected. Call start first")
        try:
            done, late = wait(asked.result(), SAVING_S)
            saved = sum(one.result() for one in done)
        except CancelledError as err:
            raise DeepPerceptionError("save: collection was stopped meanwhile. Call start, and try again") from err
        return saved_words(saved, len(late), refused(self._cameras) - before)

    def _offer_services(self) -> None:
        # An order that waits for the disk must not keep the status waiting.
        group = MutuallyExclusiveCallbackGroup()
        for name, order in (("start", self.start), ("stop", self.stop), ("save", self.save)):
            obey(self, f"~/{name}", order, group)
        obey(self, "~/status", lambda: status_json(self._cameras, self._collecting, self.failure))

    # What arrives

    def _hear_names(self, message: LabelInfo) -> None:
        self.class_names = names_in(message)

    def _set_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            config = changed(self.config, parameters)
            names = {item.name for item in fields(config)}
            different = {name for name in names if getattr(config, name) != getattr(self.config, name)}
            if fixed := sorted(different & FROM_THE_START):
                raise ConfigError(f"{', '.join(fixed)}: can be set only when the node is started")
            if self._collecting is not None and (fixed := sorted(different - LIVE)):
                raise ConfigError(f"{', '.join(fixed)}: can be set only while nothing is collected. Call stop first")
        except DeepPerceptionError as err:
            return SetParametersResult(successful=False, reason=str(err))
        with self._changing:
            self.config = config
            if self._collecting is not None:
                self._collecting.reconfigure(config)
                self._follow()
        return SetParametersResult(successful=True)

    def _follow(self) -> None:
        """Listen to where the robot is while that matters."""
        matters = self._collecting is not None and self.config.every_m > 0
        if matters and self._odometer is None:
            self._odometer = Odometer(self.workplace, self.resolve_topic_name("odom"))
        elif not matters and self._odometer is not None:
            odometer, self._odometer = self._odometer, None
            odometer.close()

    def _clock_jumped(self, jump: TimeJump) -> None:
        self.get_logger().info("the clock jumped: another recording begins")
        self.forget_the_past()

    def forget_the_past(self) -> None:
        """Begin another recording with what comes now; from any thread."""
        if (collecting := self._collecting) is not None:
            collecting.forget_the_past()
        for camera in self._cameras:
            camera.forget_the_past()

    # Each second

    def _beat(self) -> None:
        collecting = self._collecting
        if collecting is not None and collecting.saving.failure is not None:
            self.stop(str(collecting.saving.failure))
        name = self.get_fully_qualified_name().lstrip("/")
        states = [of_data_set(name, self._collecting, self.failure)]
        for camera in self._cameras:
            camera.hurry()
            self._warn(camera)
            states.append(of_camera(name, camera))
        message = DiagnosticArray(status=states)
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _warn(self, camera: CollectorCamera) -> None:
        why = camera.explain_trouble()
        if why is None and self._odometer is not None and self._odometer.position is None:
            why = f"every_m is set, but nothing has come on {self._odometer.topic}. Remap odom"
        if why is not None:
            self.get_logger().warning(why, throttle_duration_sec=WARN_AGAIN_S)


def begin(node: CollectorNode) -> None:
    """Collect where the node's parameters ask for that."""
    if node.config.autostart:
        node.start()


def main(arguments: list[str] | None = None) -> int:
    """Run the node until it is told to stop."""
    return run(CollectorNode, arguments, begin)


if __name__ == "__main__":
    sys.exit(main())
