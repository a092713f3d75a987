"""Mistakes that a user can mend. Each message says what, got, expected and what to do, in one line."""

import difflib
from collections.abc import Iterable


class DeepPerceptionError(Exception):
    """Anything the person at the keyboard can put right."""


class ConfigError(DeepPerceptionError):
    """A parameter, option or file of settings is wrong."""


class DeviceError(DeepPerceptionError):
    """The device or precision asked for is not there."""


class ImageError(DeepPerceptionError):
    """A picture cannot be read; `kind` is short and stable, so that one kind is reported once."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class InputError(DeepPerceptionError):
    """A file, folder or recording given as input cannot be used."""


class ModelError(DeepPerceptionError):
    """A model is unknown or cannot do what was asked of it."""


class StorageError(DeepPerceptionError):
    """A disk is full, or may not be written."""


class WeightsError(DeepPerceptionError):
    """Weights are missing, damaged, unsafe, or made for another network."""


def unknown(what: str, got: str, choices: Iterable[str]) -> str:
    """Say that `got` is not one of `choices`, naming the nearest ones.

    >>> unknown("model", "resnet5", ["resnet50", "vgg16"])
    "unknown model 'resnet5'. Nearest: resnet50"
    """
    choices = list(choices)
    # A name cut short ("fasterrcnn") is further away letter by letter than it is to the person who typed it.
    near = [name for name in choices if got and name.startswith(got)]
    near += [name for name in difflib.get_close_matches(got, choices, n=4, cutoff=0.5) if name not in near]
    hint = f"Nearest: {', '.join(near[:5])}" if near else f"Known: {', '.join(choices[:12])}"
    return f"unknown {what} '{got}'. {hint}"
