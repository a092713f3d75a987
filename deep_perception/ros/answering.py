"""From a camera's picture to what is published about it, in the thread that calls the models."""

import time
from typing import TYPE_CHECKING

from rclpy.time import Time
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from deep_perception.errors import ImageError
from deep_perception.predictions import Guide, Image, Prediction
from deep_perception.ros.camera_info import CameraInfoSource, topic_beside
from deep_perception.ros.guides import guide_kind
from deep_perception.ros.messages import ANSWERS, About, Naming
from deep_perception.ros.picture_messages import Size
from deep_perception.ros.results import Results

if TYPE_CHECKING:
    from deep_perception.ros.camera import Camera, Seen
    from deep_perception.ros.perception_node import Duty, PerceptionNode

TOO_OLD = (
    "pictures are older than max_age_ms ({:g}): a slow network, clocks that differ, or a recording without use_sim_time"
)
PATIENCE_S = 3.0
"""A camera_info that is late at the start is no reason to complain."""


class Answering:
    """Of one camera. A picture that cannot be read or answered is counted, explained once and skipped."""

    def __init__(self, node: "PerceptionNode", camera: "Camera") -> None:
        self._node, self._camera = node, camera
        self._health, self._complaints = camera.health, camera.complaints
        self._results = Results(node, lambda topic: node.post.topic(camera.prefix, topic))
        self._info: CameraInfoSource | None = None
        self._began = time.monotonic()
        self._life = 0

    def offer(self, task: str) -> None:
        """Open the topics of a task."""
        self._results.offer(task)
        if self._info is None and any(output.message is CameraInfo for output in ANSWERS[task]):
            node, camera = self._node, self._camera
            topic = topic_beside(node, camera.image, f"{camera.prefix}camera_info")
            self._info = CameraInfoSource(node.workplace, topic)

    def close(self) -> None:
        """Take the topics away."""
        self._results.close()
        if self._info is not None:
            self._info.close()

    def __call__(self, seen: "Seen") -> None:
        """Answer for a picture."""
        duty, frame = self._node.duty, seen.frame
        assert duty is not None
        if 0 < duty.config.max_age_ms < self._age_s(frame.header) * 1e3:
            self._complaints.drop("too old", TOO_OLD.format(duty.config.max_age_ms))
            return
        try:
            image = frame.image()
        except ImageError as err:
            self._complaints.drop(f"unreadable: {err.kind}", str(err))
            return
        try:
            prediction = self._predict(duty, seen, image)
        except ImageError as err:
            self._complaints.drop(f"cannot be done: {err.kind}", str(err))
            return
        self._node.last_image = image
        self._publish(duty, frame.header, image, prediction)

    def _predict(self, duty: "Duty", seen: "Seen", image: Image) -> Prediction:
        prediction = duty.model([image], [self._guide(duty, seen, image)])[0]
        memory = duty.memories[self._camera]
        if memory is None:
            return prediction
        if seen.life != self._life:
            self._life = seen.life
            memory.reset()
        answer: Prediction = memory(image, prediction)
        return answer

    def _guide(self, duty: "Duty", seen: "Seen", image: Image) -> Guide | None:
        # The model may have been swapped for one of another kind since the two were brought together.
        if seen.kind is None or seen.guide is None or seen.kind != guide_kind(duty.model, duty.config):
            return None
        read = seen.kind.read(seen.guide, (image.shape[0], image.shape[1]))
        if read.refused:
            name = seen.kind.name
            self._complaints.ignore(f"{name} that cannot be used", f"{name}: {read.why}", read.refused)
        return read.guide

    def _publish(self, duty: "Duty", header: Header, image: Image, prediction: Prediction) -> None:
        size = image.shape[0], image.shape[1]
        naming = Naming(duty.model.labels, duty.config.class_id == "index")
        about = About(header, naming, size, lambda: self._camera_info(size))
        self._results.publish(duty.model.task, image, prediction, about)
        self._health.answered(self._age_s(header))
        if self._complaints.once("works"):
            self._node.get_logger().info(f"first picture on {self._camera.topic}: {size[1]}x{size[0]}")

    def _camera_info(self, size: Size) -> CameraInfo | None:
        assert self._info is not None
        info, why = self._info.of(size)
        if info is None and time.monotonic() - self._began > PATIENCE_S and self._complaints.once(why):
            self._node.get_logger().warning(f"no image_upscaled/camera_info: {why}. Said once")
        return info

    def _age_s(self, header: Header) -> float:
        now: Time = self._node.get_clock().now()
        return float((now - Time.from_msg(header.stamp, now.clock_type)).nanoseconds) * 1e-9
