"""`deep_perception bench --training` measures two loops and says which is faster."""

import json

from deep_perception.cli import main
from deep_perception.evaluation import training_speed
from deep_perception.evaluation.training_speed import OURS, THEIRS

MODEL = "mobilenet_v2"


def test_the_speed_of_training_is_measured_and_written(tmp_path, capsys):
    assert main(["bench", "--training", "--quick", f"--model={MODEL}", f"--out={tmp_path}"]) == 0
    assert f"{OURS} / {THEIRS}" in capsys.readouterr().out
    report = json.loads((tmp_path / "training_speed.json").read_text())
    assert {name: len(values) for name, values in report["models"][MODEL]["pictures_per_second"].items()} == {
        THEIRS: report["rounds"],
        OURS: report["rounds"],
    }
    assert report["versions"]["torch"] and report["workers"] == 0


def test_a_missed_target_is_told_and_is_no_failure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training_speed, "measure", lambda *_: {THEIRS: [10.0], OURS: [9.0]})
    assert main(["bench", "--training", "--quick", f"--model={MODEL}", f"--out={tmp_path}"]) == 0
    printed = capsys.readouterr().out
    assert ">= 0.95" in printed
    assert "1 targets MISSED" in printed


def test_options_that_mean_nothing_to_it_are_refused(tmp_path, capsys):
    assert main(["bench", "--training", "--seconds=5", f"--out={tmp_path}"]) == 1
    assert "--training" in capsys.readouterr().err
