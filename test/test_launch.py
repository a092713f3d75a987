"""The launch files, run by the real launch system around an executable that reports what it was started with."""

import ast
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from deep_perception.collector_config import CollectorConfig
from deep_perception.config import PerceptionConfig
from deep_perception.predictions import Picture
from deep_perception.tasks import TASKS

ROOT = Path(__file__).parents[1]
LAUNCH_FILES = {name: ROOT / "launch" / f"{name}.launch.py" for name in ("perception", "collector")}
RVIZ_FILE = ROOT / "config" / "perception.rviz"
TRANSPORT = "FASTDDS_BUILTIN_TRANSPORTS"
PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE"

REPORT = f"""#!{sys.executable}
import json, os, sys, rclpy
from rclpy.node import Node
rclpy.init()
node = Node("unnamed", automatically_declare_parameters_from_overrides=True)
values = {{name: parameter.value for name, parameter in node._parameters.items()}}
topics = [node.resolve_topic_name(topic) for topic in ("image", "front/image", "detections")]
seen = {{
    "program": os.path.basename(sys.argv[0]),
    "name": node.get_fully_qualified_name(),
    "parameters": {{name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}},
    "topics": topics,
    "transport": os.environ.get("{PROFILE}"),
}}
with open(os.environ["REPORT_TO"], "w") as file:
    json.dump(seen, file)
"""

Launched = Callable[..., subprocess.CompletedProcess[str]]
Started = Callable[..., dict[str, Any]]


def require_launch() -> None:
    """Skip where the launch system is missing; the folder `launch` here would pass for a package of that name."""
    for module in ("launch.actions", "launch_ros.actions", "ros2launch.api"):
        pytest.importorskip(module, reason=f"{module} cannot be imported: it comes with an installed ROS 2")


@pytest.fixture
def ros2_launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Launched:
    """Run `ros2 launch` on a launch file with these arguments, REPORT taking the place of what it starts."""
    require_launch()
    install_reporter(tmp_path, monkeypatch)

    def run(file: str = "perception", **arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["ros2", "launch", str(LAUNCH_FILES[file]), *(f"{name}:={text}" for name, text in arguments.items())]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

    return run


@pytest.fixture
def start(ros2_launch: Launched, tmp_path: Path) -> Started:
    """Launch with these arguments; return the node's name, parameters, topics and transport."""
    report = tmp_path / "report.json"

    def run(file: str = "perception", **arguments: str) -> dict[str, Any]:
        report.unlink(missing_ok=True)
        ended = ros2_launch(file, **arguments)
        assert ended.returncode == 0, ended.stdout
        assert report.exists(), ended.stdout
        seen: dict[str, Any] = json.loads(report.read_text())
        return seen

    return run


def install_reporter(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put REPORT where ROS looks for the programs."""
    index = prefix / "share" / "ament_index" / "resource_index" / "packages"
    executables = prefix / "lib" / "deep_perception"
    for folder in (index, executables):
        folder.mkdir(parents=True)
    (index / "deep_perception").touch()
    for name in ("perception_node", "perception_container", "collector_node"):
        (executables / name).write_text(REPORT)
        (executables / name).chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(prefix), prepend=":")
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=":")
    monkeypatch.setenv("ROS_LOG_DIR", str(prefix / "log"))
    monkeypatch.setenv("REPORT_TO", str(prefix / "report.json"))
    for variable in (TRANSPORT, PROFILE, "FASTDDS_DEFAULT_PROFILES_FILE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def params_file(tmp_path: Path) -> str:
    """A parameters file of a user."""
    path = tmp_path / "mine.yaml"
    path.write_text("/**: {ros__parameters: {model: from_file, score_threshold: 0.25}}")
    return str(path)


OF_BOTH = {"autostart", "cameras", "compressed", "image", "log_level", "namespace", "params_file", "use_sim_time"}
DOCUMENTED = {
    "perception": {"model", "weights", "device", "score_threshold", "tasks", "setup"} | OF_BOTH,
    "collector": {"dataset_dir", "novelty"} | OF_BOTH,
}


@pytest.mark.parametrize("file", LAUNCH_FILES)
def test_every_documented_argument_is_declared_and_described(file: str) -> None:
    require_launch()
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    description = get_launch_description_from_python_launch_file(str(LAUNCH_FILES[file]))
    declared = {argument.name: argument.description for argument in description.get_launch_arguments()}
    assert set(declared) == DOCUMENTED[file]
    assert "no description given" not in declared.values()
    assert all(declared.values())


@pytest.mark.parametrize(("file", "settings"), [("perception", PerceptionConfig), ("collector", CollectorConfig)])
def test_a_launch_file_fits_the_package_even_where_launch_is_missing(file: str, settings: type) -> None:
    pytest.importorskip("rclpy", reason="rclpy is not installed")
    body = ast.parse(LAUNCH_FILES[file].read_text()).body
    imports = [node for node in body if isinstance(node, ast.ImportFrom) and "deep_perception" in str(node.module)]
    assert imports
    for node in imports:
        module = importlib.import_module(str(node.module))
        assert all(hasattr(module, alias.name) for alias in node.names)
    (offered,) = (
        node.value for node in body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "OFFERED"
    )
    assert set(ast.literal_eval(offered)) <= {item.name for item in fields(settings)}


def test_what_is_not_given_stays_as_the_parameters_file_has_it(start: Started, params_file: str) -> None:
    seen = start(params_file=params_file)
    ours = {name: value for name, value in seen["parameters"].items() if name in ("model", "score_threshold")}
    assert ours == {"model": "from_file", "score_threshold": 0.25}
    assert not {"weights", "device", "cameras", "autostart", "image_transport"} & set(seen["parameters"])
    assert seen["parameters"]["use_sim_time"] is False
    assert (seen["program"], seen["name"]) == ("perception_node", "/perception")
    assert seen["topics"] == ["/image", "/front/image", "/detections"]


def test_what_is_given_becomes_a_parameter_of_the_right_type(start: Started, params_file: str) -> None:
    given = {"model": "123", "weights": "true", "device": "cpu", "score_threshold": "1", "autostart": "False"}
    seen = start(params_file=params_file, compressed="true", use_sim_time="true", cameras="front, 2", **given)
    expected = {"model": "123", "weights": "true", "device": "cpu", "score_threshold": 1.0, "autostart": False}
    expected |= {"image_transport": "compressed", "use_sim_time": True, "cameras": ["front", "2"]}
    got = {name: seen["parameters"][name] for name in expected}
    assert {name: (value, type(value)) for name, value in got.items()} == {
        name: (value, type(value)) for name, value in expected.items()
    }


def test_the_collector_is_started_with_what_is_given_and_nothing_else(start: Started, tmp_path: Path) -> None:
    params_file = tmp_path / "collecting.yaml"
    params_file.write_text("/**: {ros__parameters: {every_s: 7.0, novelty: none}}")
    given = {"dataset_dir": "123", "cameras": "front", "image": "image_raw", "autostart": "false"}
    seen = start("collector", params_file=str(params_file), namespace="robot1", **given)
    ours = {name: seen["parameters"][name] for name in ("dataset_dir", "cameras", "autostart", "every_s", "novelty")}
    assert ours == {"dataset_dir": "123", "cameras": ["front"], "autostart": False, "every_s": 7.0, "novelty": "none"}
    assert (seen["program"], seen["name"]) == ("collector_node", "/robot1/collector")
    assert seen["topics"][1] == "/robot1/front/image_raw"
    assert "image_transport" not in seen["parameters"]


def test_a_namespace_moves_the_node_and_keeps_the_parameters(start: Started, params_file: str) -> None:
    seen = start(params_file=params_file, namespace="robot1", image="/camera/image_raw")
    assert seen["name"] == "/robot1/perception"
    assert seen["parameters"]["model"] == "from_file"
    assert seen["topics"] == ["/camera/image_raw", "/robot1/front/image", "/robot1/detections"]


def test_image_names_the_topic_below_each_camera(start: Started, params_file: str) -> None:
    seen = start(params_file=params_file, cameras="rear,front", image="image_raw")
    assert seen["topics"][:2] == ["/image", "/front/image_raw"]


def test_pictures_get_room_unless_the_user_has_chosen_a_transport(
    start: Started, params_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start(params_file=params_file)["transport"].endswith("roomy_transport.xml")
    monkeypatch.setenv(TRANSPORT, "UDPv4")
    assert start(params_file=params_file)["transport"] is None
    monkeypatch.delenv(TRANSPORT)
    monkeypatch.setenv(PROFILE, "mine.xml")
    assert start(params_file=params_file)["transport"] == "mine.xml"


def test_tasks_start_a_container_whose_nodes_keep_their_names(start: Started, params_file: str) -> None:
    given = {"tasks": "detector, semantic_segmentation,colorizer", "device": "cpu", "image": "/camera/image_raw"}
    seen = start(params_file=params_file, namespace="robot1", **given)
    assert (seen["program"], seen["name"]) == ("perception_container", "/robot1/unnamed"), "not renamed"
    assert seen["parameters"]["tasks"] == ["detector", "segmenter", "colorizer"]
    assert (seen["parameters"]["device"], seen["parameters"]["model"]) == ("cpu", "from_file")
    assert "setup" not in seen["parameters"]
    assert seen["topics"][0] == "/camera/image_raw"


def test_a_setup_starts_a_container_wherever_its_file_is(start: Started, params_file: str) -> None:
    setup = Path(params_file).with_name("robot.yaml")
    setup.write_text("models: {detector: }")
    seen = start(params_file=params_file, setup=os.path.relpath(setup))
    assert seen["program"] == "perception_container"
    assert seen["parameters"]["setup"] == str(setup)
    assert "tasks" not in seen["parameters"]


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ({"score_threshold": "high"}, "score_threshold: got 'high', expected a float"),
        ({"autostart": "maybe"}, "autostart: got 'maybe', expected true or false"),
        ({"params_file": "missing.yaml"}, "params_file: got 'missing.yaml', expected the path of a parameters file"),
        ({"log_level": "loud"}, "loud"),
        ({"tasks": "detektor"}, "unknown task 'detektor'. Nearest: detector"),
        ({"setup": "missing.yaml"}, "setup: got 'missing.yaml', expected the path of a setup file"),
        ({"tasks": "detector", "weights": "a.pth"}, "weights: got 'a.pth' beside tasks. Write it into the setup"),
        ({"setup": __file__, "image": "/camera"}, "image: got '/camera' beside setup. Write it into the setup"),
    ],
)
def test_a_wrong_argument_starts_nothing_and_is_named(
    ros2_launch: Launched, params_file: str, argument: dict[str, str], complaint: str
) -> None:
    ended = ros2_launch(**{"params_file": params_file, **argument})
    assert ended.returncode == 1
    assert complaint in ended.stdout
    assert "process started" not in ended.stdout


@pytest.mark.parametrize("file", LAUNCH_FILES)
def test_the_shipped_parameters_hold_in_any_namespace(file: str) -> None:
    assert list(yaml.safe_load((ROOT / "config" / f"{file}.yaml").read_text())) == ["/**"]


def image_displays() -> dict[str, dict[str, Any]]:
    """Return the topic settings of the picture displays in the rviz file by their name."""
    displays = yaml.safe_load(RVIZ_FILE.read_text())["Visualization Manager"]["Displays"]
    return {item["Name"]: item["Topic"] for item in displays if item["Class"] == "rviz_default_plugins/Image"}


def published_pictures() -> set[str]:
    """Return the topics of pictures of a node alone, and of the demo's container, which has every task but one."""
    pytest.importorskip("rclpy", reason="rclpy is not installed")
    config = importlib.import_module("deep_perception.config")
    posts = importlib.import_module("deep_perception.ros.posts").posts
    answers = importlib.import_module("deep_perception.ros.messages").ANSWERS
    workers = {task.worker: name for name, task in TASKS.items() if name != "proposals"}
    topics = {"/image_annotated"}
    for post in posts(config.ContainerConfig(tasks=tuple(workers)), {}):
        outputs = [output.topic for output in answers[workers[post.name]] if output.message.__name__ == "Image"]
        # What is a picture itself is not drawn once more.
        drawn = [] if TASKS[workers[post.name]].prediction is Picture else ["image_annotated"]
        topics |= {f"/{post.topic('', topic)}" for topic in (*outputs, *drawn)}
    return topics


def test_rviz_subscribes_as_the_publishers_offer() -> None:
    topics = {topic["Value"]: topic["Reliability Policy"] for topic in image_displays().values()}
    assert {topic for topic, policy in topics.items() if policy == "Best Effort"} == {"/image"}
    assert {topic for topic, policy in topics.items() if policy == "Reliable"} == published_pictures()
    for topic in image_displays().values():
        assert (topic["History Policy"], topic["Depth"], topic["Durability Policy"]) == ("Keep Last", 1, "Volatile")


def test_every_picture_has_a_visible_place_in_the_rviz_window() -> None:
    window = yaml.safe_load(RVIZ_FILE.read_text())["Window Geometry"]
    layout = bytes.fromhex(window["QMainWindow State"])
    for name in image_displays():
        assert name.encode("utf-16-be") in layout
        assert window[name] == {"collapsed": False}
    assert not window["Hide Left Dock"]
    assert not window["Hide Right Dock"]
