"""The topics on which the answers for one camera's pictures go out."""

from collections.abc import Callable

from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image as ImageMessage

from deep_perception.drawing import draw
from deep_perception.predictions import Image, Prediction
from deep_perception.ros.messages import ANSWERS, About, reliable
from deep_perception.ros.picture_messages import image_message


class Results:
    """`place` says in full where a topic of that name is."""

    def __init__(self, node: Node, place: Callable[[str], str]) -> None:
        self._node, self._place = node, place
        self._publishers: dict[str, Publisher] = {}
        self._annotated = node.create_publisher(ImageMessage, place("image_annotated"), reliable(1))

    def offer(self, task: str) -> None:
        """Create the topics of a task."""
        for output in ANSWERS[task]:
            if output.topic not in self._publishers:
                self._publishers[output.topic] = self._node.create_publisher(
                    output.message, self._place(output.topic), reliable(output.depth)
                )

    def publish(self, task: str, image: Image, prediction: Prediction, about: About) -> None:
        """Publish an answer, and draw it while somebody looks; nothing is converted that nobody wants."""
        for output in ANSWERS[task]:
            publisher = self._publishers[output.topic]
            if publisher.get_subscription_count() and (message := output.convert(prediction, about)) is not None:
                publisher.publish(message)
        if self._annotated.get_subscription_count():
            drawn = draw(image, prediction, about.naming.labels)
            self._annotated.publish(image_message(drawn, "rgb8", about.header))

    def close(self) -> None:
        """Take the topics away."""
        for publisher in (*self._publishers.values(), self._annotated):
            self._node.destroy_publisher(publisher)
        self._publishers.clear()
