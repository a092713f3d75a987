"""The search for good settings, with real trainings that leave nothing behind but their scores."""

from dataclasses import replace

from lightning_fabric import Fabric

from deep_perception.config import TrainConfig
from deep_perception.training.beginning import begin, rehearse
from deep_perception.training.epochs import Epochs
from deep_perception.training.interruption import Interruption
from deep_perception.training.job import Job
from deep_perception.training.listener import Listener
from deep_perception.training.run_folder import SEARCH, RunFolder
from deep_perception.training.search import in_short, read_grid, search
from deep_perception.training.state import Progress


def searched(job: Job, run: RunFolder, fabric: Fabric, listener: Listener) -> Job:
    """Return the job with the best settings of its grid; a search that was stopped goes on where it was."""
    grid = read_grid(job.search)

    def tried(config: TrainConfig, epochs: int) -> float:
        score = _score(replace(job, config=replace(config, epochs=epochs, patience=0)), run, fabric)
        listener.say(f"{in_short({name: getattr(config, name) for name in grid})}: {score:.4g} after {epochs} epochs")
        return score

    found = search(job.config, grid, tried, run.path / SEARCH)
    listener.say(found.sentence)
    return replace(job, config=found.best)


def _score(job: Job, run: RunFolder, fabric: Fabric) -> float:
    """Train for a while and return the best validation score."""
    course = begin(job, RunFolder(run.path, writes=False), fabric, Listener())
    progress = Progress()
    Epochs(course, course.learner(rehearse(course, overfit=False)), progress).run(Interruption())
    assert progress.best is not None
    return progress.best
