"""A search for good settings: all of a grid for a short while, the better half of them longer, and so on.

Successive halving: Jamieson and Talwalkar, Non-stochastic Best Arm Identification, AISTATS 2016.
"""

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

from deep_perception.config import TrainConfig, check_names
from deep_perception.durable_files import in_words, written_aside
from deep_perception.errors import ConfigError, InputError, StorageError
from deep_perception.training.learner import DivergedError

logger = logging.getLogger(__name__)

Grid: TypeAlias = Mapping[str, Sequence[Any]]
"""Values to try, by the name of a setting."""
Run: TypeAlias = Callable[[TrainConfig, int], float]
"""Trains with these settings for so many epochs and returns the validation score, of which more is better."""


@dataclass(frozen=True)
class Trial:
    """One short training."""

    changes: Mapping[str, Any]
    """What differs from the settings that were given."""
    epochs: int
    score: float | None
    """None: it diverged."""


@dataclass(frozen=True)
class Search:
    """What a search came to."""

    best: TrainConfig
    trials: tuple[Trial, ...]
    """In the order in which they were made."""
    sentence: str


def read_grid(words: Sequence[str]) -> Grid:
    """Read NAME=VALUE,VALUE; names that are one value together are joined by plus, as in augment=flip+crop,none."""
    defaults = {item.name: item.default for item in fields(TrainConfig)}
    grid: dict[str, tuple[Any, ...]] = {}
    for word in words:
        name, equals, values = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not values:
            raise ConfigError(f"search: got '{word}', expected NAME=VALUE,VALUE as in lr=0.001,0.01")
        check_names(TrainConfig, [name])
        grid[name] = tuple(_value(name, text.strip(), defaults[name]) for text in values.split(","))
    return grid


def search(config: TrainConfig, grid: Grid, run: Run, remembered: Path) -> Search:
    """Find the best settings of a grid, by rounds that each keep the better half; the last has half of the epochs.

    Every trial is written to the file `remembered`; a search that was interrupted goes on after the last one there.
    Raises a DeepPerceptionError for settings that are none, before anything is run.
    """
    left = _combinations(config, grid)
    trials = _read(remembered, config)
    rounds = math.ceil(math.log2(len(left)))
    for number in range(rounds):
        epochs = max(1, config.epochs >> (rounds - number))
        made = [_made(config, changes, epochs, run, trials, remembered) for changes in left]
        made.sort(
            key=lambda trial: math.inf if trial.score is None else -trial.score
        )  # of equals the first stays first
        left = [trial.changes for trial in made[: math.ceil(len(made) / 2)]]
    [changes] = left
    return Search(replace(config, **changes), tuple(trials), _sentence(changes, trials))


def _combinations(config: TrainConfig, grid: Grid) -> list[Mapping[str, Any]]:
    """Return every choice of values, in the order of the grid; raise ConfigError for one that is not allowed."""
    check_names(TrainConfig, grid)
    if "epochs" in grid:
        raise ConfigError("search: got epochs, which the search shares out itself. Set them for all: --epochs")
    combinations = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    if len(combinations) < 2:
        raise ConfigError(f"search: got {len(combinations)} settings, expected several, as in lr=0.001,0.01")
    for changes in combinations:
        replace(config, **changes)
    return list(combinations)


def _made(
    config: TrainConfig, changes: Mapping[str, Any], epochs: int, run: Run, trials: list[Trial], remembered: Path
) -> Trial:
    """Return a trial, made now unless it was before."""
    for trial in trials:
        if (trial.changes, trial.epochs) == (changes, epochs):
            return trial
    try:
        score = run(replace(config, **changes), epochs)
    except DivergedError as err:
        logger.warning("%s: %s", in_short(changes), err)
        score = math.nan
    trials.append(Trial(changes, epochs, score if math.isfinite(score) else None))
    _write(remembered, config, trials)
    return trials[-1]


def in_short(changes: Mapping[str, Any]) -> str:
    """Return settings as they are typed."""
    return " ".join(
        f"{name}={'+'.join(value) if isinstance(value, tuple) else value}" for name, value in changes.items()
    )


def _sentence(changes: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    own = [trial for trial in trials if trial.changes == changes]
    if own[-1].score is None:
        raise ConfigError("search: every trial diverged. Try lower learning rates")
    count = len({in_short(trial.changes) for trial in trials})
    return f"{in_short(changes)} is the best of {count}: {own[-1].score:.4g} after {own[-1].epochs} epochs"


def _read(remembered: Path, config: TrainConfig) -> list[Trial]:
    if not remembered.exists():
        return []
    try:
        said = json.loads(remembered.read_text(encoding="utf-8"))
        trials = [Trial(_frozen(one["changes"]), one["epochs"], one["score"]) for one in said["trials"]]
        settings = _frozen(said["settings"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        raise InputError(f"{remembered} cannot be read ({err}). Remove it to search anew") from err
    if other := [name for name, value in asdict(config).items() if settings.get(name) != value]:
        raise ConfigError(f"search: {remembered} was made with other settings ({other[0]}). Remove it to search anew")
    return trials


def _write(remembered: Path, config: TrainConfig, trials: Sequence[Trial]) -> None:
    said = {"settings": asdict(config), "trials": [asdict(trial) for trial in trials]}
    with in_words(f"cannot write '{remembered}'", StorageError), written_aside(remembered) as part:
        part.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def _frozen(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they were before they were written: what is a list there was a tuple."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}


def _value(name: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.lower()]
        return tuple(text.split("+")) if isinstance(default, tuple) else type(default)(text)
    except (ValueError, KeyError) as err:
        kind = "true or false" if isinstance(default, bool) else type(default).__name__
        raise ConfigError(f"search: {name}: got '{text}', expected {kind}") from err
