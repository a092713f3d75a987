"""Opens what a user names as the truth about a recording."""

from collections.abc import Sequence
from pathlib import Path

from deep_perception.data.recordings import Recording
from deep_perception.errors import InputError
from deep_perception.evaluation.bags.known import Known, RecordedTruth, Truth
from deep_perception.evaluation.bags.truth_files import truth_in_data_set, truth_in_file
from deep_perception.evaluation.bags.truth_topics import KINDS, truth_on_topic

__all__ = ["IMAGES", "Known", "Truth", "open_truth"]

IMAGES = "images"
"""The recorded pictures themselves."""
_PICTURES = ("colorization", "super_resolution")


def open_truth(said: str, recording: Recording, task: str, *, label: str = "", labels: Sequence[str] = ()) -> Truth:
    """Open what `said` names: a topic of the recording, a file, the folder of a data set, or `images`.

    `label` is the class of boxes that name none, `labels` those of the model, for numbers that nobody recorded names
    of. Raise InputError where it tells nothing for this task.
    """
    topics = {topic.name: topic for topic in recording.topics}
    path = Path(said).expanduser()
    if said == IMAGES:
        return _images(recording, task)
    if (name := f"/{said.lstrip('/')}") in topics:
        return truth_on_topic(recording, topics[name], task, label, labels)
    if path.is_dir():
        return truth_in_data_set(path, recording, task)
    if path.is_file():
        return truth_in_file(path, recording, task, label)
    fit = [topic.name for topic in recording.topics if topic.kind in KINDS[task]]
    known = f"Topics there that may tell what is true: {', '.join(fit) or 'none'}"
    raise InputError(f"truth: '{said}' is no file, no data set, and no topic of {recording.path}. {known}")


def _images(recording: Recording, task: str) -> Truth:
    if task in _PICTURES:
        return RecordedTruth()
    raise InputError(f"truth: '{IMAGES}' tells nothing for {task}. Name a topic of {recording.path}, or a file")
