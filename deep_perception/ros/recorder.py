"""Write topics into a recording, as they come and go."""

import time
from collections.abc import Callable, Sequence

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rosgraph_msgs.msg import Clock

from deep_perception.bag_config import RecordConfig
from deep_perception.data.bag_writer import BagWriter, Kind
from deep_perception.ros.intake import Intake, Parcel
from deep_perception.ros.message_types import definition, message_class
from deep_perception.ros.messages import newest_only
from deep_perception.ros.offers import listening, written
from deep_perception.ros.sim_time import SimTime

CLOCK = "/clock"
NANOSECONDS = 1_000_000_000
LOOK_S = 0.25
"""How soon a new topic is found."""
FLUSH_S = 1.0
"""How much is lost at most by who is killed."""
DEPTH = 100
"""Messages that may wait while the disk is busy."""


class Recorder:
    """Records until told to stop. It subscribes as the publishers offer, and once more when they change that."""

    def __init__(self, node: Node, config: RecordConfig, bag: BagWriter) -> None:
        self._node, self._bag, self._all = node, bag, config.all
        self._wanted = {node.resolve_topic_name(topic) for topic in config.topics}
        self._intake = Intake(node, self._keep, self._count_lost)
        self._sim_time = SimTime() if config.use_sim_time else None
        if self._sim_time:
            self._intake.listen(CLOCK, Clock, newest_only())
        self._listening: dict[str, QoSProfile] = {}
        self._refused: set[str] = set()
        self.lost = 0

    def run(self, stopped: Callable[[], bool]) -> None:
        """Record; raise StorageError when the disk is full."""
        flush_at = look_at = time.monotonic()
        while not stopped():
            self._intake.wait(LOOK_S)
            now = time.monotonic()
            if now >= look_at:
                self._look()
                look_at = now + LOOK_S
            if now >= flush_at:
                self._bag.flush()
                flush_at = now + FLUSH_S

    def silent(self) -> list[str]:
        """Return the topics that were asked for and said nothing."""
        return sorted(topic for topic in self._wanted if not self._bag.messages.get(topic))

    def _look(self) -> None:
        """Subscribe to what is new or offered otherwise than before; without a time, to nothing."""
        if self._sim_time and not self._sim_time.known:
            self._node.get_logger().info(f"waiting for {CLOCK}", once=True)
            return
        for topic, kinds in self._node.get_topic_names_and_types():
            if (topic in self._wanted or (self._all and not _hidden(topic))) and topic not in self._refused:
                self._consider(topic, kinds)

    def _consider(self, topic: str, kinds: Sequence[str]) -> None:
        publishers = self._node.get_publishers_info_by_topic(topic)
        if not publishers:
            return
        offers = [one.qos_profile for one in publishers]
        qos = listening(offers, DEPTH)
        if self._listening.get(topic) == qos:
            return
        if (kind := message_class(kinds[0])) is None or len(kinds) > 1:
            self._refuse(topic, kinds)
            return
        if topic not in self._listening:
            about = Kind(kinds[0], definition(kinds[0]), str(getattr(publishers[0], "topic_type_hash", "")))
            self._bag.add(topic, about, written(offers))
            self._node.get_logger().info(f"recording {topic} ({kinds[0]})")
        self._listening[topic] = qos
        self._intake.listen(topic, kind, qos)

    def _refuse(self, topic: str, kinds: Sequence[str]) -> None:
        self._refused.add(topic)
        reason = f"has several types ({', '.join(kinds)})" if len(kinds) > 1 else f"is a {kinds[0]}, not installed here"
        self._node.get_logger().warning(f"{topic} is not recorded: it {reason}")

    def _keep(self, parcel: Parcel) -> None:
        recorded = time.time_ns()
        published = parcel.published_ns or recorded
        if self._sim_time:
            if parcel.topic == CLOCK:
                told = deserialize_message(parcel.data, Clock).clock
                self._sim_time.tick(published, told.sec * NANOSECONDS + told.nanosec)
            recorded, published = self._sim_time.at(recorded), self._sim_time.at(published)
        if parcel.topic in self._listening:
            self._bag.write(parcel.topic, parcel.data, recorded, published)

    def _count_lost(self, count: int) -> None:
        self.lost += count


def _hidden(topic: str) -> bool:
    """Whether this is for the insides of actions and services, as ROS marks it."""
    return any(part.startswith("_") for part in topic.split("/"))
