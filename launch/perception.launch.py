"""Start perception_node, or with tasks or setup a perception_container; --show-args lists the arguments.

    ros2 launch deep_perception perception.launch.py
    ros2 launch deep_perception perception.launch.py tasks:=detector,segmenter,colorizer
    ros2 launch deep_perception perception.launch.py setup:=robot.yaml

Only an argument that is given becomes a parameter; everything else stays as the parameters file has it.
"""

from collections.abc import Mapping
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from deep_perception.config import PerceptionConfig
from deep_perception.ros.launching import declared, existing, given_in, parameters, process, split
from deep_perception.tasks import TASKS, task_of

OFFERED = ("model", "weights", "device", "score_threshold", "autostart")
WORKERS = ", ".join(task.worker for task in TASKS.values())
SEVERAL = {
    "tasks": f"Several models in one process: what to do with each picture, separated by commas; of {WORKERS}.",
    "setup": "Several models in one process: a YAML file that lists them, and those that look at each camera.",
}
PARAMS_FILE = Path(__file__).absolute().parents[1] / "config" / "perception.yaml"
ARGUMENTS = declared(PerceptionConfig, OFFERED, SEVERAL, PARAMS_FILE)
OF_ONE_MODEL = ("model", "weights")
IN_THE_SETUP = ("cameras", "image", "compressed")


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the node."""
    arguments = [DeclareLaunchArgument(**words) for words in ARGUMENTS]
    return LaunchDescription([*arguments, OpaqueFunction(function=perception)])


def perception(context: LaunchContext) -> list[Node]:
    """Build the node or the container from the arguments that were given."""
    given = given_in(context.launch_configurations, ARGUMENTS)
    several = several_models(given)
    # The nodes of a container have names of their own.
    name = {} if several else {"name": "perception"}
    return [
        Node(
            executable="perception_container" if several else "perception_node",
            parameters=[
                existing("params_file", given, "parameters"),
                {**parameters(given, PerceptionConfig), **several},
            ],
            **name,
            **process(given, context.environment),
        )
    ]


def several_models(given: Mapping[str, str]) -> dict[str, object]:
    """Return the parameters that ask for several models in one process; none for a single node."""
    wanted: dict[str, object] = {}
    if "tasks" in given:
        wanted["tasks"] = [TASKS[task_of(name)].worker for name in split(given["tasks"])]
    if "setup" in given:
        wanted["setup"] = str(Path(existing("setup", given, "setup")).resolve())
    refused = [*(IN_THE_SETUP if "setup" in given else ()), *(OF_ONE_MODEL if wanted else ())]
    for name in refused:
        if name in given:
            raise ValueError(f"{name}: got '{given[name]}' beside {' and '.join(wanted)}. Write it into the setup")
    return wanted
