"""`deep_perception train`: what it prints, what it refuses, and how it goes on."""

import json
import os
import signal
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from deep_perception.cli import main
from deep_perception.data.dataset import SPLITS
from deep_perception.data.record import Record, Tag
from deep_perception.data.writer import Writer

LENET = ("--model=lenet5", "--weights=none", "--lr=0.003", "--batch=10", "--device=cpu", "--workers=0")
PICTURES = 40


@pytest.fixture(scope="module")
def greys(tmp_path_factory):
    """Noisy pictures of two shades."""
    folder, rng = tmp_path_factory.mktemp("greys"), np.random.default_rng(0)
    with Writer(folder) as writer:
        for number in range(PICTURES):
            image = rng.normal((60, 190)[number % 2], 20, (28, 28, 3)).clip(0, 255).astype(np.uint8)
            writer.add(Record(f"{number}", ".png", 0, 0, tags=(Tag(("dark", "light")[number % 2]),)), image)
    split(folder)
    return folder


def split(folder, train=20, validation=10):
    names = list(map(str, range(PICTURES)))
    parts = {"train": names[:train], "validation": names[train:][:validation], "test": names[train + validation :]}
    (folder / SPLITS).write_text(json.dumps({"format": 1, "parts": parts, "how": {}}))


def command(dataset, run, *words):
    return main(["train", str(dataset), f"--out={run}", *words])


def test_it_tells_what_it_does_and_ends_with_the_verdict(greys, tmp_path, capsys):
    run = tmp_path / "run"
    assert command(greys, run, *LENET, "--epochs=3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("epoch ") for line in lines) == 3
    assert lines[-2] == json.loads((run / "proof.json").read_text())["sentence"]
    assert str(run / "model.safetensors") in lines[-1] and str(run / "report.html") in lines[-1]
    assert command(greys, run, "--resume") == 0
    assert capsys.readouterr().out.splitlines() == lines[-2:], "what is finished is told again"
    said = json.loads((run / "proof.json").read_text())
    lost = {"new": 0.5, "old": 0.9, "difference": -0.4, "low": -0.6, "high": -0.2}
    (run / "proof.json").write_text(json.dumps({**said, "per_class": {"dark": lost}}))
    assert command(greys, run, "--resume") == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{lines[-2]}, but dark lost 0.40"


def ctrl_c_when(path):
    while not path.exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


def test_it_goes_on_with_the_settings_that_it_began_with(greys, tmp_path, capsys):
    run = tmp_path / "run"
    threading.Thread(target=ctrl_c_when, args=[run / "last.state"], daemon=True).start()
    assert command(greys, run, *LENET, "--epochs=400", "--patience=0") == 130
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].endswith(f"Nothing is lost. Go on: deep_perception train {greys} --out {run} --resume")
    assert command(greys, run, "--resume", "--epochs=4") == 1
    assert "--epochs: got 4, but this training began with 400" in capsys.readouterr().err
    assert command(greys, run) == 1
    assert "or go on with the training in it: --resume" in capsys.readouterr().err


def refusal(capsys, *arguments):
    assert command(*arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_run_folder_that_exists_is_refused_and_stays_as_it_was(greys, tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "exists already. Name another folder" in refusal(capsys, greys, tmp_path, *LENET)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    assert "no training was begun there" in refusal(capsys, greys, tmp_path, *LENET, "--resume")


def test_what_cannot_be_is_refused_in_a_line_and_leaves_no_folder(greys, tmp_path, capsys):
    run, data = tmp_path / "run", tmp_path / "data"
    assert "expected the folder of a data set" in refusal(capsys, tmp_path / "nowhere", run, *LENET)
    assert "Nearest: lenet5" in refusal(capsys, greys, run, "--model=lenet")
    assert "task: got detector, but lenet5 is a classifier" in refusal(capsys, greys, run, *LENET, "--task=detector")
    assert "a detector learns from things" in refusal(capsys, greys, run, "--task=detector")
    assert "no weights are published for lenet5" in refusal(capsys, greys, run, "--model=lenet5")
    assert "device: got 'cuda:77'" in refusal(capsys, greys, run, *LENET[:-2], "--device=cuda:77")
    assert "lr: got 'fast'" in refusal(capsys, greys, run, "--lr=fast")
    with Writer(data) as writer:
        for name in ("a", "b"):
            writer.add(Record(name, ".png", 0, 0, tags=(Tag(name),)), np.zeros((28, 28, 3), np.uint8))
    assert f"is not split. Split it: deep_perception dataset split {data}" in refusal(capsys, data, run, *LENET)
    assert not run.exists()


def test_a_disk_that_is_too_full_is_named_before_the_first_step(greys, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=10**6))
    assert "1 MB are free" in refusal(capsys, greys, tmp_path / "run", *LENET)
