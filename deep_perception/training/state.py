"""Where a training stands, on disk: what `--resume` goes on from."""

import pickle
from collections import Counter
from dataclasses import asdict, dataclass, field

import torch

from deep_perception.errors import InputError
from deep_perception.training.learner import Learner
from deep_perception.training.run_folder import LAST, RunFolder

FORMAT = 1


@dataclass
class Progress:
    """How far a training is."""

    epoch: int = 0
    """Epochs that are over: learnt from, examined and written down."""
    step: int = 0
    """Steps of the running epoch that are done."""
    sums: Counter[str] = field(default_factory=Counter)
    """Losses and lengths of gradients of the running epoch, added up."""
    history: list[dict[str, float]] = field(default_factory=list)
    """What was written of each epoch."""
    best: float | None = None
    best_epoch: int = 0
    """The epoch of the best validation score, counted from 1."""


def save_state(run: RunFolder, learner: Learner, progress: Progress) -> None:
    """Write where the training stands."""
    said = {**asdict(progress), "sums": dict(progress.sums)}  # a Counter is more than a safe file may hold
    state = {"format": FORMAT, "learner": learner.state_dict(), "progress": said}
    with run.written(LAST) as part:
        torch.save(state, part)


def load_state(run: RunFolder, learner: Learner) -> Progress:
    """Go on where the training stood; raise InputError where the file is damaged."""
    path = run.path / LAST
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["format"] > FORMAT:
            raise InputError(f"{path} has format {state['format']}, expected at most {FORMAT}. Update deep_perception")
        learner.load_state_dict(state["learner"])
        said = dict(state["progress"])
        return Progress(**{**said, "sums": Counter(said["sums"])})
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError) as err:
        raise InputError(f"{path} is damaged ({_line(err)}). Train anew, into another folder") from err


def _line(err: Exception) -> str:
    return (" ".join(str(err).split()) or type(err).__name__)[:160]
