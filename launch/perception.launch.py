"""Start perception_node, or with tasks or setup a perception_container; --show-args lists the arguments.

    ros2 launch deep_perception perception.launch.py
    ros2 launch deep_perception perception.launch.py tasks:=detector,segmenter,colorizer
    ros2 launch deep_perception perception.launch.py setup:=robot.yaml

Only an argument that is given becomes a parameter; everything else stays as the parameters file has it.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from deep_perception.config import PerceptionConfig
from deep_perception.ros.transport import roomy
from deep_perception.tasks import TASKS, task_of

SETTINGS = {item.name: item for item in fields(PerceptionConfig)}
OFFERED = ("model", "weights", "device", "score_threshold", "autostart", "cameras")
WORKERS = ", ".join(task.worker for task in TASKS.values())
DESCRIPTIONS = {
    **{name: SETTINGS[name].metadata["doc"] for name in OFFERED},
    "tasks": f"Several models in one process: what to do with each picture, separated by commas; of {WORKERS}.",
    "setup": "Several models in one process: a YAML file that lists them, and those that look at each camera.",
    "cameras": "Names of several cameras, separated by commas (front,rear); each is read on <camera>/image.",
    "image": "Topic to read in place of image; with cameras: in place of the image below each name.",
    "compressed": "true reads CompressedImage on <image>/compressed, false reads Image.",
    "namespace": "Namespace of the nodes and of their topics.",
    "use_sim_time": "true takes the time from /clock, as with a bag or a simulator.",
    "params_file": "Parameters of the nodes. An argument that is given goes before its line in the file.",
    "log_level": "Least severe message to show.",
}
DEFAULTS = {
    "params_file": str(Path(__file__).absolute().parents[1] / "config" / "perception.yaml"),
    "log_level": "info",
}
CHOICES = {"log_level": ["debug", "info", "warn", "error", "fatal"]}
FILES = {"params_file": "parameters", "setup": "setup"}
OF_ONE_MODEL = ("model", "weights")
IN_THE_SETUP = ("cameras", "image", "compressed")


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the node."""
    arguments = [
        DeclareLaunchArgument(
            name, default_value=DEFAULTS.get(name, ""), description=description, choices=CHOICES.get(name)
        )
        for name, description in DESCRIPTIONS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=perception)])


def perception(context: LaunchContext) -> list[Node]:
    """Build the node or the container from the arguments that were given."""
    given = {name: text for name, text in context.launch_configurations.items() if name in DESCRIPTIONS and text}
    several = several_models(given)
    # The nodes of a container have names of their own.
    name = {} if several else {"name": "perception"}
    return [
        Node(
            package="deep_perception",
            executable="perception_container" if several else "perception_node",
            namespace=given.get("namespace", ""),
            parameters=[existing("params_file", given), {**parameters(given), **several}],
            remappings=remappings(given),
            ros_arguments=["--log-level", given["log_level"]],
            additional_env=roomy(context.environment),
            output="both",
            emulate_tty=True,
            **name,
        )
    ]


def several_models(given: Mapping[str, str]) -> dict[str, object]:
    """Return the parameters that ask for several models in one process; none for a single node."""
    wanted: dict[str, object] = {}
    if "tasks" in given:
        wanted["tasks"] = [TASKS[task_of(name)].worker for name in split(given["tasks"])]
    if "setup" in given:
        wanted["setup"] = str(Path(existing("setup", given)).resolve())
    refused = [*(IN_THE_SETUP if "setup" in given else ()), *(OF_ONE_MODEL if wanted else ())]
    for name in refused:
        if name in given:
            raise ValueError(f"{name}: got '{given[name]}' beside {' and '.join(wanted)}. Write it into the setup")
    return wanted


def existing(name: str, given: Mapping[str, str]) -> str:
    """Return the path of a file that an argument names; launch_ros would go on without it."""
    path = given[name]
    if not Path(path).is_file():
        raise FileNotFoundError(f"{name}: got '{path}', expected the path of a {FILES[name]} file")
    return path


def parameters(given: Mapping[str, str]) -> dict[str, object]:
    """Return the parameters that the given arguments stand for."""
    values = {name: read(name, given[name], SETTINGS[name].default) for name in OFFERED if name in given}
    if "use_sim_time" in given:
        values["use_sim_time"] = read("use_sim_time", given["use_sim_time"], False)
    if "compressed" in given:
        values["image_transport"] = "compressed" if read("compressed", given["compressed"], False) else "raw"
    return values


def read(name: str, text: str, default: object) -> object:
    """Turn the text of an argument into a value of the default's type."""
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.lower()]
        return split(text) if isinstance(default, tuple) else type(default)(text)
    except (KeyError, ValueError) as err:
        expected = "true or false" if isinstance(default, bool) else f"a {type(default).__name__}"
        raise ValueError(f"{name}: got '{text}', expected {expected}") from err


def split(text: str) -> list[str]:
    """Read names separated by commas."""
    return [name.strip() for name in text.split(",")]


def remappings(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what `image` is called here, for one camera or for each of several."""
    if "image" not in given:
        return []
    if "cameras" not in given:
        return [("image", given["image"])]
    return [(f"{camera}/image", f"{camera}/{given['image']}") for camera in split(given["cameras"])]
