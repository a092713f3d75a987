"""Publish what was recorded, as it was recorded: the same bytes at the same distances in time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock
from std_srvs.srv import SetBool

from deep_perception.bag_config import PlayConfig
from deep_perception.data.passes import SECOND, Due, passes
from deep_perception.data.recorded_qos import recorded_qos
from deep_perception.data.recordings import Recording, Topic
from deep_perception.errors import InputError
from deep_perception.ros.message_types import message_class
from deep_perception.ros.messages import reliable
from deep_perception.ros.offers import is_latched, publishing
from deep_perception.ros.pace import Pace
from deep_perception.runtime.ahead import Ahead

WAKE_S = 0.1
"""How soon it notices that it is to stop."""
DELIVERY = Duration(seconds=1)


class Player:
    """Plays a recording on its topics; `pause` stops and resumes it, from any thread."""

    def __init__(self, node: Node, recording: Recording, config: PlayConfig, stopped: threading.Event) -> None:
        self._node, self._config, self._stopped = node, config, stopped
        self._recording = recording
        self._publishers = dict(self._announce())
        if not self._publishers:
            raise InputError(f"{recording.path}: nothing to play, no type of its topics is installed here")
        self._clock = node.create_publisher(Clock, "/clock", reliable(1)) if config.clock else None
        self._next_tick = 0.0
        self._pace = Pace(recording.start_ns, config.rate, paused=True)
        self._earlier_ns = 0
        node.create_service(SetBool, "~/pause", self._asked)
        self.sent, self.latest_s = 0, 0.0

    def run(self) -> None:
        """Play to the end, or until stopped."""
        with closing(Ahead(self._passes(), lambda due: len(due.message.data))) as messages:
            for place, due in enumerate(messages):
                if place == 0:
                    self._begin(due)
                if not self._wait(due):
                    return
                self._publish(due)
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(DELIVERY)

    def pause(self, paused: bool) -> None:
        """Stand still, or go on."""
        if paused != self._pace.paused:
            self._node.get_logger().info("paused" if paused else "playing")
        self._pace.pause(paused)

    def toggle(self) -> None:
        """Do the other of the two."""
        self.pause(not self._pace.paused)

    def _announce(self) -> Iterator[tuple[str, Publisher]]:
        offers = recorded_qos(self._recording.path)
        self._latched = {topic for topic, offered in offers.items() if is_latched(offered)}
        for topic in self._wanted():
            if (kind := message_class(topic.kind)) is None:
                self._node.get_logger().warning(f"{topic.name} is not played: {topic.kind} is not installed here")
            else:
                qos = publishing(offers.get(topic.name, ()), topic.count)
                yield topic.name, self._node.create_publisher(kind, topic.name, qos)

    def _wanted(self) -> list[Topic]:
        ours = "/clock" if self._config.clock else ""
        wanted = self._config.topics
        filled = [topic for topic in self._recording.topics if topic.count and topic.name != ours]
        return [topic for topic in filled if not wanted or topic.name in wanted]

    def _passes(self) -> Iterator[Due]:
        return passes(self._recording, self._publishers, self._latched & self._publishers.keys(), self._config)

    def _begin(self, first: Due) -> None:
        """Let the clock stand at the first message until everybody is there, and subscribers have found us."""
        self._pace.jump(first.place_ns)
        missing = lambda: [one for one in self._config.wait_for if not self._node.count_publishers(one)]  # noqa: E731
        if missing():
            self._node.get_logger().info(f"waiting until somebody publishes on {', '.join(missing())}")
        self._rest_until(lambda: not missing())
        end = time.monotonic() + self._config.delay
        self._rest_until(lambda: time.monotonic() >= end)
        if not self._config.paused:
            self._pace.pause(False)

    def _rest_until(self, done: Callable[[], bool]) -> None:
        while not done() and not self._stopped.is_set():
            self._stopped.wait(min(WAKE_S, self._tick()))

    def _wait(self, due: Due) -> bool:
        """Wait for its turn; False when stopped."""
        while not self._stopped.is_set():
            tick = self._tick()
            if (left := self._pace.seconds_until(due.place_ns)) <= 0:
                self.latest_s = max(self.latest_s, -left)
                return True
            with self._pace.changed:
                self._pace.changed.wait(min(left, tick, WAKE_S))
        return False

    def _publish(self, due: Due) -> None:
        self._earlier_ns = due.earlier_ns
        self._publishers[due.message.topic].publish(bytes(due.message.data))
        self.sent += 1

    def _tick(self) -> float:
        """Tell the time where it is due; return in how many seconds it will be due again."""
        if self._clock is None:
            return WAKE_S
        now = time.monotonic()
        if now >= self._next_tick:
            message = Clock()
            message.clock.sec, message.clock.nanosec = divmod(self._pace.place_ns - self._earlier_ns, SECOND)
            self._clock.publish(message)
            self._next_tick = max(self._next_tick + 1 / self._config.clock, now)
        return self._next_tick - now

    def _asked(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self.pause(request.data)
        response.success = True
        return response
