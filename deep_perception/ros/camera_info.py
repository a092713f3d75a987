"""What a camera says about its own geometry, asked for only when it is needed."""

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from deep_perception.ros.messages import newest_only
from deep_perception.ros.picture_messages import Size, size_of
from deep_perception.ros.receiver import LeftToReceiver


class CameraInfoSource:
    """Keeps the newest; no thread waits for it, since whoever wants it looks for itself."""

    def __init__(self, node: Node, topic: str) -> None:
        self._node = node
        self._subscription = node.create_subscription(
            CameraInfo, topic, _nothing, newest_only(), callback_group=LeftToReceiver()
        )
        self._newest: CameraInfo | None = None

    @property
    def topic(self) -> str:
        """The topic, in full."""
        return str(self._subscription.topic_name)

    def of(self, size: Size) -> tuple[CameraInfo | None, str]:
        """Return the newest one if it is about pictures of this size, else why there is none."""
        subscription = self._subscription
        with subscription.handle:
            while taken := subscription.handle.take_message(subscription.msg_type, subscription.raw):
                self._newest = taken[0]
        if self._newest is None:
            return None, f"nothing has come on {self.topic}. Start what publishes it, or remap camera_info to it"
        if (told := size_of(self._newest)) != size:
            return None, f"{self.topic} is about {told[1]}x{told[0]} pixels, the pictures have {size[1]}x{size[0]}"
        return self._newest, ""

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)


def topic_beside(node: Node, image: str, name: str) -> str:
    """Return the topic that belongs to an image topic, as image_transport names it, unless `name` is remapped."""
    remapped = node.resolve_topic_name(name)
    if remapped != node.resolve_topic_name(name, only_expand=True):
        return str(remapped)
    return f"{image.rpartition('/')[0]}/camera_info"


def _nothing(message: CameraInfo) -> None:
    """Nobody calls this: what arrives is taken by whoever needs it."""
