"""The programs of the demo: the right models, and an end that is explained."""

import time

import pytest

from deep_perception.errors import DeepPerceptionError
from deep_perception.models.shipped import SHIPPED
from deep_perception.ros.demo_programs import CLASSIFIER, DETECTOR, Program, Running, programs


def test_the_demo_runs_the_models_that_come_with_the_package():
    ran = [(one.parameters["model"], one.parameters["weights"]) for one in (DETECTOR, CLASSIFIER)]
    assert ran == [(row.model, row.name) for row in SHIPPED]


def test_no_two_programs_have_a_name_or_a_result_topic_in_common():
    assert len({program.name for program in programs()}) == 3
    shared = {"image_annotated", "label_info", "vision_info"}
    assert set(CLASSIFIER.remappings) == shared
    assert not shared & set(CLASSIFIER.remappings.values())


def test_a_program_that_dies_is_named_with_its_last_lines(tmp_path):
    nodes = Running([Program("perception_node", "detector", {"model": "resnet5"})], tmp_path)
    for process in nodes._processes.values():
        process.wait(60)
    with pytest.raises(DeepPerceptionError, match="detector ended with code 1") as caught:
        nodes.check()
    assert "Last lines of detector:" in str(caught.value)
    assert "unknown model 'resnet5'. Nearest:" in str(caught.value)


def test_a_program_that_hangs_is_ended_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("deep_perception.ros.demo_programs.PATIENCE_S", 0.2)
    deaf = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    monkeypatch.setattr(Program, "command", lambda self: ["python3", "-c", deaf])
    nodes = Running([Program("perception_node", "deaf", {})], tmp_path)
    deadline = time.monotonic() + 20
    while "deaf\n" not in (tmp_path / "deaf.txt").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    nodes.end()
    with pytest.raises(DeepPerceptionError, match="deaf was killed by signal 9"):
        nodes.check()
