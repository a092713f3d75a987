"""The model that the new one would replace."""

from pathlib import Path

from deep_perception.errors import ModelError
from deep_perception.models.creation import create, read_labels
from deep_perception.models.model import Model
from deep_perception.training.job import Job


def earlier(job: Job) -> Model | None:
    """Make the model with the weights to compare with, else those to begin with; None where these are random."""
    config = job.config
    if not job.replaces and (config.weights == "none" or config.regime == "scratch"):
        return None
    name, weights = _named(job.replaces) if job.replaces else (config.model, config.weights)
    labels = () if job.replaces else read_labels(config.labels)  # those of the weights that it begins with
    name = name or config.model
    model = create(name, weights, labels=labels, device="cpu", scale=config.scale, download=config.download)
    if model.task != job.task:
        raise ModelError(f"--replaces: {weights} is for {model.task}, expected {job.task}. Name others")
    return None if model.identity.startswith("backbone") else model


def check_comparable(old: Model | None, new: Model) -> None:
    """Raise ModelError where both cannot answer for the same pictures."""
    scales = [getattr(model, "scale", 0) for model in (old or new, new)]  # upscalers alone have one
    if scales[0] != scales[1]:
        raise ModelError(
            f"--replaces: those weights are for scale {scales[0]}, expected {scales[1]}. Name others, or a --scale"
        )


def _named(text: str) -> tuple[str, str]:
    """Read what `deep_perception weights list` shows, MODEL:WEIGHTS, or a file, which says its network itself."""
    if Path(text).expanduser().is_file():
        return "auto", text
    name, _, weights = text.rpartition(":")
    return name, weights
