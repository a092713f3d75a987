"""Settings of `deep_perception evaluate`: which pictures of a recording, which truth, and by how many processes."""

from dataclasses import dataclass

from deep_perception.config import Range, check_settings, check_topic, setting
from deep_perception.errors import ConfigError

MOST_FRAMES = 1_000_000_000
MOST_SECONDS = 1e7


@dataclass(frozen=True)
class EvaluateConfig:
    """What is scored, against what, and how the work is divided."""

    image: tuple[str, ...] = setting((), "Image topics, one a camera; without it the only one that a recording holds.")
    all_cameras: bool = setting(False, "Look at all image topics of a recording.")
    truth: str = setting(
        "",
        "What is true: a topic of the recording, a COCO file, a JSON file of boxes by stamp, the folder of a data set, "
        "or images, the recorded pictures themselves (the default of colorizers and upscalers).",
    )
    truth_label: str = setting("", "Class of the boxes of a truth that names none; only this class is scored then.")
    topic: str = setting("", "Score the answers that were recorded on this topic, instead of running a model.")
    stride: int = setting(1, "Take every N-th picture.", range=Range(1, MOST_FRAMES))
    max_frames: int = setting(0, "Stop after N pictures of each camera; 0: never.", range=Range(0, MOST_FRAMES))
    start: float = setting(0.0, "Begin so many seconds after the recording begins.", range=Range(0, MOST_SECONDS))
    end: float = setting(
        0.0, "Stop so many seconds after the recording begins; 0: at its end.", range=Range(0, MOST_SECONDS)
    )
    batch: int = setting(1, "Pictures that the model answers at once.", range=Range(1, 4096))
    workers: int = setting(
        0, "Processes that share the work; 0: one on a GPU, else as many as there are cores.", range=Range(0, 1024)
    )
    ray: str = setting("", "Share the work by Ray: the address of a cluster, or local.")

    def __post_init__(self) -> None:
        check_settings(self)
        for name, topics in (("image", self.image), ("topic", (self.topic,) if self.topic else ())):
            for topic in topics:
                check_topic(name, topic)
        if self.end and self.end <= self.start:
            raise ConfigError(f"end: got {self.end:g}, expected more than start, which is {self.start:g}")
        if self.all_cameras and self.image:
            raise ConfigError("all_cameras: image names topics already. Leave out one of the two")
        if self.all_cameras and self.topic:
            raise ConfigError("all_cameras: the answers of a topic are to one camera's pictures. Name it with image")
