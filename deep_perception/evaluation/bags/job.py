"""What an evaluation has to do: all that a process needs to know to do a part of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deep_perception.config import PerceptionConfig
from deep_perception.data.recordings import Recording, Window, pictures
from deep_perception.evaluate_config import EvaluateConfig
from deep_perception.evaluation.bags.truth import Truth, open_truth


@dataclass(frozen=True)
class Stream:
    """The pictures of one camera in one recording."""

    path: Path
    bag: str
    """Name of the recording, unique in the job."""
    camera: str
    kind: str
    messages: int

    def pictures(self, window: Window) -> int:
        """Return how many pictures lie in the window, as far as the recording says."""
        count = -(-self.messages // window.stride)
        if window.start_s or window.end_s != Window.end_s:
            return sum(1 for _ in pictures(Recording(self.path), self.camera, window))
        return count if window.max_frames is None else min(count, window.max_frames)


@dataclass(frozen=True)
class Job:
    """Pictures, who answers for them, and what is true of them."""

    config: EvaluateConfig
    perception: PerceptionConfig
    streams: tuple[Stream, ...]
    task: str
    truth: str
    """What was named, or what is usual for the task; empty: none."""
    names: tuple[str, ...]
    """What labels number, in answers and in truth."""
    labels: tuple[str, ...]
    """What who answers calls the classes."""
    subject: Mapping[str, Any]
    """What the result says of who answers."""
    shrink: int = 1
    """How many times smaller than it was recorded a picture is shown."""
    whole: bool = False
    """Whether an answer depends on all pictures of the stream before."""

    @property
    def window(self) -> Window:
        """Return which pictures of each stream are wanted."""
        return window_of(self.config)

    def truth_in(self, recording: Recording) -> Truth | None:
        """Open the truth about a recording; None where there is none."""
        return opened_truth(self.truth, recording, self.task, self.config, self.labels)

    def facts(self) -> dict[str, Any]:
        """Return what must be the same before the work goes on."""
        streams = [{**asdict(stream), "path": str(stream.path)} for stream in self.streams]
        return {"recordings": streams, "weights": self.subject.get("identity"), "classes": list(self.names)}


def window_of(config: EvaluateConfig) -> Window:
    """Return which pictures these settings ask for."""
    end = config.end or Window.end_s
    return Window(start_s=config.start, end_s=end, stride=config.stride, max_frames=config.max_frames or None)


def opened_truth(
    said: str, recording: Recording, task: str, config: EvaluateConfig, labels: tuple[str, ...]
) -> Truth | None:
    """Open the truth about a recording; None where none is named."""
    return open_truth(said, recording, task, label=config.truth_label, labels=labels) if said else None
