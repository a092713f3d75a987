"""A camera for trying things out: it sees rendered scenes, and tells the exact truth about every picture.

| topic | type | what |
|---|---|---|
| `image` | Image rgb8 | the picture, stamped now |
| `camera_info` | CameraInfo | a pinhole without distortion |
| `truth/detections` | Detection2DArray | the things that must be found |
| `truth/ignored` | Detection2DArray | things too hidden or too small to count, whether they are found or not |
| `truth/classification` | Classification | what the table top is made of |
| `truth/instance_mask` | Image mono16 | 0 = none, k = k-th of `truth/detections`; only while somebody subscribes |
| `truth/mask` | Image mono8 | class of each pixel, 255 = does not count; only while somebody subscribes |
| `truth/depth` | Image 32FC1 | metres; only while somebody subscribes |

All of them carry the header of the picture. Equal settings show equal pictures, on machines of any speed.
"""

import sys
from collections import deque
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from time import monotonic
from typing import Any

import numpy as np
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header
from vision_msgs.msg import Classification, Detection2DArray

from deep_perception import pixels
from deep_perception.config import UNSEEN_SEEDS, SceneCameraConfig
from deep_perception.predictions import UNLABELLED
from deep_perception.ros.messages import Naming, from_classes, from_detections, reliable
from deep_perception.ros.parameters import declare
from deep_perception.ros.program import run
from deep_perception.scenes import ALL_LABELS, SURFACES, Scene, View, render

THINGS, TABLES = Naming(ALL_LABELS, by_index=False), Naming(SURFACES, by_index=False)
LATELY = 30
"""Pictures whose mean time tells whether the pace can be kept."""


class SceneCamera(Node):
    """Shows one scene after another from a camera that moves."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__("scene_camera", **arguments)
        self.config = declare(self, SceneCameraConfig)
        self.add_on_set_parameters_callback(_refuse)
        self._image = self.create_publisher(ImageMessage, "image", reliable(1))
        self._info = self.create_publisher(CameraInfo, "camera_info", reliable(5))
        self._things = self.create_publisher(Detection2DArray, "truth/detections", reliable(20))
        self._ignored = self.create_publisher(Detection2DArray, "truth/ignored", reliable(20))
        self._table = self.create_publisher(Classification, "truth/classification", reliable(20))
        self._on_demand = [
            (self.create_publisher(ImageMessage, f"truth/{topic}", reliable(1)), encoding, look)
            for topic, encoding, look in ON_DEMAND
        ]
        self._frame, self._view = 0, view(self.config, 0)
        self._took: deque[float] = deque(maxlen=LATELY)
        self._is_slow = False
        self.create_timer(1 / self.config.rate_hz, self._expose)
        self.get_logger().info(
            f"{self.config.width}x{self.config.height} at {self.config.rate_hz:g} Hz on {self._image.topic_name}"
        )

    def _expose(self) -> None:
        """Publish the picture that is ready, then make the next: rendering delays none."""
        began = monotonic()
        self._publish(self._view)
        self._frame += 1
        self._view = view(self.config, self._frame)
        self._took.append(monotonic() - began)
        self._notice_slowness()

    def _publish(self, seen: View) -> None:
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self.config.frame_id)
        self._image.publish(picture(seen.image, "rgb8", header))
        self._info.publish(camera_info(seen, header))
        self._things.publish(from_detections(seen.instances, header, THINGS))
        self._ignored.publish(from_detections(seen.ignored, header, THINGS))
        self._table.publish(from_classes(seen.surface, header, TABLES))
        for publisher, encoding, look in self._on_demand:
            if publisher.get_subscription_count():
                publisher.publish(picture(look(seen), encoding, header))

    def _notice_slowness(self) -> None:
        took = float(np.mean(self._took))
        if self._is_slow or len(self._took) < LATELY or took * self.config.rate_hz < 1:
            return
        self._is_slow = True
        self.get_logger().warning(
            f"a picture takes {1000 * took:.0f} ms on this machine: they come at {1 / took:.1f} Hz instead of "
            f"{self.config.rate_hz:g}. Set a lower rate_hz, or a smaller width and height"
        )


def pixel_classes(seen: View) -> np.ndarray:
    """Return the class of each pixel (H, W) uint8; pixels of things that do not count are unlabelled."""
    labels = seen.semantic.labels
    labels[seen.ignored.masks.any(axis=0)] = UNLABELLED
    return labels


ON_DEMAND: tuple[tuple[str, str, Callable[[View], np.ndarray]], ...] = (
    ("instance_mask", "mono16", lambda seen: seen.instances.numbered()),
    ("mask", "mono8", pixel_classes),
    ("depth", "32FC1", lambda seen: seen.depth),
)
"""Truths that cost time: topic, encoding, and how they are read from a view."""


def view(config: SceneCameraConfig, frame: int) -> View:
    """Render a frame, counted from the start."""
    order, moment = divmod(frame, max(1, round(config.scene_s * config.rate_hz)))
    scene = _scene((config.seed + order) % UNSEEN_SEEDS, config.newcomer)
    return render(scene, moment / config.rate_hz, (config.height, config.width))


@lru_cache(maxsize=1)
def _scene(seed: int, newcomer: str) -> Scene:
    return Scene(seed, newcomer=newcomer)


def picture(matrix: np.ndarray, encoding: str, header: Header) -> ImageMessage:
    """Make a message of an array."""
    message = ImageMessage(header=header)
    pixels.fill(message, matrix, encoding)
    return message


def camera_info(seen: View, header: Header) -> CameraInfo:
    """Describe the pinhole."""
    height, width = seen.depth.shape
    return CameraInfo(
        header=header,
        height=height,
        width=width,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=seen.intrinsics.ravel(),
        r=np.eye(3).ravel(),
        p=np.column_stack([seen.intrinsics, np.zeros(3)]).ravel(),
    )


def _refuse(parameters: list[Parameter]) -> SetParametersResult:
    ours = {item.name for item in fields(SceneCameraConfig)}
    if fixed := [one.name for one in parameters if one.name in ours]:
        return SetParametersResult(successful=False, reason=f"{', '.join(fixed)}: can be set only at the start")
    return SetParametersResult(successful=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the camera until it is told to stop."""
    return run(SceneCamera, arguments)


if __name__ == "__main__":
    sys.exit(main())
