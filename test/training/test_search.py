"""The search: the best of a grid for a fraction of what trying all of it costs."""

import json
import math

import pytest

from deep_perception.config import TrainConfig
from deep_perception.errors import ConfigError, InputError
from deep_perception.training.learner import DivergedError
from deep_perception.training.search import read_grid, search

CONFIG = TrainConfig(model="lenet5", epochs=16)
GRID = {"lr": ("0.1", "0.01", "0.001", "0.0001"), "optimizer": ("adamw", "sgd")}


class Trainer:
    """Scores settings by how near they are to a good one, the more surely the longer they run."""

    def __init__(self, stop_after=math.inf):
        self.ran, self.stop_after = [], stop_after

    def __call__(self, config, epochs):
        if len(self.ran) >= self.stop_after:
            raise KeyboardInterrupt
        self.ran.append((config.lr, config.optimizer, epochs))
        if float(config.lr) == 0.1:
            raise DivergedError("the loss became nan")
        return 1 - abs(math.log10(float(config.lr)) + 2) / 4 - 0.1 * (config.optimizer == "sgd") + epochs / 1000


def test_the_better_half_goes_on_with_twice_the_epochs(tmp_path):
    run = Trainer()
    found = search(CONFIG, GRID, run, tmp_path / "search.json")
    assert (found.best.lr, found.best.optimizer, found.best.epochs) == ("0.01", "adamw", 16)
    assert [epochs for *_, epochs in run.ran] == [2] * 8 + [4] * 4 + [8] * 2
    assert run.ran[8:] == [
        ("0.01", "adamw", 4),
        ("0.01", "sgd", 4),
        ("0.001", "adamw", 4),
        ("0.001", "sgd", 4),
        ("0.01", "adamw", 8),
        ("0.01", "sgd", 8),
    ]
    assert found.sentence == "lr=0.01 optimizer=adamw is the best of 8: 1.008 after 8 epochs"
    assert [trial.score is None for trial in found.trials[:3]] == [True, True, False], "what diverged has no score"


def test_a_search_that_was_interrupted_goes_on_where_it_stood(tmp_path):
    whole = search(CONFIG, GRID, Trainer(), tmp_path / "whole.json")
    with pytest.raises(KeyboardInterrupt):
        search(CONFIG, GRID, Trainer(stop_after=9), tmp_path / "search.json")
    later = Trainer()
    assert search(CONFIG, GRID, later, tmp_path / "search.json") == whole
    assert len(later.ran) == 14 - 9
    again = Trainer(stop_after=0)
    assert search(CONFIG, GRID, again, tmp_path / "search.json") == whole, "what is known is not run again"


def test_of_equal_settings_the_first_is_taken(tmp_path):
    found = search(CONFIG, {"augment": (("flip", "crop"), ("none",))}, lambda config, epochs: 0.5, tmp_path / "s.json")
    assert found.best.augment == ("flip", "crop")
    assert search(CONFIG, {"augment": (("flip", "crop"), ("none",))}, Trainer(0), tmp_path / "s.json") == found


def test_what_cannot_be_searched_is_refused_before_anything_runs(tmp_path):
    for grid, said in (
        ({"rate": (1, 2)}, "unknown parameter 'rate'"),
        ({"lr": ("0.1", "fast")}, "lr: got 'fast'"),
        ({"lr": ("0.1",)}, "got 1 settings, expected several"),
        ({"epochs": (1, 2)}, "which the search shares out itself"),
    ):
        with pytest.raises(ConfigError, match=said):
            search(CONFIG, grid, Trainer(0), tmp_path / "search.json")
    assert not list(tmp_path.iterdir())


def test_results_of_another_training_or_of_a_broken_disk_are_not_gone_on_with(tmp_path):
    path = tmp_path / "search.json"
    search(CONFIG, GRID, Trainer(), path)
    with pytest.raises(ConfigError, match=r"made with other settings \(batch\)"):
        search(TrainConfig(model="lenet5", epochs=16, batch=2), GRID, Trainer(0), path)
    path.write_text(json.dumps({"trials": 3}))
    with pytest.raises(InputError, match="cannot be read"):
        search(CONFIG, GRID, Trainer(0), path)


def test_a_grid_in_which_all_diverges_has_no_best(tmp_path):
    with pytest.raises(ConfigError, match="every trial diverged"):
        search(CONFIG, {"lr": ("0.1",), "batch": (1, 2)}, Trainer(), tmp_path / "search.json")


def test_a_grid_is_read_as_it_is_typed():
    words = ["lr=0.1, 0.01", "weight-decay=0,0.1", "augment=flip+crop,none", "average=true,false", "batch=4,8"]
    assert read_grid(words) == {
        "lr": ("0.1", "0.01"),
        "weight_decay": (0.0, 0.1),
        "augment": (("flip", "crop"), ("none",)),
        "average": (True, False),
        "batch": (4, 8),
    }
    for word, said in (
        ("lr", "expected NAME=VALUE,VALUE"),
        ("batch=many", "batch: got 'many', expected int"),
        ("average=yes", "expected true or false"),
        ("rate=1", "unknown parameter 'rate'"),
    ):
        with pytest.raises(ConfigError, match=said):
            read_grid([word])
