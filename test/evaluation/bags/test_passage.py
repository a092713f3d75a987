"""A passage writes a line a picture, whatever the picture is, and goes on where it was stopped as if it never was."""

import json
import os
import signal
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from bag_making import SECOND, START, classification, compressed, file, packed, write

from deep_perception.config import PerceptionConfig
from deep_perception.errors import InputError
from deep_perception.evaluate_config import EvaluateConfig
from deep_perception.evaluation.bags.conclusion import conclude_in
from deep_perception.evaluation.bags.course import follow
from deep_perception.evaluation.bags.folder import EvaluationFolder
from deep_perception.evaluation.bags.planning import plan
from deep_perception.training.listener import Listener

LENET = PerceptionConfig(model="lenet5", weights="none", device="cpu")
MADE = {"when": "", "command": "", "versions": {}, "machine": {}, "seconds": 1.0}
COUNT = 9


def noise(seed, size=28):
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def picture(second, size=28):
    pixels = noise(second, size)
    return packed(second, "sensor_msgs/msg/Image", size, size, "rgb8", 0, 3 * size, pixels.reshape(-1))


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    """Pictures of digits, as far as anybody says so; the fifth is damaged, the seventh has a stamp that came before."""
    pictures = [compressed(second, file(".png", noise(second)[..., ::-1])) for second in range(COUNT)]
    pictures[4] = compressed(4, b"no picture")
    pictures[6] = (6, *compressed(2, file(".png", noise(6)[..., ::-1]))[1:])
    truth = [classification(second, **{str(second % 10): 1.0}) for second in range(COUNT)]
    path = tmp_path_factory.mktemp("bags") / "digits"
    return write(path, {"/camera/compressed": pictures, "/truth": [*truth[:3], *truth[4:]]})


def evaluated(bag, folder, *, perception=LENET, listener=None, **settings):
    """Do what can be done, and return the folder and what it says, without what was measured in time."""
    config = EvaluateConfig(**settings)
    job, answers = plan([bag], config, perception)
    folder, given = EvaluationFolder(folder), {"bags": [str(bag)], **asdict(perception), **asdict(config)}
    with folder.claimed():
        stopped = follow(job, answers, folder, given, listener or Listener())
        result = conclude_in(folder, job, MADE, finished=not stopped)
    return folder, {name: value for name, value in result.items() if name not in ("made", "speed")}


@pytest.fixture(scope="module")
def whole(bag, tmp_path_factory):
    """What is written where nothing stops it."""
    return evaluated(bag, tmp_path_factory.mktemp("whole") / "out", truth="/truth")


def test_every_picture_has_a_line_in_its_order(whole):
    folder, result = whole
    entries = list(folder.entries())
    assert [entry.number for entry in entries] == list(range(COUNT))
    assert [entry.stamp_ns for entry in entries[:2]] == [START * SECOND + 250, (START + 1) * SECOND + 250]
    assert {entry.bag for entry in entries} == {"digits"}
    assert all(set(entry.seconds) == {"read", "decode", "model", "score"} for entry in entries)
    assert result["frames"] == {
        "read": 9,
        "scored": 6,
        "without_truth": 1,
        "unanswered": 0,
        "damaged": 1,
        "repeated": 1,
    }


def test_a_line_holds_what_the_model_answers(bag, whole):
    folder, _ = whole
    job, answers = plan([bag], EvaluateConfig(truth="/truth"), LENET)
    model = answers.model
    for entry in folder.entries():
        if not entry.trouble:
            [expected] = model([noise(entry.number)])
            names = [job.names[label] for label in entry.evidence["labels"]]
            assert names == [model.labels[label] for label in expected.labels if model.labels[label] in job.names]


def test_a_damaged_picture_is_told_and_the_rest_is_scored(whole):
    folder, result = whole
    [damaged] = result["damaged"]
    assert (damaged["number"], damaged["camera"]) == (4, "/camera/compressed") and damaged["reason"]
    after = list(folder.entries())[5]
    assert after.evidence and not after.steady, "what follows a damaged picture has none before to be compared with"


def test_the_later_of_two_pictures_with_one_stamp_is_not_scored(whole):
    folder, _ = whole
    assert [entry.number for entry in folder.entries() if entry.repeated] == [6]


def test_truth_of_no_picture_is_told_unless_pictures_were_left_out(bag, whole, tmp_path):
    _, result = whole
    assert result["truth"]["unused_stamps"] == [(START + 6) * SECOND + 250], "whose picture has the stamp of another"
    assert evaluated(bag, tmp_path / "some", truth="/truth", stride=2)[1]["truth"]["unused"] is None


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        ({"stride": 3}, [0, 3, 6]),
        ({"max_frames": 2}, [0, 1]),
        ({"start": 2.0, "end": 5.0}, [0, 1, 2]),
        ({"stride": 2, "max_frames": 3}, [0, 2, 4]),
    ],
)
def test_only_the_pictures_that_are_wanted_are_looked_at(bag, tmp_path, settings, numbers):
    folder, _ = evaluated(bag, tmp_path / "out", **settings)
    assert [entry.number for entry in folder.entries()] == numbers


class StopsAfter(Listener):
    """Presses Ctrl-C after so many pictures."""

    def __init__(self, pictures):
        self.left = pictures

    def advance(self, remark=""):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(("batch", "after"), [(1, 1), (1, 5), (2, 7)])
def test_what_was_stopped_and_goes_on_ends_as_if_it_never_was(bag, tmp_path, batch, after):
    never, expected = evaluated(bag, tmp_path / "never", truth="/truth", batch=batch)
    _, part = evaluated(bag, tmp_path / "out", truth="/truth", batch=batch, listener=StopsAfter(after))
    assert part["frames"]["read"] == after, "what was done until then is told"
    folder, result = evaluated(bag, tmp_path / "out", truth="/truth", batch=batch)
    assert result == expected
    assert [timeless(entry) for entry in folder.entries()] == [timeless(entry) for entry in never.entries()]


def timeless(entry):
    return json.loads(replace(entry, seconds={}).to_json())


def test_half_a_line_of_a_process_that_was_killed_does_no_harm(bag, whole, tmp_path):
    expected = whole[1]
    folder, _ = evaluated(bag, tmp_path / "out", truth="/truth")
    lines = folder.file_of(0).read_bytes()
    folder.file_of(0).write_bytes(lines[: len(lines) // 2])
    assert len(list(folder.entries())) < COUNT
    assert evaluated(bag, tmp_path / "out", truth="/truth")[1] == expected


def test_colours_that_are_steadied_go_on_as_if_never_stopped(tmp_path):
    bag = write(tmp_path / "bag", {"/image": [picture(second, 48) for second in range(5)]})
    colorizer = PerceptionConfig(model="colorizer_shufflenet_v2_x1_0", weights="none", temporal_smoothing=0.8)
    _, expected = evaluated(bag, tmp_path / "whole", perception=colorizer)
    evaluated(bag, tmp_path / "out", perception=colorizer, listener=StopsAfter(3))
    assert evaluated(bag, tmp_path / "out", perception=colorizer)[1] == expected


def test_an_upscaler_is_given_smaller_pictures_and_judged_by_the_recorded_ones(tmp_path):
    bag = write(tmp_path / "bag", {"/image": [picture(second, 25) for second in range(2)]})
    folder, result = evaluated(
        bag, tmp_path / "out", perception=PerceptionConfig(model="bicubic", weights="none", scale=2)
    )
    assert result["truth"]["said"] == "images" and result["frames"]["scored"] == 2
    assert {(entry.width, entry.height) for entry in folder.entries()} == {(24, 24)}


def test_an_evaluation_does_not_go_on_with_other_input(bag, tmp_path):
    evaluated(bag, tmp_path / "out", truth="/truth", listener=StopsAfter(1))
    other = write(tmp_path / "digits", {"/camera/compressed": [compressed(0, file(".png", noise(0)))]})
    with pytest.raises(InputError, match="recordings are not those"):
        evaluated(other, tmp_path / "out")


def test_the_same_random_weights_are_drawn_each_time(bag, whole, tmp_path):
    torch.manual_seed(3)
    assert evaluated(bag, tmp_path / "out", truth="/truth")[1] == whole[1]
