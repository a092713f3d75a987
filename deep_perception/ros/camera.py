"""One camera of a perception node: its pictures in, its results out, and how that goes."""

import time
from collections.abc import Callable
from typing import Any

from rclpy.publisher import Publisher
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage

from deep_perception import pixels
from deep_perception.drawing import draw
from deep_perception.predictions import Image, Prediction
from deep_perception.ros.managed_node import ManagedNode
from deep_perception.ros.messages import ANSWERS, Naming, newest_only, reliable
from deep_perception.ros.receiver import LeftToReceiver, Receiver
from deep_perception.ros.silence import explain
from deep_perception.ros.subscribing import subscribe
from deep_perception.runtime.health import Health

TRANSPORTS: dict[str, tuple[type, str, Callable[[Any], Image]]] = {
    "raw": (ImageMessage, "", pixels.to_rgb),
    "compressed": (CompressedImage, "/compressed", pixels.decompress),
}
SILENCE_S = 3.0


class Camera:
    """Subscribes while active; publishes under its own name when there are several."""

    def __init__(self, node: ManagedNode, name: str, transport: str) -> None:
        self.name = name
        self.health = Health()
        self.prefix = f"{name}/" if name else ""
        self._node = node
        self._message, suffix, self._decode = TRANSPORTS[transport]
        # image_transport appends the transport to the remapped name, so that remapping `image` is enough.
        self.topic = node.resolve_topic_name(f"{self.prefix}image") + suffix
        self._publishers: dict[str, Publisher] = {}
        self._receiver: Receiver | None = None
        self._annotated = node.create_publisher(ImageMessage, f"{self.prefix}image_annotated", reliable(1))
        self._listening_since = 0.0
        self._next_due = 0.0

    def listen(self, take: Callable[["Camera", Any], None]) -> None:
        """Subscribe; hand every picture's message to `take`."""
        self._listening_since = time.monotonic()
        subscription = subscribe(
            self._node,
            self._message,
            self.topic,
            lambda message: take(self, message),
            self.health.lost,
            LeftToReceiver(),
        )
        self._receiver = Receiver(self._node, subscription, self._node.fail)

    def stop_listening(self) -> None:
        """Unsubscribe."""
        if self._receiver is not None:
            self._receiver.close()
            self._receiver = None
        self.health.reset()

    def close(self) -> None:
        """Stop, and take the results' topics away."""
        self.stop_listening()
        for publisher in (*self._publishers.values(), self._annotated):
            self._node.destroy_publisher(publisher)
        self._publishers.clear()

    def offer(self, prediction: type) -> None:
        """Create the topic on which this kind of prediction is published."""
        answer = ANSWERS[prediction]
        if answer.topic not in self._publishers:
            topic = f"{self.prefix}{answer.topic}"
            self._publishers[answer.topic] = self._node.create_publisher(answer.message, topic, reliable(answer.depth))

    def is_due(self, max_rate_hz: float) -> bool:
        """Whether a picture that arrives now may be worked on; spends the turn when it may."""
        if max_rate_hz <= 0:
            return True
        now, period = time.monotonic(), 1 / max_rate_hz
        if now < self._next_due:
            return False
        # Counted on from the last turn, so that 30 Hz limited to 20 gives 20 on average and not 15.
        self._next_due = self._next_due + period if now - self._next_due < period else now + period
        return True

    def decode(self, message: Any) -> Image:
        """Read a picture's message; raise ImageError."""
        return self._decode(message)

    def publish(self, message: Any, image: Image, prediction: Prediction, naming: Naming) -> None:
        """Publish an answer under the header of its picture, and draw it while somebody looks."""
        answer = ANSWERS[type(prediction)]
        self._publishers[answer.topic].publish(answer.convert(prediction, message.header, naming))
        if self._annotated.get_subscription_count():
            picture = ImageMessage(header=message.header)
            pixels.fill(picture, draw(image, prediction, naming.labels), "rgb8")
            self._annotated.publish(picture)

    def is_silent(self) -> bool:
        """Whether no picture has arrived for a while."""
        if self._receiver is None:
            return False
        return self.health.quiet_s(self._listening_since) > SILENCE_S

    def explain_silence(self) -> str:
        """Say why no picture arrives, and what to do."""
        kind = f"sensor_msgs/msg/{self._message.__name__}"
        return explain(self._node, self.topic, kind, newest_only(), f"{self.prefix}image")
