"""What a camera says about its own geometry."""

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from deep_perception.ros.feed import Listener
from deep_perception.ros.picture_messages import Size, size_of
from deep_perception.ros.workplace import Workplace


class CameraInfoSource:
    """Keeps the newest.

    It is received like pictures are, in a thread: what stayed untaken in a subscription would keep an executor awake.
    """

    def __init__(self, workplace: Workplace, topic: str) -> None:
        self.topic = topic
        self._workplace = workplace
        self._newest: CameraInfo | None = None
        self._listener = Listener(self._take)
        self._feed = workplace.listen(topic, CameraInfo, self._listener, lambda message: message)

    def of(self, size: Size) -> tuple[CameraInfo | None, str]:
        """Return the newest one if it is about pictures of this size, else why there is none."""
        newest = self._newest
        if newest is None:
            return None, f"nothing has come on {self.topic}. Start what publishes it, or remap camera_info to it"
        if (told := size_of(newest)) != size:
            return None, f"{self.topic} is about {told[1]}x{told[0]} pixels, the pictures have {size[1]}x{size[0]}"
        return newest, ""

    def close(self) -> None:
        """Unsubscribe."""
        self._workplace.stop_listening(self._feed, self._listener)

    def _take(self, message: CameraInfo) -> None:
        self._newest = message


def topic_beside(node: Node, image: str, name: str) -> str:
    """Return the topic that belongs to an image topic, as image_transport names it, unless `name` is remapped."""
    remapped = node.resolve_topic_name(name)
    if remapped != node.resolve_topic_name(name, only_expand=True):
        return str(remapped)
    return f"{image.rpartition('/')[0]}/camera_info"
