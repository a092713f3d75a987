"""From what somebody asks for to a job that can be done: whatever is wrong is found here, before any work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from deep_perception.config import PerceptionConfig
from deep_perception.data.media import unique
from deep_perception.data.recordings import Recording, Topic
from deep_perception.errors import ConfigError, ImageError, InputError
from deep_perception.evaluate_config import EvaluateConfig
from deep_perception.evaluation.bags.answers import Answers, ModelAnswers, remembers, told
from deep_perception.evaluation.bags.cameras import cameras_of
from deep_perception.evaluation.bags.job import Job, Stream, opened_truth
from deep_perception.evaluation.bags.recorded import RecordedAnswers, answers_topic, said_on, task_of, told_topic
from deep_perception.evaluation.bags.truth import IMAGES
from deep_perception.evaluation.numbering import NAMELESS, places_of
from deep_perception.models import Model, checkpoint
from deep_perception.models.creation import create_configured

OWN_TRUTH = ("colorization", "super_resolution")
"""Tasks of models whose truth is the recorded picture itself, unless another one is named."""


@dataclass(frozen=True)
class Subject:
    """Who is asked."""

    task: str
    labels: tuple[str, ...]
    model: Model | None = None
    topic: Topic | None = None
    """Where the answers were recorded, if no model runs."""


def plan(bags: Sequence[Path], config: EvaluateConfig, perception: PerceptionConfig) -> tuple[Job, Answers]:
    """Return the job, and who answers in this process; raise a DeepPerceptionError for whatever is wrong with it."""
    _check(config, perception)
    recordings = _opened(bags)
    streams = _streams(recordings, config)
    subject = _on_topic(recordings, streams, config.topic) if config.topic else _of_model(perception)
    model, task = subject.model, subject.task
    truth = config.truth or (IMAGES if model and task in OWN_TRUTH else "")
    names = _names(subject, recordings, truth, config)
    answers = ModelAnswers(model, names) if model else RecordedAnswers(config.topic, task, names)
    job = Job(
        config,
        perception,
        streams,
        task,
        truth,
        names,
        subject.labels,
        told(model, perception) if model else told_topic(subject.topic),
        shrink=int(getattr(model, "scale", 1)) if truth == IMAGES else 1,
        whole=model is not None and remembers(model),
    )
    return job, answers


def answers_of(job: Job) -> Answers:
    """Return who answers, in another process than the one that planned."""
    if job.config.topic:
        return RecordedAnswers(job.config.topic, job.task, job.names)
    return ModelAnswers(_created(job.perception), job.names)


def with_weights(perception: PerceptionConfig, weights: str) -> PerceptionConfig:
    """Return the settings of another model: its weights tell which network it is, else it is the same."""
    path = Path(weights).expanduser()
    named = checkpoint.load(path).model if path.is_file() else None
    return replace(perception, model=named or perception.model, weights=weights)


def _check(config: EvaluateConfig, perception: PerceptionConfig) -> None:
    if config.truth_label and not config.truth:
        raise ConfigError("--truth-label: got a class, but no truth that it is of. Name it with --truth")
    if config.topic and perception != PerceptionConfig():
        raise ConfigError("--topic: the answers are recorded already, so no model runs. Leave out what is said of one")


def _opened(bags: Sequence[Path]) -> list[Recording]:
    paths = [bag.expanduser().resolve() for bag in bags]
    for path in paths:
        if paths.count(path) > 1:
            raise InputError(f"{path}: given twice. Name each recording once")
    return [Recording(path) for path in paths]


def _streams(recordings: Sequence[Recording], config: EvaluateConfig) -> tuple[Stream, ...]:
    """Find the pictures; raise InputError where there are none, or a choice is open."""
    taken: set[str] = set()
    names = [unique(recording.name, taken) for recording in recordings]
    return tuple(
        Stream(recording.path, name, topic.name, topic.kind, topic.count)
        for recording, name in zip(recordings, names, strict=True)
        for topic in cameras_of(recording, config)
    )


def _of_model(perception: PerceptionConfig) -> Subject:
    model = _created(perception)
    return Subject(model.task, model.labels, model=model)


def _created(perception: PerceptionConfig) -> Model:
    """Make the model, the same in every process even where its weights are random."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        return create_configured(perception)


def _on_topic(recordings: Sequence[Recording], streams: Sequence[Stream], wanted: str) -> Subject:
    """Find the answers in every recording; raise InputError where there are none, or of several tasks."""
    topics = [answers_topic(recording, wanted) for recording in recordings]
    cameras = {stream.path: stream.camera for stream in streams}
    try:
        tasks = {task_of(one, topic, cameras[one.path]) for one, topic in zip(recordings, topics, strict=True)}
    except ImageError as err:
        raise InputError(f"--topic {wanted}: the first answer cannot be read ({err}). Record it again") from err
    if len(tasks) > 1:
        raise InputError(f"--topic {wanted}: got answers of {' and '.join(sorted(tasks))}. Evaluate them one by one")
    task = tasks.pop()
    said = [said_on(one, topic, task) for one, topic in zip(recordings, topics, strict=True)]
    return Subject(task, tuple(dict.fromkeys(name for each in said for name in each.names)), topic=topics[0])


def _names(subject: Subject, recordings: Sequence[Recording], truth: str, config: EvaluateConfig) -> tuple[str, ...]:
    """Return the names that labels number: those of the truth, else those of who answers."""
    truths = [opened_truth(truth, recording, subject.task, config, subject.labels) for recording in recordings]
    if subject.task in NAMELESS:
        return ()
    if not truth:
        return subject.labels
    names = tuple(dict.fromkeys(name for one in truths if one for name in one.names))
    if subject.model:
        places_of(subject.model, names)  # which warns where none of them is known
    return names
