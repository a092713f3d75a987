"""Where the robot is."""

from nav_msgs.msg import Odometry

from deep_perception.ros.feed import Listener
from deep_perception.ros.shot import Position
from deep_perception.ros.workplace import Workplace


class Odometer:
    """Keeps the newest position; received in a thread, because odometry comes often."""

    def __init__(self, workplace: Workplace, topic: str) -> None:
        self.topic = topic
        self.position: Position | None = None
        self._workplace = workplace
        self._listener = Listener(self._take)
        self._feed = workplace.listen(topic, Odometry, self._listener, lambda message: message)

    def close(self) -> None:
        """Unsubscribe."""
        self._workplace.stop_listening(self._feed, self._listener)

    def _take(self, message: Odometry) -> None:
        place = message.pose.pose.position
        self.position = place.x, place.y, place.z
