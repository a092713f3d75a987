"""Start collector_node; --show-args lists the arguments.

    ros2 launch deep_perception collector.launch.py dataset_dir:=~/collected image:=/camera/image_raw

Only an argument that is given becomes a parameter; everything else stays as the parameters file has it.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from deep_perception.collector_config import CollectorConfig
from deep_perception.ros.launching import declared, existing, given_in, parameters, process

OFFERED = ("dataset_dir", "novelty", "autostart")
PARAMS_FILE = Path(__file__).absolute().parents[1] / "config" / "collector.yaml"
ARGUMENTS = declared(CollectorConfig, OFFERED, {}, PARAMS_FILE)


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the node."""
    arguments = [DeclareLaunchArgument(**words) for words in ARGUMENTS]
    return LaunchDescription([*arguments, OpaqueFunction(function=collector)])


def collector(context: LaunchContext) -> list[Node]:
    """Build the node from the arguments that were given."""
    given = given_in(context.launch_configurations, ARGUMENTS)
    return [
        Node(
            executable="collector_node",
            name="collector",
            parameters=[existing("params_file", given, "parameters"), parameters(given, CollectorConfig)],
            **process(given, context.environment),
        )
    ]
