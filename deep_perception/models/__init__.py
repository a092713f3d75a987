"""Every network the package knows (MODELS) and the one way to make a Model of any of them (create)."""

from deep_perception.models.creation import create, save
from deep_perception.models.family import Family
from deep_perception.models.model import Model
from deep_perception.models.table import MODELS, build_network, find, named_weights, names

__all__ = ["MODELS", "Family", "Model", "build_network", "create", "find", "named_weights", "names", "save"]
