"""One lamp, its shadows, and how much of its light a surface sends to the eye."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.scenes.objects import Thing
from deep_perception.scenes.shapes import Array

LIFT = 1.5e-3
"""Shadow rays start this far off the surface (metres), or it would shade itself."""

SHADOW_DETAIL = 120
"""Texels of the table's light map in a metre."""

BRIGHTEST = 2.0
"""Light that the code 255 stands for; 1 is white paper below the lamp."""


def encode(light: Array) -> NDArray[np.uint8]:
    """Eight bits are enough for the root of light, which also is near the display's gamma."""
    code = np.sqrt(np.maximum(light, 0) * np.float32(255**2 / BRIGHTEST))
    return np.minimum(code + np.float32(0.5), 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Lamp:
    """A round lamp above the table."""

    position: NDArray[np.float64]
    colour: Array
    ambient: Array
    radius: float = 0.07

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Lamp":
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.9)
        position = np.array([away * np.cos(angle), away * np.sin(angle), rng.uniform(1.0, 1.4)])
        warmth = rng.uniform(-0.1, 0.14)
        tint = np.array([1 + warmth, 1, 1 - warmth], np.float32)
        ambient = rng.uniform(0.34, 0.5)
        return cls(position, (1.5 - ambient) * tint, np.float32(ambient) * (2 - tint))

    def falloff(self, offset: Array) -> Array:
        """Light arriving along `offset` (3, ...) to the lamp, 1 straight below it."""
        return np.float32(self.position[2] ** 2) / (offset**2).sum(axis=0)

    def on_table(self, corner: Array, across: Array, down: Array, things: Sequence[Thing]) -> Array:
        """Light (h, w, 3) on the table top, with the soft shadows of what stands on it."""
        height, width = (round(float(np.linalg.norm(side)) * SHADOW_DETAIL) for side in (down, across))
        s, t = (np.arange(width) + 0.5) / width, ((np.arange(height) + 0.5) / height)[:, None]
        points = np.stack([corner[i] + across[i] * s + down[i] * t for i in range(3)]).astype(np.float32)
        offset = np.float32(self.position)[:, None, None] - points
        slope = offset[2] / np.sqrt((offset**2).sum(axis=0))
        share = self._open(points.reshape(3, -1), things).reshape(height, width)
        direct = self.falloff(offset) * slope * cv2.GaussianBlur(share, (0, 0), 0.8)
        nearby = np.ones((height, width), np.float32)
        for thing in things:
            x, y = (points[:2] - np.float32(thing.position[:2, None, None])) / np.float32(max(thing.high[0], 0.03))
            nearby *= 1 - 0.55 * np.exp(-0.9 * (x * x + y * y))
        return direct[..., None] * self.colour + nearby[..., None] * self.ambient

    def _open(self, points: Array, things: Sequence[Thing]) -> Array:
        """The share (n,) of the lamp that these points see."""
        ring = self.radius * np.array([(0, 0, 0), (1, 0, 0), (-0.5, 0.87, 0), (-0.5, -0.87, 0), (0.5, 0.5, 0)])
        dark = [shaded(points, self.position + shift, things) for shift in ring]
        return 1 - np.mean(dark, axis=0, dtype=np.float32)


def shaded(points: Array, lamp: NDArray[np.float64], things: Sequence[Thing]) -> NDArray[np.bool_]:
    """Which of the world points (3, n) have a thing between them and a point lamp."""
    dark = np.zeros(points.shape[1], bool)
    source = lamp.astype(np.float32)
    direction = source[:, None] - points
    for thing in _between(points, source, things):
        centre = np.float32(thing.centre)
        along = ((centre[:, None] - points) * direction).sum(axis=0) / (direction**2).sum(axis=0)
        miss = ((points + along * direction - centre[:, None]) ** 2).sum(axis=0)
        maybe = np.flatnonzero((miss < thing.reach**2) & ~dark)
        if len(maybe):
            turn = np.float32(thing.rotation.T)
            start = turn @ (points[:, maybe] - np.float32(thing.position)[:, None])
            dark[maybe] = _blocked(start, turn @ direction[:, maybe], thing)
    return dark


def _between(points: Array, lamp: Array, things: Sequence[Thing]) -> list[Thing]:
    """The things that come near the line from the middle of the points to the lamp: the others need no rays."""
    if not points.size:
        return []
    middle = points.mean(axis=1)
    spread = np.sqrt(((points - middle[:, None]) ** 2).sum(axis=0).max())
    line = (lamp - middle) / np.linalg.norm(lamp - middle)

    def is_near(thing: Thing) -> bool:
        offset = np.float32(thing.centre) - middle
        return bool(offset @ offset - (offset @ line) ** 2 < (thing.reach + spread) ** 2)

    return [thing for thing in things if is_near(thing)]


def _blocked(start: Array, direction: Array, thing: Thing) -> NDArray[np.bool_]:
    blocked = np.zeros(start.shape[1], bool)
    for shape, _ in thing.parts:
        distance = shape.hit(start, direction)
        blocked |= (distance > 1e-4) & (distance < 1)
    return blocked


def shade(
    lamp: Lamp, albedo: Array, normal: Array, view: Array, points: Array, lit: NDArray[np.bool_], gloss: Array
) -> Array:
    """Colours (3, n) seen along unit `view` at world `points`: Lambert, a highlight, the glow of table and room."""
    offset = np.float32(lamp.position)[:, None] - points
    strength = lamp.falloff(offset) * lit.astype(np.float32)
    towards = offset / np.sqrt((offset**2).sum(axis=0))
    facing = np.maximum((normal * towards).sum(axis=0), 0)
    half = towards - view
    half /= np.sqrt((half**2).sum(axis=0))
    shine = gloss * np.maximum((normal * half).sum(axis=0), 0) ** (20 + 60 * gloss)
    rim = 0.35 * gloss * (1 + (normal * view).sum(axis=0)) ** 4
    sky = (0.75 + 0.35 * normal[2]) * np.clip(0.55 + 14 * points[2], 0, 1)
    direct, ambient = lamp.colour[:, None] * strength, lamp.ambient[:, None]
    return albedo * (direct * facing + ambient * sky) + direct * shine * (facing > 0) + ambient * rim
