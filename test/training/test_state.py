"""What a training leaves on disk, so that it can go on: whole files, one writer, and a wish to stop that is granted."""

import json
import os
import signal
from collections import Counter

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from deep_perception.config import TrainConfig
from deep_perception.data.examples import Example
from deep_perception.durable_files import aside
from deep_perception.errors import InputError, StorageError
from deep_perception.models.classifier import Classifier, Preparation
from deep_perception.predictions import Classes
from deep_perception.training.interruption import Interrupted, Interruption
from deep_perception.training.learner import DivergedError, Learner, Step
from deep_perception.training.live_view import LiveView
from deep_perception.training.run_folder import CONFIG, HISTORY, LAST, RunFolder
from deep_perception.training.state import Progress, load_state, save_state

NAMES = ("cat", "dog", "fox")
STEPS = 6


@pytest.fixture(scope="module")
def batches():
    rng = np.random.default_rng(0)
    truth = [Classes(np.array([number % 3]), np.ones(1, np.float32)) for number in range(4)]
    return [
        [Example(f"{one}", rng.integers(0, 255, (8, 8, 3), np.uint8), truth[one]) for one in range(4)]
        for _ in range(STEPS)
    ]


def learner(**settings):
    """One that has whatever may spoil a resumption: dropout, batch norm, an optimiser with a memory, an average."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(), nn.Linear(144, 3)]
    model = Classifier(nn.Sequential(*layers), name="lenet5", labels=NAMES, preparation=Preparation(8, 8))
    fabric = Fabric(accelerator="cpu", devices=1)
    fabric.launch()
    return Learner(fabric, model, TrainConfig(**settings), 0.01, STEPS)


def same(one, other):
    states = one.state_dict(), other.state_dict()
    parts = [{**state["network"], **state.get("average", {})} for state in states]
    return all(torch.equal(parts[0][name], parts[1][name]) for name in parts[0])


@pytest.mark.parametrize("settings", [{}, {"optimizer": "sgd", "schedule": "step"}, {"average": False, "clip": 0.0}])
def test_a_learner_that_goes_on_is_to_the_bit_the_one_that_never_stopped(tmp_path, batches, settings):
    steady, stopped = learner(**settings), learner(**settings)
    for number, batch in enumerate(batches):
        steady.step(batch, number)
    for number in range(3):
        stopped.step(batches[number], number)
    progress = Progress(1, 3, Counter(loss=0.1 + 0.2), [{"epoch": 1, "loss": 0.3}], 0.5, 1)
    save_state(RunFolder(tmp_path), stopped, progress)
    resumed = learner(**settings)
    torch.rand(7)  # whatever else is drawn in between
    assert load_state(RunFolder(tmp_path), resumed) == progress
    assert same(stopped, resumed) and not same(steady, resumed)
    for number in range(3, STEPS):
        resumed.step(batches[number], number)
    assert same(steady, resumed)


def test_a_damaged_state_is_named_and_runs_nothing(tmp_path, batches):
    path = tmp_path / LAST
    save_state(RunFolder(tmp_path), learner(), Progress())
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"last\.state is damaged"):
        load_state(RunFolder(tmp_path), learner())
    torch.save({"format": 1, "learner": nn.Linear(1, 1)}, path)
    with pytest.raises(InputError, match="is damaged"):
        load_state(RunFolder(tmp_path), learner())


def test_a_step_that_is_no_number_changes_nothing(batches):
    diverging = learner()
    diverging.step(batches[0], 0)
    broken = learner()
    broken.load_state_dict(diverging.state_dict())
    hook = diverging.model.network.register_forward_hook(lambda module, given, scores: scores * float("nan"))
    with pytest.raises(DivergedError, match=r"the loss became nan at step 2.*--lr 0\.001"):
        diverging.step(batches[1], 1)
    hook.remove()
    parameters = [[*one.model.network.parameters()] for one in (diverging, broken)]
    assert all(torch.equal(*pair) for pair in zip(*parameters, strict=True))


def test_a_gradient_is_cut_to_its_longest_and_told_as_it_was(batches):
    one = learner(clip=1e-3)
    assert one.step(batches[0], 0).norm > 1e-3
    norms = [parameter.grad.norm() for parameter in one.model.network.parameters()]
    assert torch.stack(norms).norm() == pytest.approx(1e-3, rel=1e-2)


def test_what_is_judged_is_the_average_and_learns_no_more(batches):
    one = learner()
    for number, batch in enumerate(batches):
        one.step(batch, number)
    judged = one.judged()
    weight = judged.network[5].weight.clone()
    assert not torch.equal(weight, one.model.network[5].weight)
    image = batches[0][0].image
    answer = judged([image])[0].scores
    one.step(batches[0], STEPS - 1)
    assert torch.equal(judged.network[5].weight, weight)
    assert np.array_equal(judged([image])[0].scores, answer)


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    RunFolder(tmp_path / "new").check_new()
    (tmp_path / "empty").mkdir()
    RunFolder(tmp_path / "empty").check_new()
    run = RunFolder(tmp_path / "run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").touch()
    with pytest.raises(InputError, match=r"run exists already\. Name another folder$"):
        run.check_new()
    with pytest.raises(InputError, match=r"--resume: .* holds no config\.json"):
        run.check_begun()
    run.write(CONFIG, {"epochs": 3})
    with pytest.raises(InputError, match="--resume"):
        run.check_new()
    run.check_begun()
    assert run.read(CONFIG) == {"epochs": 3}


def test_two_trainings_cannot_share_a_folder_and_what_a_killed_one_left_is_swept(tmp_path):
    run = RunFolder(tmp_path / "run")
    with run.claimed():
        with pytest.raises(InputError, match="another training works in"), RunFolder(run.path).claimed():
            pass
        half = aside(run.path / LAST)
        half.touch()
    with run.claimed():
        assert not half.exists()


def test_history_is_a_line_an_epoch(tmp_path):
    run = RunFolder(tmp_path)
    run.remember([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    assert [json.loads(line)["loss"] for line in (tmp_path / HISTORY).read_text().splitlines()] == [0.5, 0.25]


def test_too_little_room_is_named_before_it_is_needed(tmp_path):
    run = RunFolder(tmp_path / "not" / "there" / "yet")
    run.check_room(1000)
    with pytest.raises(StorageError, match=r"MB are free for .*, expected 1000000000000 MB"):
        run.check_room(10**18)


def test_a_process_beside_the_first_writes_nothing(tmp_path):
    run = RunFolder(tmp_path / "run", writes=False)
    with run.claimed():
        run.write(CONFIG, {})
    assert not run.path.exists()


def test_without_tensorboard_it_is_said_once_and_nothing_is_missed(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with caplog.at_level("INFO"):
        view = LiveView(tmp_path / "tensorboard", first=0)
    view.step(1, Step({"loss_class": 0.5}, norm=1.0, rate=0.1))
    view.epoch(1, {"accuracy": 0.5})
    view.close()
    assert "pip install tensorboard" in caplog.text
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_wish_until_it_is_asked_for(wish):
    usual = signal.getsignal(wish)
    with Interruption() as stop:
        stop.check()
        os.kill(os.getpid(), wish)
        with pytest.raises(Interrupted) as asked:
            stop.check()
        assert asked.value.signal == wish
    assert signal.getsignal(wish) is usual


def test_a_second_ctrl_c_ends_at_once(monkeypatch):
    with Interruption() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # the same one, passed on by somebody else
        assert stop.signal == signal.SIGINT
        monkeypatch.setattr("deep_perception.training.interruption.ONCE_S", -1.0)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
