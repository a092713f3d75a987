"""The collector's settings, its parameters file and its launch file agree."""

import ast
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
import yaml

from deep_perception.collector_config import CollectorConfig
from deep_perception.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = ROOT / "config" / "collector.yaml"
LAUNCH_FILE = ROOT / "launch" / "collector.launch.py"


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
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "OFFERED"
    )
    assert set(ast.literal_eval(texts)) <= {item.name for item in fields(CollectorConfig)}
