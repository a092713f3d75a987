"""One process for several models: each picture is received and decoded once, and the models take turns.

Every model is a perception_node of its own, with its parameters, lifecycle and diagnostics. Parameters without the
name of a node are for all of them.
"""

import sys
from dataclasses import fields
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.parameter import Parameter

from deep_perception.config import ContainerConfig, PerceptionConfig
from deep_perception.errors import DeepPerceptionError
from deep_perception.ros.alarm import Alarm
from deep_perception.ros.parameters import declare, given
from deep_perception.ros.perception_node import PerceptionNode
from deep_perception.ros.post import Post
from deep_perception.ros.posts import posts
from deep_perception.ros.program import run
from deep_perception.ros.workplace import Workplace

OF_NODES = tuple(item.name for item in fields(PerceptionConfig))
OWN = {item.name for item in fields(ContainerConfig)}


class PerceptionContainer(Node):
    """Holds the subscriptions and the workplace of its `nodes`."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__("perception_container", **arguments)
        self._alarm = Alarm(self, MutuallyExclusiveCallbackGroup())
        self._workplace = Workplace(self, self._alarm.ring)
        self.nodes: list[PerceptionNode] = []
        config = declare(self, ContainerConfig, Post(known=OF_NODES))
        self.add_on_set_parameters_callback(_refuse)
        common = {name: value for name, value in given(self, ContainerConfig, OF_NODES).items() if name not in OWN}
        for post in posts(config, common):
            self.nodes.append(self._node(post))
        self.get_logger().info(f"one process for {', '.join(node.get_name() for node in self.nodes)}")

    def autostart(self) -> None:
        """Start the nodes whose parameters ask for that; raise what the user can mend, and then nothing works."""
        try:
            for node in self.nodes:
                if node.config.autostart:
                    node.autostart()
        except DeepPerceptionError:
            for node in self.nodes:
                node.destroy_node()
            raise

    def _node(self, post: Post) -> PerceptionNode:
        simulated = self.get_parameter("use_sim_time")
        return PerceptionNode(
            post,
            self._workplace,
            context=self.context,
            namespace=self.get_namespace(),
            # Whoever renames the process means the container, and no two nodes may have one name.
            cli_args=["--ros-args", "-r", f"__node:={post.name}"],
            parameter_overrides=[simulated] if simulated.value else [],
        )


def _refuse(parameters: list[Parameter]) -> SetParametersResult:
    if fixed := sorted({one.name for one in parameters} & OWN):
        return SetParametersResult(successful=False, reason=f"{', '.join(fixed)}: can be set only at the start")
    return SetParametersResult(successful=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the container until it is told to stop."""
    return run(PerceptionContainer, arguments, PerceptionContainer.autostart)


if __name__ == "__main__":
    sys.exit(main())
