"""What is measured of the evaluation of recordings is what it says."""

import json
import time

import pytest

from deep_perception.cli import main
from deep_perception.data.recordings import Recording, pictures
from deep_perception.evaluation.bag_speed import TINY, TOPIC, pace, write_bag
from deep_perception.evaluation.bags.truth import open_truth


def test_the_recording_holds_as_many_scenes_as_asked_for_and_the_truth_about_each(tmp_path):
    path, said = write_bag(tmp_path, 8, TINY)
    recording = Recording(path)
    truth = open_truth(str(said), recording, "detection", label="thing")
    found = list(pictures(recording, TOPIC))
    assert len(found) == 8 and found[0].decode().shape == (*TINY, 3)
    for picture in found:
        known = truth.of(picture.stamp_ns, TOPIC, picture.decode())
        assert known is not None and len(known.target)
    assert not truth.unused()


def test_a_pace_leaves_out_what_comes_before_the_first(monkeypatch):
    clock = iter([100.0, 100.5, 102.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    assert pace(lambda: (number for number in range(3))) == 1.0


def test_options_that_mean_nothing_to_it_are_refused(tmp_path, capsys):
    assert main(["bench", "--bags", "--seconds=5", f"--out={tmp_path}"]) == 1
    assert "--bags" in capsys.readouterr().err


@pytest.mark.slow
def test_everything_is_measured_and_written(tmp_path, capsys):
    assert main(["bench", "--bags", "--quick", f"--out={tmp_path}"]) == 0
    report = json.loads((tmp_path / "bag_speed.json").read_text())
    assert list(report["figures"]) == ["Reading recordings", "Scoring a recording", "Processes side by side", "Memory"]
    lines = [line for part in report["figures"].values() for line in part["figures"]]
    assert all(line["value"] > 0 for line in lines)
    assert sum(line["met"] is not None for line in lines) == 6
    assert "All figures: " in capsys.readouterr().out
