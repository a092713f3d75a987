"""Score a model as it runs: play a recording, let perception_node answer, record that, and evaluate the recording.

    ros2 launch deep_perception evaluate_live.launch.py bag:=drive truth:=/truth/detections out:=live

`out` then holds the recording and the report. --show-args lists the arguments.
"""

import signal
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.events import matches_action
from launch.events.process import ProcessExited, SignalProcess
from launch_ros.actions import Node

from deep_perception.bag_config import PlayConfig
from deep_perception.config import PerceptionConfig
from deep_perception.data.recordings import Recording, image_topic
from deep_perception.ros.transport import roomy

SETTINGS = {item.name: item for item in fields(PerceptionConfig)}
OFFERED = ("model", "weights", "device", "score_threshold")
COMPRESSED = "/compressed"
DESCRIPTIONS = {
    "bag": "Recording to play.",
    "out": "Folder for the new recording and the report, which must not hold them yet.",
    "truth": "What is true, as evaluate takes it: a topic of the recording, a file, or the folder of a data set.",
    "truth_label": "Class of the boxes of a truth that names none.",
    "image": "Topic with the pictures; without it the only one that the recording holds.",
    "topic": "Topic of the answers that are scored.",
    "rate": "How many times faster than it was recorded it is played; ages of answers are true at 1.",
    **{name: SETTINGS[name].metadata["doc"] for name in OFFERED},
    "params_file": "Parameters of the node. An argument that is given goes before its line in the file.",
}
DEFAULTS = {
    "bag": None,
    "out": None,
    "topic": "detections",
    "rate": "1.0",
    "params_file": str(Path(__file__).absolute().parents[1] / "config" / "perception.yaml"),
}
CLOCK_HZ, DELAY_S, LAST_ANSWERS_S = "100", "2", 3.0


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start what they ask for."""
    arguments = [
        DeclareLaunchArgument(name, default_value=DEFAULTS.get(name, ""), description=description)
        for name, description in DESCRIPTIONS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=evaluation)])


def evaluation(context: LaunchContext) -> list[Action]:
    """Start recorder, node, and player, which waits for the node; at the end of all the verdict."""
    given = {name: text for name, text in context.launch_configurations.items() if name in DESCRIPTIONS and text}
    out, recording = new(Path(given["out"])), Recording(Path(given["bag"]))
    pictures = image_topic(recording, given.get("image"), option="image:=")
    truth = truth_topics(given, recording)
    recorder = verb(
        context, "record", pictures, *truth, *answers(given), "--use-sim-time", "--out", str(out / "recording")
    )
    player = verb(context, "play", *playing(given), "--topics", ",".join([pictures, *truth]))
    verdict = verb(context, "evaluate", str(out / "recording"), *judging(given, pictures), "--out", str(out / "report"))
    node = perception(context, given, pictures)
    stops = [stop(process) for process in (recorder, node)]
    return [
        after(player, TimerAction(period=LAST_ANSWERS_S, actions=stops)),
        after(recorder, verdict),
        after(verdict, Shutdown(reason="evaluated")),
        after(node),
        recorder,
        node,
        player,
    ]


def stop(process: ExecuteProcess) -> EmitEvent:
    """Return what Ctrl-C would do to this process alone."""
    return EmitEvent(event=SignalProcess(signal_number=signal.SIGINT, process_matcher=matches_action(process)))


def after(process: ExecuteProcess, action: Action | None = None) -> RegisterEventHandler:
    """Do this when a process has ended well; end everything where it has not."""

    def ended(event: ProcessExited, context: LaunchContext) -> Action | None:
        if context.is_shutdown:
            return None
        if event.returncode:
            raise RuntimeError(f"{event.process_name} ended with code {event.returncode}, see above")
        return action

    return RegisterEventHandler(OnProcessExit(target_action=process, on_exit=ended))


def verb(context: LaunchContext, *words: str) -> ExecuteProcess:
    """Return a call of the command line."""
    command = [sys.executable, "-m", "deep_perception", *words]
    return ExecuteProcess(cmd=command, name=words[0], additional_env=roomy(context.environment), output="both")


def perception(context: LaunchContext, given: Mapping[str, str], pictures: str) -> Node:
    """Return the node, reading the recording's time."""
    values = {name: read(name, given[name], SETTINGS[name].default) for name in OFFERED if name in given}
    transport = "compressed" if pictures.endswith(COMPRESSED) else "raw"
    return Node(
        package="deep_perception",
        executable="perception_node",
        name="perception",
        parameters=[given["params_file"], {**values, "image_transport": transport, "use_sim_time": True}],
        remappings=[("image", pictures.removesuffix(COMPRESSED))],
        additional_env=roomy(context.environment),
        output="both",
        emulate_tty=True,
    )


def read(name: str, text: str, default: object) -> object:
    """Turn the text of an argument into a value of the default's type."""
    try:
        return type(default)(text)
    except ValueError as err:
        raise ValueError(f"{name}: got '{text}', expected a {type(default).__name__}") from err


def new(out: Path) -> Path:
    """Return the folder; raise where it holds what is to come already, which would be refused only at the end."""
    for name in ("recording", "report"):
        if (out / name).exists():
            raise FileExistsError(f"out: {out / name} is there already, expected a new folder")
    return out


def truth_topics(given: Mapping[str, str], recording: Recording) -> list[str]:
    """Return the topic that holds the truth, if one does; raise where there is no such truth."""
    said = given.get("truth", "")
    topics = [topic.name for topic in recording.topics if topic.name == f"/{said.lstrip('/')}"]
    if said and not topics and not Path(said).exists():
        raise FileNotFoundError(f"truth: got '{said}', expected a topic of {recording.path}, a file or a folder")
    return topics


def answers(given: Mapping[str, str]) -> list[str]:
    """Return what the node publishes that the verdict needs."""
    return [given["topic"], "label_info"]


def playing(given: Mapping[str, str]) -> list[str]:
    """Return how to play."""
    PlayConfig(rate=read("rate", given["rate"], 1.0))  # refuses it now rather than when the model is loaded
    return [
        given["bag"],
        "--rate",
        given["rate"],
        "--clock",
        CLOCK_HZ,
        "--wait-for",
        given["topic"],
        "--delay",
        DELAY_S,
    ]


def judging(given: Mapping[str, str], pictures: str) -> list[str]:
    """Return what to judge by."""
    names = {"truth": "--truth", "truth_label": "--truth-label"}
    known = [word for name, option in names.items() if name in given for word in (option, given[name])]
    return ["--topic", given["topic"], "--image", pictures, *known]
