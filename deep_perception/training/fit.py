"""Training, from a data set to a model with a proof."""

from dataclasses import dataclass

from deep_perception.data.verification import check_for_training
from deep_perception.errors import InputError
from deep_perception.training.beginning import begin, rehearse
from deep_perception.training.conclusion import conclude
from deep_perception.training.course import Course
from deep_perception.training.devices import launch
from deep_perception.training.earlier import check_comparable, earlier
from deep_perception.training.epochs import Epochs
from deep_perception.training.interruption import Interrupted, Interruption
from deep_perception.training.job import Job
from deep_perception.training.learner import Learner
from deep_perception.training.listener import Listener
from deep_perception.training.run_folder import CONFIG, LAST, RunFolder
from deep_perception.training.state import Progress, load_state
from deep_perception.training.trying import searched

SAME = {
    "examples": "the labelled pictures of the data set, or its split, are others",
    "began_with": "the weights to begin with are others",
    "processes": "there are more or fewer processes",
}
"""What must not change before a training goes on, and what to say if it did."""


@dataclass(frozen=True)
class Outcome:
    """How a training ended."""

    sentence: str
    signal: int = 0
    """What stopped it before its end; 0: nothing."""


def train(job: Job, run: RunFolder, listener: Listener, *, overfit: bool = True) -> Outcome:
    """Train as long as it helps, from the beginning or from where the folder says that it stopped."""
    fabric = launch(job.config)
    old = earlier(job)
    resumed = run.has(LAST)
    if run.writes and not resumed:
        check_for_training(job.dataset, job.task)
    with run.claimed():
        if not resumed:
            run.write(CONFIG, job.record())
        if job.search:
            job = searched(job, run, fabric, listener)
        course = begin(job, run, fabric, listener)
        check_comparable(old, course.model)
        learner, progress = _resumed(course) if resumed else _begun(course, overfit)
        try:
            with Interruption() as stop:
                Epochs(course, learner, progress).run(stop)
                return Outcome(conclude(course, old, stop))
        except Interrupted as wish:
            done = f"{progress.epoch} epochs and {progress.step} of {course.steps} steps"
            return Outcome(f"stopped after {done}. Nothing is lost", wish.signal)


def _begun(course: Course, overfit: bool) -> tuple[Learner, Progress]:
    rate = rehearse(course, overfit=overfit)
    course.run.write(CONFIG, {**course.record(), "lr": rate})
    return course.learner(rate), Progress()


def _resumed(course: Course) -> tuple[Learner, Progress]:
    was, now = course.run.read(CONFIG), course.record()
    for name, change in SAME.items():
        if was.get(name) != now[name]:
            raise InputError(f"--resume: {change} than when this training began. Undo that, or begin another one")
    learner = course.learner(float(was["lr"]))
    progress = load_state(course.run, learner)
    course.listener.say(f"goes on after {progress.epoch} epochs and {progress.step} of {course.steps} steps")
    return learner, progress
