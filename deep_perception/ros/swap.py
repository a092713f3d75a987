"""See which model a running node has, and give it another one; `promote` and `rollback` run it as a program.

It prints a JSON line: {"running": ...} with what answers, after the change if there was one, or {"failed": why}.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import rclpy
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.client import Client
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.signals import SignalHandlerOptions
from vision_msgs.msg import VisionInfo

from deep_perception.errors import DeepPerceptionError, InputError
from deep_perception.ros.messages import latched
from deep_perception.runtime.ledger import Running

KEPT = ("model", "weights", "labels", "scale", "classes")
"""Parameters of a node that say what answers."""
VISION_INFO = "vision_msgs/msg/VisionInfo"
LOAD_S = 120.0
"""A large model on a slow disk, warmed up beside the old one."""


def main() -> int:
    """Do it; what a user can mend is told in the last line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--node", required=True)
    parser.add_argument("--set", type=json.loads, default={})
    parser.add_argument("--timeout", type=float, default=10.0)
    arguments = parser.parse_args()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        with_node = Remote(arguments.node, arguments.timeout)
        running = with_node.swap(arguments.set) if arguments.set else with_node.running()
    except DeepPerceptionError as err:
        _say(failed=str(err))
        return 1
    finally:
        rclpy.try_shutdown()
    _say(running=asdict(running))
    return 0


class Remote:
    """A perception node in another process."""

    def __init__(self, name: str, patience_s: float) -> None:
        self._name = f"/{name.strip('/')}"
        self._patience_s = patience_s
        self._node = Node("swap", use_global_arguments=False, start_parameter_services=False, enable_rosout=False)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._info: VisionInfo | None = None
        self._get = self._node.create_client(GetParameters, f"{self._name}/get_parameters")
        self._set = self._node.create_client(SetParametersAtomically, f"{self._name}/set_parameters_atomically")
        if not self._wait(lambda: self._get.service_is_ready() and self._set.service_is_ready()):
            raise InputError(f"--node: {self._name} does not answer. Nodes here: {self._nodes()}")
        self._node.create_subscription(VisionInfo, self._topic(), self._hear, latched())
        if not self._wait(lambda: self._info is not None):
            raise InputError(
                f"{self._name} has no model at present. Configure it: ros2 lifecycle set {self._name} configure"
            )

    def running(self) -> Running:
        """Return what answers at present."""
        assert self._info is not None
        response = self._call(self._get, GetParameters.Request(names=list(KEPT)), self._patience_s)
        values = [parameter_value_to_python(value) for value in response.values]
        if len(values) != len(KEPT):
            raise InputError(f"{self._name} has no parameters {', '.join(KEPT)}, expected a perception node")
        said = dict(zip(KEPT, values, strict=True))
        return Running(
            said["model"],
            said["weights"],
            self._info.method,
            self._info.database_version,
            said["labels"],
            said["scale"],
            tuple(said["classes"] or ()),
        )

    def swap(self, values: dict[str, Any]) -> Running:
        """Set parameters, all or none, and return what answers then; raise InputError with the node's reason."""
        before = self.running()
        parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        result = self._call(self._set, SetParametersAtomically.Request(parameters=parameters), LOAD_S).result
        if not result.successful:
            raise InputError(f"{self._name} keeps its model: {result.reason}")
        if not self._wait(lambda: self._info is not None and self._info.database_version > before.version):
            raise InputError(f"{self._name} took the parameters, but does not say that another model answers")
        return self.running()

    def _topic(self) -> str:
        """Find where the node says which model it has."""
        found: list[str] = []

        def look() -> bool:
            # Asked by topic: asked by node, the graph tells of one that died a moment ago under the same name.
            topics = [name for name, kinds in self._node.get_topic_names_and_types() if VISION_INFO in kinds]
            found.extend(topic for topic in topics if self._name in self._publishers(topic))
            return bool(found)

        if not self._wait(look):
            raise InputError(f"{self._name} publishes no vision_info, expected a perception node")
        return found[0]

    def _publishers(self, topic: str) -> list[str]:
        found = self._node.get_publishers_info_by_topic(topic)
        return [f"{one.node_namespace.rstrip('/')}/{one.node_name}" for one in found]

    def _hear(self, info: VisionInfo) -> None:
        self._info = info

    def _nodes(self) -> str:
        names = [f"{space.rstrip('/')}/{name}" for name, space in self._node.get_node_names_and_namespaces()]
        return ", ".join(sorted(name for name in names if name != "/swap")) or "none"

    def _call(self, client: Client, request: Any, patience_s: float) -> Any:
        future = client.call_async(request)
        if not self._wait(future.done, patience_s):
            raise InputError(f"{self._name} did not answer {client.srv_name} within {patience_s:g} s")
        return future.result()

    def _wait(self, ready: Callable[[], bool], patience_s: float | None = None) -> bool:
        end = time.monotonic() + (patience_s or self._patience_s)
        while not ready():
            if time.monotonic() > end:
                return False
            self._executor.spin_once(timeout_sec=0.05)
        return True


def _say(**line: object) -> None:
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
