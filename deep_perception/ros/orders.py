"""Orders to a node as services without arguments."""

from collections.abc import Callable

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger

from deep_perception.errors import DeepPerceptionError


def obey(node: Node, service: str, order: Callable[[], str], group: CallbackGroup | None = None) -> None:
    """Offer a service that does this; its answer is what is returned, or why it could not be done."""

    def answer(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            response.success, response.message = True, order()
        except DeepPerceptionError as err:
            response.success, response.message = False, str(err)
        return response

    node.create_service(Trigger, service, answer, callback_group=group)
