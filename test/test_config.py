"""Settings say what they are, and whatever is written about them agrees with them."""

from dataclasses import MISSING, fields
from pathlib import Path

import pytest
import yaml

from deep_perception.config import PerceptionConfig, Range, Selection, check_names
from deep_perception.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = ROOT / "config" / "perception.yaml"


def plain(value):
    return list(value) if isinstance(value, tuple) else value


def test_every_key_of_the_parameters_file_is_a_parameter_with_its_real_default():
    written = yaml.safe_load(PARAMETERS.read_text())["/**"]["ros__parameters"]
    assert written == {item.name: plain(item.default) for item in fields(PerceptionConfig)}


def test_every_line_of_the_parameters_file_ends_in_the_sentence_about_it():
    lines = PARAMETERS.read_text().splitlines()
    for item in fields(PerceptionConfig):
        [line] = [line for line in lines if line.strip().startswith(f"{item.name}:")]
        assert line.endswith(f"# {item.metadata['doc']}")


def test_every_field_has_a_default_and_a_sentence():
    for item in fields(PerceptionConfig):
        assert item.default is not MISSING
        assert item.metadata["doc"].endswith(".")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"score_threshold": -0.1}, "score_threshold: got -0.1, expected 0 to 1"),
        ({"score_threshold": float("nan")}, "score_threshold: got nan, expected a finite number"),
        ({"score_threshold": "high"}, "score_threshold: got 'high' .str., expected float"),
        ({"max_detections": 2.5}, "max_detections: got 2.5 .float., expected int"),
        ({"classes": (1, 2)}, "classes: got .1, 2. .tuple., expected a list of texts"),
        ({"precision": "float31"}, "precision: unknown choice 'float31'. Nearest: float32"),
        ({"autostart": 1}, "autostart: got 1 .int., expected bool"),
        ({"cameras": ("front cam",)}, "cameras: got 'front cam', expected letters"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(wrong, says):
    with pytest.raises(ConfigError, match=says):
        PerceptionConfig(**wrong)


def test_a_whole_number_will_do_for_a_fraction():
    assert PerceptionConfig(score_threshold=1).score_threshold == 1


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="unknown parameter 'scorethreshold'. Nearest: score_threshold"):
        check_names(Selection, ["top_k", "scorethreshold"])


def test_a_range_holds_both_its_ends():
    assert 0 in Range(0, 1)
    assert 1 in Range(0, 1)
    assert 1.01 not in Range(0, 1)


@pytest.mark.parametrize("factor", [1, 6])
def test_a_render_factor_too_small_for_the_network_is_refused(factor):
    with pytest.raises(ConfigError, match=f"render_factor: got {factor}, expected 0 or 7 to 64"):
        Selection(render_factor=factor)
