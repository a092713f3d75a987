"""Find out why a subscription hears nothing, and what to do about it."""

from collections.abc import Sequence

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible

from deep_perception.ros.transport import REMEDY_FOR_LOSS

PICTURES = {"sensor_msgs/msg/Image": "raw", "sensor_msgs/msg/CompressedImage": "compressed"}


def explain(
    node: Node, topic: str, wanted: str, qos: QoSProfile, remapped: str = "image", ours: Sequence[Node] = ()
) -> str:
    """Say in one line why nothing of type `wanted` arrives on `topic`; `remapped` is its name before remapping.

    What `node` or `ours` publish is no camera.
    """
    publishers = node.get_publishers_info_by_topic(topic)
    fitting = [publisher for publisher in publishers if publisher.topic_type == wanted]
    if not publishers:
        return f"no pictures: nothing publishes on {topic}. {_other_topics(node, topic, wanted, remapped, ours)}"
    if not fitting:
        found = f"no pictures: {topic} carries {publishers[0].topic_type}, expected {wanted}"
        return f"{found}. {_other_topics(node, topic, wanted, remapped, ours)}"
    for publisher in fitting:
        compatibility, reason = qos_check_compatible(publisher.qos_profile, qos)
        if compatibility == QoSCompatibility.ERROR:
            return f"no pictures: QoS of {publisher.node_name} on {topic} does not match ours: {reason}"
    return (
        f"no pictures on {topic}, though {fitting[0].node_name} publishes there with matching QoS: "
        f"it is idle, or every picture gets lost on the way. {REMEDY_FOR_LOSS}"
    )


def _other_topics(node: Node, topic: str, wanted: str, remapped: str, ours: Sequence[Node]) -> str:
    found = {
        name: kind
        for name, kinds in node.get_topic_names_and_types()
        for kind in kinds
        if kind in PICTURES and name != topic and _published_by_others(node, name, ours)
    }
    same = sorted(name for name, kind in found.items() if kind == wanted)
    other = sorted(name for name, kind in found.items() if kind != wanted)
    if same:
        return f"Pictures are on {', '.join(_base(name, wanted) for name in same[:5])}: remap {remapped} to one of them"
    if other:
        transport = PICTURES[found[other[0]]]
        base = _base(other[0], found[other[0]])
        return f"Pictures are on {other[0]}: set image_transport to {transport} and remap {remapped} to {base}"
    return "No other topic carries pictures: is the camera running, with the same ROS_DOMAIN_ID?"


def _published_by_others(node: Node, topic: str, ours: Sequence[Node]) -> bool:
    own = {(one.get_name(), one.get_namespace()) for one in (node, *ours)}
    return any((one.node_name, one.node_namespace) not in own for one in node.get_publishers_info_by_topic(topic))


def _base(name: str, kind: str) -> str:
    """Return the name that image_transport gives a topic: without /compressed."""
    return name.removesuffix("/compressed") if PICTURES[kind] == "compressed" else name
