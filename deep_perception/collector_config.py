"""Settings of collector_node. They stand apart from config.py, on which the settings of sampling build."""

from dataclasses import dataclass

from deep_perception.config import Range, check_cameras, setting
from deep_perception.data.sampling.settings import SamplingConfig


@dataclass(frozen=True)
class CollectorConfig(SamplingConfig):
    """Settings of collector_node; which pictures are worth keeping among them."""

    dataset_dir: str = setting(
        "~/.ros/deep_perception/collected", "Folder of the data set; one that is there grows on."
    )
    image_format: str = setting(
        "jpg", "How raw pictures are stored; compressed ones are kept as they are.", choices=("jpg", "png"), live=True
    )
    cameras: tuple[str, ...] = setting((), "Names of several cameras: <camera>/image for each; empty: one, on image.")
    image_transport: str = setting(
        "raw", "raw reads Image; compressed reads CompressedImage on <image>/compressed.", choices=("raw", "compressed")
    )
    match_timeout_s: float = setting(
        1.0, "How long a picture waits for what a running model, or depth, says of it.", range=Range(0, 60)
    )
    keep_annotated: bool = setting(
        True,
        "Keep every picture that a teacher annotates, and that the model has answered where one is running.",
        live=True,
    )
    annotations_complete: bool = setting(
        False, "A teacher's boxes are all there is in a picture; false: a model's boxes elsewhere stay.", live=True
    )
    autostart: bool = setting(True, "Collect from the start; false waits for the service start.")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_cameras(self.cameras)
