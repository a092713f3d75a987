"""Training as a whole: every task learns, nothing is lost on the way, and the verdict is an honest one."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from deep_perception.config import TrainConfig
from deep_perception.data.dataset import SPLITS
from deep_perception.data.record import Record, Tag
from deep_perception.data.writer import Writer
from deep_perception.errors import DeviceError, InputError, ModelError
from deep_perception.models.creation import create, save
from deep_perception.training.fit import train
from deep_perception.training.job import Job
from deep_perception.training.learner import DivergedError
from deep_perception.training.listener import Listener
from deep_perception.training.run_folder import BEST, CONFIG, HISTORY, LAST, MODEL, PROOF, RunFolder

FILES = {
    "best.safetensors",
    "config.json",
    "contact_sheet.png",
    "curves.png",
    "examples",
    "gradients.json",
    "history.jsonl",
    "last.state",
    "model.safetensors",
    "overfit.json",
    "proof.json",
    "rate.json",
    "rate.png",
    "report.html",
    "tensorboard",
    "transfer.json",
}
QUICK = {"device": "cpu", "workers": 0, "augment": ("none",)}
LENET = {**QUICK, "model": "lenet5", "weights": "none", "lr": "0.003", "batch": 10}
WILD = {**LENET, "optimizer": "sgd", "clip": 0.0, "lr": "100", "warmup": 0.0}


class Heard(Listener):
    """Keeps what was said, and does something at a step."""

    def __init__(self, step=0, act=lambda: None):
        self.said, self.steps = [], 0
        self._step, self._act = step, act

    def say(self, sentence):
        self.said.append(sentence)

    def advance(self, remark=""):
        self.steps += "loss" in remark
        if self.steps == self._step and "loss" in remark:
            self._act()


def fit(dataset, out, listener=None, *, overfit=False, **settings):
    job = Job.of(dataset, TrainConfig(**settings))
    return train(job, RunFolder(out), listener or Heard(), overfit=overfit)


def history(run):
    return [json.loads(line) for line in (run / HISTORY).read_text().splitlines()]


def weights(run):
    return load_file(run / MODEL)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_classifier_learns_and_leaves_all_there_is_to_know(greys, tmp_path):
    run, heard = tmp_path / "run", Heard()
    outcome = fit(greys, run, heard, overfit=True, **{**LENET, "lr": "auto"}, epochs=15)
    assert {path.name for path in run.iterdir()} == FILES
    assert outcome.signal == 0
    assert outcome.sentence == json.loads((run / PROOF).read_text())["sentence"]
    assert history(run)[-1]["accuracy"] == 1 and history(run)[-1]["loss"] < history(run)[0]["loss"]
    model = create("auto", run / MODEL, device="cpu")
    assert set(model.labels) == {"dark", "middle", "light"}
    assert model.labels[model([np.full((28, 28, 3), 210, np.uint8)])[0].labels[0]] == "light"
    said = json.loads((run / CONFIG).read_text())
    assert said["given"]["lr"] == "auto" and isinstance(said["lr"], float)
    assert said["regime"] == "scratch" and said["counts"] == {"train": 30, "validation": 15, "test": 15}
    assert any("random weights" in sentence for sentence in heard.said)


TASKS = (
    ("detection", {"model": "fcos_shufflenet_v2_x1_0_fpn"}),
    ("semantic_segmentation", {"model": "lraspp_shufflenet_v2_x1_0"}),
    ("super_resolution", {"model": "espcn"}),
    ("proposals", {"model": "rpn_shufflenet_v2_x1_0_fpn", "weights": "none"}),
    ("instance_segmentation", {"model": "maskrcnn_shufflenet_v2_x1_0_fpn"}),
    ("colorization", {"model": "colorizer_shufflenet_v2_x1_0"}),
)


@pytest.mark.parametrize(
    ("task", "settings"), [*TASKS[:3], *(pytest.param(*one, marks=pytest.mark.slow) for one in TASKS[3:])]
)
def test_every_task_with_losses_goes_through_the_same_loop(scenes, tmp_path, task, settings):
    outcome = fit(scenes, tmp_path / "run", **QUICK, **settings, lr="0.0001", epochs=1, batch=3)
    proof = json.loads((tmp_path / "run" / PROOF).read_text())
    assert proof["sentence"] == outcome.sentence
    assert proof["verdict"] == ("not compared" if "weights" in settings else "not better"), "3 pictures prove nothing"
    assert create("auto", tmp_path / "run" / MODEL, device="cpu").task == task
    (epoch,) = history(tmp_path / "run")
    figures = {name.split()[0] for name in proof["new"]}  # of which classes depends on the part
    rest = {name.split()[0] for name in epoch if not name.startswith("loss_")}
    assert rest <= {"epoch", "step", "lr", "loss", "gradient_norm", *figures}, "losses are not taken for figures"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A network with dropout and batch norms that looks at 32x32 pixels."""
    model = create("mobilenet_v3_small", "none", labels=("dark", "middle", "light"), device="cpu")
    model.settings["preparation"] = {"resize": 32, "crop": 32}
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save(model, path)
    return {**QUICK, "weights": str(path), "regime": "large", "lr": "0.001", "batch": 8, "epochs": 2, "patience": 0}


@pytest.fixture(scope="module")
def steady(small, greys, tmp_path_factory):
    """The run that nothing interrupts: 2 epochs of 4 steps."""
    run = tmp_path_factory.mktemp("steady") / "run"
    fit(greys, run, **{**small, "augment": TrainConfig().augment})
    return run


class Killed(BaseException):
    """Leaves no time to write anything, as kill -9 does."""


def kill():
    raise Killed


@pytest.mark.parametrize(
    ("act", "code"), [(kill, 0), (lambda: os.kill(os.getpid(), signal.SIGTERM), signal.SIGTERM)], ids=["kill", "term"]
)
def test_whatever_stops_it_the_resumed_training_ends_with_the_same_bits(
    greys, small, steady, tmp_path, monkeypatch, act, code
):
    monkeypatch.setattr("deep_perception.training.epochs.SAVE_S", 0 if act is kill else 300)
    run, settings = tmp_path / "run", {**small, "augment": TrainConfig().augment}
    step = random.Random(code).randint(1, 7)
    with contextlib.suppress(Killed):
        assert fit(greys, run, Heard(step, act), **settings).signal == code
    assert not (run / MODEL).exists()
    fit(greys, run, **settings)
    assert history(run) == history(steady)
    assert same(weights(run), weights(steady)), step
    assert same(*(torch.load(one / LAST, weights_only=True)["learner"]["network"] for one in (run, steady))), step


def test_ctrl_c_while_it_is_examined_loses_nothing_either(greys, small, steady, tmp_path):
    class Impatient(Heard):
        def begin(self, what, total, done=0):
            if what == "examined":
                os.kill(os.getpid(), signal.SIGINT)

    run, settings = tmp_path / "run", {**small, "augment": TrainConfig().augment}
    outcome = fit(greys, run, Impatient(), **settings)
    assert outcome.signal == signal.SIGINT and "after 0 epochs and 4 of 4 steps" in outcome.sentence
    assert not (run / HISTORY).exists()
    fit(greys, run, **settings)
    assert history(run) == history(steady)


def test_a_loss_that_is_no_number_ends_it_with_the_last_good_weights(greys, tmp_path):
    with pytest.raises(DivergedError, match=r"--lr 10\. The weights of .* are in .*best\.safetensors"):
        fit(greys, tmp_path / "run", **WILD, epochs=4)
    assert all(tensor.isfinite().all() for tensor in load_file(tmp_path / "run" / BEST).values())
    assert not (tmp_path / "run" / MODEL).exists()


def test_it_stops_when_validation_gets_no_better(greys, tmp_path):
    heard = Heard()
    fit(greys, tmp_path / "run", heard, **LENET, epochs=50, patience=2)
    lines = history(tmp_path / "run")
    best = max(line["accuracy"] for line in lines)
    first = next(line["epoch"] for line in lines if line["accuracy"] == best)
    assert len(lines) == first + 2 < 50
    assert any("stopped early" in sentence for sentence in heard.said)


def test_the_verdict_compares_with_the_named_weights_else_with_those_it_began_with(greys, small, steady, tmp_path):
    proof = json.loads((steady / PROOF).read_text())
    begun = create("auto", small["weights"], device="cpu")
    assert (proof["old_model"], proof["old_identity"]) == ("mobilenet_v3_small", begun.identity)
    assert proof["new_identity"] == create("auto", steady / MODEL, device="cpu").identity
    assert proof["pictures"] == 15
    job = Job.of(greys, TrainConfig(**LENET, epochs=2), replaces=small["weights"])
    train(job, RunFolder(tmp_path / "run"), Heard(), overfit=False)
    assert json.loads((tmp_path / "run" / PROOF).read_text())["old_identity"] == begun.identity


def test_a_search_tries_the_grid_and_trains_with_the_best(greys, tmp_path):
    run, heard = tmp_path / "run", Heard()
    job = Job.of(greys, TrainConfig(**WILD, epochs=4), search=["lr=100,0.003"])
    train(job, RunFolder(run), heard, overfit=False)
    said = json.loads((run / CONFIG).read_text())
    assert (said["lr"], said["given"]["lr"], said["search"]) == (0.003, "100", ["lr=100,0.003"])
    trials = json.loads((run / "search.json").read_text())["trials"]
    assert [trial["epochs"] for trial in trials] == [2, 2]
    assert trials[0]["score"] is None, "it diverged"
    assert any(sentence.startswith("lr=0.003 is the best of 2") for sentence in heard.said)
    assert len(history(run)) == 4


def test_a_batch_that_cannot_be_learnt_ends_it_before_it_begins(tmp_path):
    with Writer(tmp_path / "data") as writer:
        for number in range(12):  # one and the same picture under two names
            tags = (Tag(("this", "that")[number % 2]),)
            writer.add(Record(f"{number:02d}", ".png", 0, 0, tags=tags), np.full((28, 28, 3), 99, np.uint8))
    ids = [f"{number:02d}" for number in range(12)]
    parts = {"train": ids[:8], "validation": ids[8:10], "test": ids[10:]}
    (tmp_path / "data" / SPLITS).write_text(json.dumps({"format": 1, "parts": parts, "how": {}}))
    with pytest.raises(ModelError, match=r"the loss .*--no-overfit-batch"):
        fit(tmp_path / "data", tmp_path / "run", overfit=True, **LENET)
    assert not (tmp_path / "run" / LAST).exists()


def test_what_cannot_be_done_is_named_before_any_folder_is_made(greys, scenes, tmp_path):
    run = tmp_path / "run"
    with pytest.raises(InputError, match="learns from things, but its 60 pictures have tags"):
        fit(greys, run, **QUICK, model="fcos_shufflenet_v2_x1_0_fpn")
    with pytest.raises(DeviceError, match="16-mixed is for a GPU"):
        fit(greys, run, **LENET, precision="16-mixed")
    job = Job.of(greys, TrainConfig(**LENET), replaces="fcos_shufflenet_v2_x1_0_fpn:TABLETOP")
    with pytest.raises(ModelError, match="--replaces: .* is for detection, expected classification"):
        train(job, RunFolder(run), Heard())
    assert not run.exists()


def test_a_training_does_not_go_on_with_other_pictures(greys, small, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for path in greys.iterdir():
        (data / path.name).symlink_to(path) if path.name != SPLITS else (data / SPLITS).write_bytes(path.read_bytes())
    run = tmp_path / "run"
    fit(data, run, Heard(2, lambda: os.kill(os.getpid(), signal.SIGTERM)), **small)
    split = json.loads((data / SPLITS).read_text())
    split["parts"]["train"].reverse()
    (data / SPLITS).write_text(json.dumps(split))
    with pytest.raises(InputError, match="--resume: the labelled pictures of the data set, or its split, are others"):
        fit(data, run, **small)


@pytest.mark.slow
def test_two_processes_learn_what_one_would_from_batches_twice_as_large(greys, tmp_path):
    settings = {**WILD, "lr": 0.01, "epochs": 3, "augment": "none"}
    words = [f"--{name}={value}" for name, value in settings.items() if name != "batch"]
    for processes, batch in ((1, 10), (2, 5)):
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        run = [f"--batch={batch}", f"--out={tmp_path / str(processes)}"]
        program = [*launcher, "-m", "deep_perception", "train", str(greys), "--no-overfit-batch", *words, *run]
        done = subprocess.run(program, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("epoch 3 of 3") == 1, "the first process speaks for all"
    one, two = weights(tmp_path / "1"), weights(tmp_path / "2")
    assert all(torch.allclose(tensor, two[name], atol=1e-5) for name, tensor in one.items())
    accuracies = [[line["accuracy"] for line in history(tmp_path / name)] for name in ("1", "2")]
    assert accuracies[0] == accuracies[1]
