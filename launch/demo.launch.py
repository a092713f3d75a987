"""Start a camera of rendered scenes, and one process with a model for each of six tasks, all from the package.

Look at it with `rviz2 -d config/perception.rviz`. The truth is on `truth/...`.
"""

from dataclasses import fields, replace

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from deep_perception.config import PerceptionConfig, SceneCameraConfig
from deep_perception.ros.demo_programs import CAMERA, PERCEPTION, Program
from deep_perception.ros.transport import roomy

OF_CAMERA = {item.name: item for item in fields(SceneCameraConfig) if item.name != "frame_id"}
OF_NODES = {item.name: item for item in fields(PerceptionConfig) if item.name in ("device", "score_threshold")}
DESCRIPTIONS = {
    **{name: item.metadata["doc"] for name, item in (OF_CAMERA | OF_NODES).items()},
    "namespace": "Namespace of the nodes and of their topics.",
}


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the nodes."""
    arguments = [
        DeclareLaunchArgument(name, default_value=_default(name), description=description)
        for name, description in DESCRIPTIONS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=nodes)])


def nodes(context: LaunchContext) -> list[Node]:
    """Build the nodes from the arguments."""
    return [_node(context, CAMERA, OF_CAMERA), _node(context, PERCEPTION, OF_NODES)]


def _node(context: LaunchContext, program: Program, settings: dict) -> Node:
    given = context.launch_configurations
    values = {name: _read(name, given[name], item.default) for name, item in settings.items()}
    return Node(
        package="deep_perception",
        executable=program.executable,
        namespace=given["namespace"],
        ros_arguments=replace(program, parameters={**program.parameters, **values}).ros_arguments(),
        additional_env=roomy(context.environment),
        output="both",
        emulate_tty=True,
    )


def _default(name: str) -> str:
    settings = OF_CAMERA | OF_NODES
    return str(settings[name].default) if name in settings else ""


def _read(name: str, text: str, default: object) -> object:
    try:
        return type(default)(text)
    except ValueError as err:
        raise ValueError(f"{name}: got '{text}', expected a {type(default).__name__}") from err
