"""Start collector_node; --show-args lists the arguments.

    ros2 launch deep_perception collector.launch.py dataset_dir:=~/collected image:=/camera/image_raw

Only an argument that is given becomes a parameter; everything else stays as the parameters file has it.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from deep_perception.collector_config import CollectorConfig
from deep_perception.ros.transport import roomy

SETTINGS = {item.name: item for item in fields(CollectorConfig)}
TEXTS = ("dataset_dir", "novelty")
SWITCHES = ("autostart", "use_sim_time")
DESCRIPTIONS = {
    **{name: SETTINGS[name].metadata["doc"] for name in (*TEXTS, "autostart")},
    "cameras": "Names of several cameras, separated by commas (front,rear); each is read on <camera>/image.",
    "image": "Topic to read in place of image; with cameras: in place of the image below each name.",
    "compressed": "true reads CompressedImage on <image>/compressed, false reads Image.",
    "namespace": "Namespace of the node and of its topics.",
    "use_sim_time": "true takes the time from /clock, as with a bag or a simulator.",
    "params_file": "Parameters of the node. An argument that is given goes before its line in the file.",
    "log_level": "Least severe message to show.",
}
DEFAULTS = {
    "params_file": str(Path(__file__).absolute().parents[1] / "config" / "collector.yaml"),
    "log_level": "info",
}
CHOICES = {"log_level": ["debug", "info", "warn", "error", "fatal"]}


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the node."""
    arguments = [
        DeclareLaunchArgument(
            name, default_value=DEFAULTS.get(name, ""), description=description, choices=CHOICES.get(name)
        )
        for name, description in DESCRIPTIONS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=collector)])


def collector(context: LaunchContext) -> list[Node]:
    """Build the node from the arguments that were given."""
    given = {name: text for name, text in context.launch_configurations.items() if name in DESCRIPTIONS and text}
    if not Path(given["params_file"]).is_file():  # launch_ros would go on without it
        raise FileNotFoundError(f"params_file: got '{given['params_file']}', expected the path of a parameters file")
    return [
        Node(
            package="deep_perception",
            executable="collector_node",
            name="collector",
            namespace=given.get("namespace", ""),
            parameters=[given["params_file"], parameters(given)],
            remappings=remappings(given),
            ros_arguments=["--log-level", given["log_level"]],
            additional_env=roomy(context.environment),
            output="both",
            emulate_tty=True,
        )
    ]


def parameters(given: Mapping[str, str]) -> dict[str, object]:
    """Return the parameters that the given arguments stand for."""
    values: dict[str, object] = {name: given[name] for name in TEXTS if name in given}
    values |= {name: switch(name, given[name]) for name in SWITCHES if name in given}
    if "compressed" in given:
        values["image_transport"] = "compressed" if switch("compressed", given["compressed"]) else "raw"
    if "cameras" in given:
        values["cameras"] = split(given["cameras"])
    return values


def switch(name: str, text: str) -> bool:
    """Read true or false."""
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{name}: got '{text}', expected true or false")
    return text.lower() == "true"


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
