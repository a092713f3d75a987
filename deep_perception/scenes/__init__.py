"""Scenes with known truth: a table with things on it, rendered as a moving camera sees it."""

from deep_perception.scenes.objects import ALL_LABELS, LABELS
from deep_perception.scenes.render import View, render
from deep_perception.scenes.scene import Scene
from deep_perception.scenes.surfaces import SURFACES

__all__ = ["ALL_LABELS", "LABELS", "SURFACES", "Scene", "View", "render"]
