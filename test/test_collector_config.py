"""The collector's settings, its parameters file and its launch file agree."""

import ast
import importlib.util
from dataclasses import MISSING, fields
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from deep_perception.collector_config import CollectorConfig
from deep_perception.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = ROOT / "config" / "collector.yaml"
LAUNCH_FILE = ROOT / "launch" / "collector.launch.py"


@pytest.fixture
def launch_file() -> ModuleType:
    """The launch file, where there is a launch system to import it."""
    for module in ("launch.actions", "launch_ros.actions"):
        pytest.importorskip(module, reason=f"{module} cannot be imported: it comes with an installed ROS 2")
    spec = importlib.util.spec_from_file_location("collector_launch", LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(value):
    return list(value) if isinstance(value, tuple) else value


def test_every_key_of_the_parameters_file_is_a_parameter_with_its_real_default():
    written = yaml.safe_load(PARAMETERS.read_text())["/**"]["ros__parameters"]
    assert written == {item.name: plain(item.default) for item in fields(CollectorConfig)}


def test_every_line_of_the_parameters_file_ends_in_the_sentence_about_it():
    lines = PARAMETERS.read_text().splitlines()
    for item in fields(CollectorConfig):
        [line] = [line for line in lines if line.strip().startswith(f"{item.name}:")]
        assert line.endswith(f"# {item.metadata['doc']}")


def test_every_field_has_a_default_and_a_sentence():
    for item in fields(CollectorConfig):
        assert item.default is not MISSING
        assert item.metadata["doc"].endswith(".")


def test_a_wrong_value_is_refused_with_what_was_expected():
    with pytest.raises(ConfigError, match="image_format: unknown choice 'gif'"):
        CollectorConfig(image_format="gif")
    with pytest.raises(ConfigError, match="cameras: got 'front cam', expected letters"):
        CollectorConfig(cameras=("front cam",))


def test_the_launch_file_offers_settings_that_there_are_even_where_launch_is_missing():
    [texts] = (
        node.value
        for node in ast.parse(LAUNCH_FILE.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TEXTS"
    )
    assert set(ast.literal_eval(texts)) <= {item.name for item in fields(CollectorConfig)}


def test_arguments_of_the_launch_file_become_parameters_of_the_right_type(launch_file):
    given = {"dataset_dir": "/data", "compressed": "True", "autostart": "false", "cameras": "front, rear"}
    values = launch_file.parameters(given)
    assert values == {
        "dataset_dir": "/data",
        "image_transport": "compressed",
        "autostart": False,
        "cameras": ["front", "rear"],
    }
    CollectorConfig(**{**values, "cameras": tuple(values["cameras"])})
    with pytest.raises(ValueError, match="autostart: got 'maybe', expected true or false"):
        launch_file.parameters({"autostart": "maybe"})


def test_the_launch_file_remaps_the_image_of_one_camera_or_of_each(launch_file):
    assert launch_file.remappings({}) == []
    assert launch_file.remappings({"image": "/eye"}) == [("image", "/eye")]
    both = launch_file.remappings({"image": "image_raw", "cameras": "a,b"})
    assert both == [("a/image", "a/image_raw"), ("b/image", "b/image_raw")]
