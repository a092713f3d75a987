"""Small recordings for tests: messages of all kinds that are read, and the files that hold them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from deep_perception.data.vision_messages import types

TYPES = types()
SECOND = 10**9
START = 1_700_000_000
Message = tuple[int, str, bytes]


def made(name: str, *fields: Any) -> Any:
    return TYPES.types[name](*fields)


def header(second: int, frame_id: str = "camera") -> Any:
    return made("std_msgs/msg/Header", made("builtin_interfaces/msg/Time", START + second, 250), frame_id)


def packed(second: int, kind: str, *fields: Any) -> Message:
    return second, kind, bytes(TYPES.serialize_cdr(made(kind, header(second), *fields), kind))


def shade(value: int) -> NDArray[np.uint8]:
    pixels = np.full((6, 8, 3), value, np.uint8)
    pixels[0, 0] = 255, 0, 0
    return pixels


def raw(second: int, value: int = 90) -> Message:
    return packed(second, "sensor_msgs/msg/Image", 6, 8, "rgb8", 0, 24, shade(value).reshape(-1))


def compressed(second: int, content: bytes, format: str = "rgb8; jpeg compressed bgr8") -> Message:
    return packed(second, "sensor_msgs/msg/CompressedImage", format, np.frombuffer(content, np.uint8))


def file(suffix: str, pixels: NDArray[Any]) -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


def detections(second: int, *found: tuple[str, float, Sequence[float]]) -> Message:
    """Things with class, score and x y width height around their middle."""
    return packed(second, "vision_msgs/msg/Detection2DArray", [_detection(second, *one) for one in found])


def _detection(second: int, name: str, score: float, box: Sequence[float]) -> Any:
    x, y, width, height = box
    pose = made("vision_msgs/msg/Pose2D", made("vision_msgs/msg/Point2D", x, y), 0.0)
    results = [_hypothesis("worse", score / 2), _hypothesis(name, score)] if name else []
    bbox = made("vision_msgs/msg/BoundingBox2D", pose, width, height)
    return made("vision_msgs/msg/Detection2D", header(second), results, bbox, "")


def _hypothesis(name: str, score: float) -> Any:
    zeros = [made(f"geometry_msgs/msg/{kind}", *[0.0] * count) for kind, count in (("Point", 3), ("Quaternion", 4))]
    pose = made("geometry_msgs/msg/PoseWithCovariance", made("geometry_msgs/msg/Pose", *zeros), np.zeros(36))
    return made("vision_msgs/msg/ObjectHypothesisWithPose", made("vision_msgs/msg/ObjectHypothesis", name, score), pose)


def label_info(second: int, *names: str) -> Message:
    classes = [made("vision_msgs/msg/VisionClass", number, name) for number, name in enumerate(names)]
    return packed(second, "vision_msgs/msg/LabelInfo", classes, 0.5)


def numbers(second: int, array: NDArray[Any]) -> Message:
    """A mask, mono8 or mono16."""
    height, width = array.shape
    data = np.ascontiguousarray(array).view(np.uint8).reshape(-1)
    step = width * array.itemsize
    return packed(second, "sensor_msgs/msg/Image", height, width, f"mono{8 * array.itemsize}", 0, step, data)


def classification(second: int, **scores: float) -> Message:
    results = [made("vision_msgs/msg/ObjectHypothesis", name, score) for name, score in scores.items()]
    return packed(second, "vision_msgs/msg/Classification", results)


def write(
    path: Path,
    topics: Mapping[str, Sequence[Message]],
    storage: StoragePlugin = StoragePlugin.MCAP,
    mode: CompressionMode = CompressionMode.NONE,
) -> Path:
    """Write a recording of these topics, each message at its second."""
    writer = Writer(path, version=8, storage_plugin=storage)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        said = {topic: writer.add_connection(topic, those[0][1], typestore=TYPES) for topic, those in topics.items()}
        every = [(second, topic, data) for topic, those in topics.items() for second, _, data in those]
        for second, topic, data in sorted(every, key=lambda one: one[0]):
            writer.write(said[topic], (START + second) * SECOND, data)
    return path
