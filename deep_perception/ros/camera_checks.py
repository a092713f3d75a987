"""Look at a camera over ROS: is it there, do we get its pictures, and are their headers good?"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2DArray

from deep_perception.checks import Check
from deep_perception.ros.messages import newest_only
from deep_perception.ros.silence import PICTURES, explain
from deep_perception.ros.transport import REMEDY_FOR_LOSS
from deep_perception.ros.watching import Watched, watch

DETECTIONS_HASH = "RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968"
TYPES = {"sensor_msgs/msg/Image": Image, "sensor_msgs/msg/CompressedImage": CompressedImage}
MOST_LOST = 0.05
OLDEST_S, YOUNGEST_S = 0.5, -0.05


def camera_checks(image: str | None, seconds: float) -> Iterator[Check]:
    """Check the interface we publish, then the pictures on `image`, or on the only image topic there is."""
    with _node() as node:
        yield interface(node)
        topics = _wait_for_topics(node, image, seconds)
        if image is None:
            yield _cameras(topics)
            if len(topics) != 1:
                return
        topic = node.resolve_topic_name(image) if image else next(iter(topics))
        yield from _camera(node, topic, seconds)


@contextmanager
def _node() -> Iterator[Node]:
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node(
        "deep_perception_doctor", context=context, enable_rosout=False, start_parameter_services=False
    )
    try:
        yield node
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)


def interface(node: Node) -> Check:
    """Would other nodes understand our detections? ROS compares hashes of the type."""
    publisher = node.create_publisher(Detection2DArray, "~/detections", 1)
    (endpoint,) = node.get_publishers_info_by_topic(publisher.topic_name)
    node.destroy_publisher(publisher)
    got = getattr(endpoint, "topic_type_hash", None)
    if got is None:  # Humble
        return Check("vision_msgs", "OK", "installed; this ROS does not compare types by hash")
    if str(got) != DETECTIONS_HASH:
        remedy = "Nodes built against vision_msgs 4 will not connect: install that version here"
        return Check(
            "vision_msgs", "WARN", f"Detection2DArray is {str(got)[:23]}, expected {DETECTIONS_HASH[:23]}", remedy
        )
    return Check("vision_msgs", "OK", f"Detection2DArray is {DETECTIONS_HASH[:23]}, as in vision_msgs 4")


def _wait_for_topics(node: Node, image: str | None, seconds: float) -> dict[str, str]:
    """Return the published image topics and their types, as soon as the wanted one is there, or any."""
    wanted = node.resolve_topic_name(image) if image else None
    end = time.monotonic() + seconds
    while True:
        last = time.monotonic() >= end
        kinds = {name: kinds[0] for name, kinds in node.get_topic_names_and_types() if node.count_publishers(name)}
        topics = {name: kind for name, kind in kinds.items() if kind in PICTURES}
        if last or (wanted in kinds if wanted else topics):
            return topics
        time.sleep(0.1)


def _cameras(topics: dict[str, str]) -> Check:
    if not topics:
        remedy = "Start the camera, or compare ROS_DOMAIN_ID and RMW_IMPLEMENTATION with its own"
        return Check("cameras", "WARN", "nothing publishes pictures", remedy)
    found = ", ".join(f"{name} ({kind.rpartition('/')[2]})" for name, kind in sorted(topics.items()))
    return Check("cameras", "OK", found, "" if len(topics) == 1 else "Look at one of them: --image TOPIC")


def _camera(node: Node, topic: str, seconds: float) -> Iterator[Check]:
    publishers = node.get_publishers_info_by_topic(topic)
    kind = next((one.topic_type for one in publishers if one.topic_type in TYPES), None)
    if kind is None:
        yield _explained(node, topic, "sensor_msgs/msg/Image")
        return
    yield _quality(topic, [one for one in publishers if one.topic_type == kind])
    watched = watch(node, topic, TYPES[kind], seconds)
    if not watched.stamps_ns:
        yield _explained(node, topic, kind)
        return
    yield rate(watched)
    yield stamps(watched, simulated=node.count_publishers("/clock") > 0)
    yield frame_id(watched)


def _explained(node: Node, topic: str, kind: str) -> Check:
    finding, _, remedy = explain(node, topic, kind, newest_only()).partition(". ")
    return Check("image topic", "FAIL", finding, remedy)


def _quality(topic: str, publishers: list[Any]) -> Check:
    """Will the middleware connect the camera with a best-effort subscription of depth 1?"""
    offered = [f"{_name(one)} ({one.qos_profile.reliability.name.lower().replace('_', ' ')})" for one in publishers]
    found = f"{topic} from {', '.join(offered)}; we ask for best effort, depth 1"
    for publisher in publishers:
        compatibility, reason = qos_check_compatible(publisher.qos_profile, newest_only())
        if compatibility == QoSCompatibility.ERROR:
            return Check("QoS", "FAIL", f"{found}: {reason}", "Change the QoS of the camera")
    if len(publishers) > 1:
        return Check("QoS", "WARN", found, "Several publishers mix their pictures on one topic: remap all but one")
    return Check("QoS", "OK", found)


def _name(publisher: Any) -> str:
    # The name of a node travels apart from its publishers, and may come later or never.
    return "an unknown node" if publisher.node_name.startswith("_") else str(publisher.node_name)


def rate(watched: Watched) -> Check:
    """Do all pictures arrive?"""
    share = watched.lost_share()
    rate_hz = len(watched.stamps_ns) / watched.seconds
    found = f"{rate_hz:.1f} Hz over {watched.seconds:g} s, {share:.0%} of the pictures lost"
    return Check("pictures", "WARN", found, REMEDY_FOR_LOSS) if share > MOST_LOST else Check("pictures", "OK", found)


def stamps(watched: Watched, *, simulated: bool) -> Check:
    """Can results be matched to the time at which they were seen?"""
    if 0 in watched.stamps_ns:
        return Check(
            "stamps",
            "WARN",
            "header.stamp is zero",
            "Let the camera driver set it: nothing can be synchronised without",
        )
    if len(watched.stamps_ns) > 1 and len(set(watched.stamps_ns)) == 1:
        return Check("stamps", "WARN", "header.stamp never changes", "Let the camera driver stamp each picture")
    if simulated:
        return Check("stamps", "OK", "time is simulated (/clock is published)", "")
    age = median(watched.ages_s)
    found = f"pictures are {age * 1e3:.0f} ms old when they arrive"
    if age > OLDEST_S:
        remedy = (
            "A replayed bag needs use_sim_time and --clock; else compare the clocks (chrony) and the load of the link"
        )
        return Check("stamps", "WARN", found, remedy)
    if age < YOUNGEST_S:
        return Check(
            "stamps", "WARN", f"{found}: the camera's clock is ahead", "Synchronise the clocks (chrony or PTP)"
        )
    return Check("stamps", "OK", found)


def frame_id(watched: Watched) -> Check:
    """Can results be placed in space?"""
    if "" in watched.frames:
        return Check("frame_id", "WARN", "header.frame_id is empty", "Set frame_id in the camera driver: TF needs it")
    if len(watched.frames) > 1:
        return Check(
            "frame_id", "WARN", f"it changes: {', '.join(sorted(watched.frames))}", "Remap all cameras but one"
        )
    return Check("frame_id", "OK", next(iter(watched.frames)))
