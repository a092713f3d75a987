"""The programs of the demo: the right models, and an end that is explained."""

import time

import pytest

from deep_perception.errors import DeepPerceptionError
from deep_perception.models import find
from deep_perception.models.shipped import SHIPPED
from deep_perception.ros.demo_programs import MODELS, PERCEPTION, Program, Running
from deep_perception.tasks import TASKS, task_of


def test_the_demo_runs_the_models_that_come_with_the_package_one_for_each_task():
    assert sorted(MODELS.values()) == sorted((row.model, row.name) for row in SHIPPED)
    assert {find(model).task for model, _ in MODELS.values()} == set(TASKS) - {"proposals"}
    assert all(find(model).task == task_of(node) for node, (model, _) in MODELS.items())


def test_each_node_is_told_its_own_network_and_weights():
    for node, (model, weights) in MODELS.items():
        assert PERCEPTION.parameters[f"{node}:model"] == model
        assert PERCEPTION.parameters[f"{node}:weights"] == weights


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
