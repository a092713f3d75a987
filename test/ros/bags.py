"""Recordings for tests of who plays and who records."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rclpy.serialization import deserialize_message
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from std_msgs.msg import String

TYPES = get_typestore(Stores.ROS2_JAZZY)
TEXT = "std_msgs/msg/String"
START_NS = 1_700_000_000_000_000_000
MILLISECOND = 1_000_000
NEVER = QosTime(9223372036, 854775807)


def offer(reliability: str = "RELIABLE", durability: str = "VOLATILE") -> Qos:
    return Qos(
        QosHistory.KEEP_LAST,
        10,
        QosReliability[reliability],
        QosDurability[durability],
        NEVER,
        NEVER,
        QosLiveliness.AUTOMATIC,
        NEVER,
        False,
    )


def make_bag(
    folder: Path, said: Sequence[tuple[str, str, int]], qos: Callable[[str], Sequence[Qos]] = lambda topic: ()
) -> Path:
    """Write texts: topic, text, milliseconds after the start."""
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        topics = {topic: None for topic, *_ in said}
        connections = {
            topic: writer.add_connection(topic, TEXT, typestore=TYPES, offered_qos_profiles=qos(topic))
            for topic in topics
        }
        for topic, text, when in said:
            data = TYPES.serialize_cdr(TYPES.types[TEXT](data=text), TEXT)
            writer.write(connections[topic], START_NS + when * MILLISECOND, data)
    return folder


def recorded(folder: Path) -> list[tuple[str, str, int]]:
    """Read texts back: topic, text, nanoseconds of recording."""
    with Reader(folder) as reader:
        wanted = [one for one in reader.connections if one.msgtype == TEXT]
        return [
            (connection.topic, deserialize_message(data, String).data, when)
            for connection, when, data in (reader.messages(wanted) if wanted else ())
        ]


def texts(heard: Sequence[Any]) -> list[str]:
    return [one.data for one in heard]
