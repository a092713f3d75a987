"""Settings of every program: a frozen dataclass each. A field is a type, a default, a sentence and a range.

The ROS parameters, `config/*.yaml` and the tables of the documentation all follow from these fields.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from deep_perception.errors import ConfigError, unknown
from deep_perception.tasks import TASKS


@dataclass(frozen=True)
class Range:
    """What a number may be, both ends included."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:.10g} to {self.high:.10g}"


def setting(
    default: Any, doc: str, *, range: Range | None = None, choices: tuple[str, ...] = (), live: bool = False
) -> Any:
    """Declare a field: `live` settings may change while the program runs."""
    return field(default=default, metadata={"doc": doc, "range": range, "choices": choices, "live": live})


LEAST_RENDER_FACTOR = 7
"""Below, DeOldify's generators have too few pixels for their depth."""


@dataclass(frozen=True)
class Selection:
    """What is asked of a model; all of it may change between two pictures."""

    score_threshold: float = setting(0.5, "Detections that score lower are left out.", range=Range(0, 1), live=True)
    iou_threshold: float = setting(
        0.0,
        "Of two boxes of a class that overlap more than this, only the better is kept; 0 takes the model's own value.",
        range=Range(0, 1),
        live=True,
    )
    max_detections: int = setting(100, "Most detections for one picture.", range=Range(1, 10_000), live=True)
    classes: tuple[str, ...] = setting((), "Names of the classes to keep; an empty list keeps all.", live=True)
    top_k: int = setting(5, "How many classes a classifier answers.", range=Range(1, 10_000), live=True)
    color_decoding: str = setting(
        "own",
        "How a colorizer that knows how likely each colour is chooses one: as its makers do, or by annealed mean.",
        choices=("own", "annealed"),
        live=True,
    )
    render_factor: int = setting(
        0,
        "DeOldify works on a picture of 16 times this many pixels a side; 0 takes its own value.",
        range=Range(0, 64),
        live=True,
    )
    temporal_smoothing: float = setting(
        0.0,
        "Share of a colour that comes from the picture before, along the motion: more flickers less; 0: none.",
        range=Range(0, 0.95),
        live=True,
    )
    tile: int = setting(
        0,
        "Side of the tiles, in pixels, in which large pictures are upscaled; 0: as large as is sensible.",
        range=Range(0, 4096),
        live=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if 0 < self.render_factor < LEAST_RENDER_FACTOR:
            raise ConfigError(f"render_factor: got {self.render_factor}, expected 0 or {LEAST_RENDER_FACTOR} to 64")


@dataclass(frozen=True)
class PerceptionConfig(Selection):
    """Settings of perception_node."""

    model: str = setting(
        "auto",
        "Name of the network; auto takes the one named in the weights file, else the default detector.",
        live=True,
    )
    weights: str = setting(
        "default", "default, none (random), a name that `deep_perception weights list` shows, or a file.", live=True
    )
    labels: str = setting("", "Text file with a class name a line, for weights that carry no names.", live=True)
    scale: int = setting(
        0, "How many times larger an upscaler makes a picture; 0 takes the network's own.", range=Range(0, 8), live=True
    )
    download: bool = setting(False, "Consent to fetch named weights that are not in the cache.", live=True)
    device: str = setting("auto", "auto, cpu, cuda or cuda:N.")
    precision: str = setting(
        "auto", "Number format of the network.", choices=("auto", "float32", "float16", "bfloat16")
    )
    cameras: tuple[str, ...] = setting((), "Names of several cameras: <camera>/image for each; empty: one, on image.")
    image_transport: str = setting(
        "raw", "raw reads Image; compressed reads CompressedImage on <image>/compressed.", choices=("raw", "compressed")
    )
    class_id: str = setting(
        "name",
        "What class_id of a hypothesis holds: the class name or its index.",
        choices=("name", "index"),
        live=True,
    )
    max_rate_hz: float = setting(
        0.0, "Most pictures worked on in a second, for each camera; 0: no limit.", range=Range(0, 1000), live=True
    )
    max_age_ms: float = setting(
        0.0, "Pictures older than this (now - stamp) are dropped; 0: none.", range=Range(0, 3_600_000), live=True
    )
    autostart: bool = setting(True, "Configure and activate at start; false waits for the lifecycle transitions.")
    task: str = setting(
        "auto",
        "What the node is for: it refuses models of other tasks, and has a default one. auto: what its model does.",
        choices=("auto", *(task.worker for task in TASKS.values())),
    )
    roi_topic: str = setting(
        "", "Topic with the boxes that an upscaler upscales, as detections; empty: whole pictures.", live=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_cameras(self.cameras)
        if self.roi_topic:
            check_topic("roi_topic", self.roi_topic)

    def selection(self) -> Selection:
        """Return the part of these settings that a model needs."""
        return Selection(**{item.name: getattr(self, item.name) for item in fields(Selection)})


@dataclass(frozen=True)
class ContainerConfig:
    """Settings of perception_container; those of perception_node may be given to it too, for all its nodes."""

    tasks: tuple[str, ...] = setting((), "What to do with each picture, as in detector, segmenter: a node for each.")
    setup: str = setting("", "YAML file that lists models, and those that look at each camera.")

    def __post_init__(self) -> None:
        check_settings(self)


UNSEEN_SEEDS = 1_000_000
"""Scenes of smaller seeds are for showing and testing; the models in the package learnt from larger ones."""


@dataclass(frozen=True)
class SceneCameraConfig:
    """Settings of scene_camera."""

    rate_hz: float = setting(10.0, "Pictures in a second.", range=Range(0.1, 200))
    width: int = setting(640, "Width of the pictures in pixels.", range=Range(16, 4096))
    height: int = setting(480, "Height of the pictures in pixels.", range=Range(16, 4096))
    scene_s: float = setting(10.0, "Seconds after which another scene is shown.", range=Range(0.01, 1_000_000))
    seed: int = setting(0, "Number of the first scene; those after it count on.", range=Range(0, UNSEEN_SEEDS - 1))
    frame_id: str = setting("camera_optical_frame", "Frame of the pictures: x right, y down, z forward.")
    newcomer: str = setting(
        "", "Thing among the others that the package's models do not know; empty: none.", choices=("", "pawn")
    )

    def __post_init__(self) -> None:
        check_settings(self)


AUGMENTATIONS = ("flip", "crop", "rotate", "colour", "contrast", "noise", "erase")
"""What may be done to a training picture, in the order in which it is done."""


@dataclass(frozen=True)
class TrainConfig:
    """Settings of `deep_perception train`."""

    model: str = setting("auto", "Name of the network; auto takes the one of the weights, else the data's usual one.")
    weights: str = setting(
        "default", "What to begin with: default, none (random), a name of published weights, or a file."
    )
    labels: str = setting("", "Text file with a class name a line, for weights that carry no names.")
    task: str = setting(
        "auto",
        "What to learn; auto: what the network does.",
        choices=("auto", *(task.worker for task in TASKS.values())),
    )
    scale: int = setting(0, "How many times larger an upscaler makes a picture.", range=Range(0, 8))
    download: bool = setting(False, "Consent to fetch named weights that are not in the cache.")
    regime: str = setting(
        "auto",
        "What is trained: small the head, medium the last layers, large all, scratch all from random weights; "
        "auto chooses by the amount of data.",
        choices=("auto", "small", "medium", "large", "scratch"),
    )
    epochs: int = setting(40, "Times through the training part, at most.", range=Range(1, 100_000))
    patience: int = setting(
        15, "Epochs without a better validation score after which it stops; 0: never.", range=Range(0, 10_000)
    )
    batch: int = setting(8, "Pictures of a step, on each device.", range=Range(1, 4096))
    lr: str = setting("auto", "Learning rate; auto finds one by a range test.")
    schedule: str = setting("cosine", "How the learning rate falls.", choices=("cosine", "step", "constant"))
    warmup: float = setting(0.05, "Share of the steps in which the learning rate rises.", range=Range(0, 0.9))
    optimizer: str = setting("adamw", "Optimiser.", choices=("adamw", "adam", "sgd"))
    momentum: float = setting(0.9, "Momentum of sgd.", range=Range(0, 0.999))
    weight_decay: float = setting(0.01, "Weight decay.", range=Range(0, 1))
    dropout: float = setting(-1.0, "Share of dropout layers; -1 keeps the network's own.", range=Range(-1, 0.95))
    clip: float = setting(5.0, "Longest gradient; a longer one is cut to this; 0: none is.", range=Range(0, 1e6))
    average: bool = setting(True, "Judge and keep the running average of the weights, which is steadier.")
    initial: str = setting("kaiming", "How new layers begin.", choices=("kaiming", "xavier"))
    augment: tuple[str, ...] = setting(
        ("flip", "crop", "colour", "contrast", "noise", "erase"),
        f"What is done to training pictures at random, of {', '.join(AUGMENTATIONS)}; none: nothing.",
    )
    device: str = setting("auto", "auto, cpu, cuda or cuda:N.")
    precision: str = setting("32-true", "Number format.", choices=("32-true", "16-mixed", "bf16-mixed"))
    workers: int = setting(1, "Processes that prepare pictures; 0: the training itself does.", range=Range(0, 64))
    seed: int = setting(0, "Everything random is drawn from this.", range=Range(0, 2**31))

    def __post_init__(self) -> None:
        check_settings(self)
        if self.lr != "auto" and not (_is_number(self.lr) and 0 < float(self.lr) <= MOST_RATE):
            raise ConfigError(f"lr: got '{self.lr}', expected auto or a number above 0, at most {MOST_RATE}")
        for name in self.augment:
            if name not in (*AUGMENTATIONS, "none"):
                raise ConfigError(f"augment: {unknown('augmentation', name, AUGMENTATIONS)}")


MOST_RATE = 100


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def check_settings(settings: Any) -> None:
    """Raise ConfigError where a field of a settings dataclass holds a value that its declaration forbids."""
    for item in fields(settings):
        check_value(item.name, getattr(settings, item.name), item.default, **_limits(item.metadata))


def check_value(
    name: str, value: Any, default: Any, *, range: Range | None = None, choices: tuple[str, ...] = ()
) -> None:
    """Raise ConfigError unless `value` has the default's type and lies in `range` or among `choices`."""
    _check_type(name, value, type(default))
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name}: got {value}, expected a finite number")
    if range is not None and value not in range:
        raise ConfigError(f"{name}: got {value}, expected {range}")
    if choices and value not in choices:
        raise ConfigError(f"{name}: {unknown('choice', value, choices)}; expected one of {', '.join(choices)}")


def check_cameras(names: Iterable[str]) -> None:
    """Raise ConfigError unless these can be names of cameras."""
    for name in names:
        if not re.fullmatch(r"[A-Za-z]\w*(/[A-Za-z]\w*)*", name):
            raise ConfigError(f"cameras: got '{name}', expected letters, digits and underscores, as in front_left")


def check_topic(name: str, value: str) -> None:
    """Raise ConfigError unless this can be the name of a topic."""
    if not re.fullmatch(r"(~/|/)?[A-Za-z_]\w*(/[A-Za-z_]\w*)*", value):
        raise ConfigError(f"{name}: got '{value}', expected a topic, as in front/image_raw")


def check_names(settings: type, names: Any, others: Iterable[str] = ()) -> None:
    """Raise ConfigError for the first of `names` that is no field of this settings dataclass, nor one of `others`."""
    known = [*(item.name for item in fields(settings)), *others]
    for name in names:
        if name not in known:
            raise ConfigError(f"{unknown('parameter', name, known)}")


def _limits(metadata: Any) -> dict[str, Any]:
    return {key: metadata[key] for key in ("range", "choices")}


def _check_type(name: str, value: Any, kind: type) -> None:
    good = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
    if kind is float:
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is tuple:
        good = isinstance(value, tuple) and all(isinstance(entry, str) for entry in value)
    if not good:
        expected = "a list of texts" if kind is tuple else kind.__name__
        raise ConfigError(f"{name}: got {value!r} ({type(value).__name__}), expected {expected}")
