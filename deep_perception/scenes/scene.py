"""A table in a room with things on it: laid out at random from a seed, lit once, then looked at from anywhere."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.errors import InputError, unknown
from deep_perception.scenes import objects, surfaces
from deep_perception.scenes.camera import Path
from deep_perception.scenes.light import Lamp, encode
from deep_perception.scenes.objects import Thing
from deep_perception.scenes.paint import canvas, hsv

Vector = NDArray[np.float64]

TABLE = (1.5, 1.0)
"""Width and depth of the table top in metres; its middle is the origin of the world and z points up."""

CROWD = (0.31, 0.22)
"""Things stand at most this far from the middle."""

GROUND, CEILING, WALLS = -0.75, 1.75, (2.8, 2.4)

DETAIL = 500
"""Texels of the table top in a metre."""


@dataclass(frozen=True, eq=False)
class Plane:
    """A rectangle in the world: its coded texture's top left corner, and its sides to the right and down."""

    corner: Vector
    across: Vector
    down: Vector
    texture: NDArray[np.uint8]


class Scene:
    """Everything but the camera's time. The same arguments always make the same scene."""

    def __init__(self, seed: int, *, things: int | None = None, surface: str | None = None, newcomer: str = "") -> None:
        """`things` on the table (4 to 9 unless told); fewer where no room is left. `surface` is one of SURFACES.

        One or two of `newcomer`, a class that the package's models do not know, stand among them when it is named.
        """
        if newcomer and newcomer not in objects.ALL_LABELS[len(objects.LABELS) :]:
            raise InputError(unknown("newcomer", newcomer, objects.ALL_LABELS[len(objects.LABELS) :]))
        if surface is not None and surface not in surfaces.SURFACES:
            raise InputError(unknown("surface", surface, surfaces.SURFACES))
        self.seed = seed
        rng = np.random.default_rng(seed)
        self.surface = surfaces.SURFACES.index(surface) if surface else int(rng.integers(len(surfaces.SURFACES)))
        self.lamp = Lamp.random(rng)
        self.path = Path.random(rng)
        self.phase = rng.uniform(0, 2 * np.pi)
        self.things = _scatter(rng, int(rng.integers(4, 10)) if things is None else things)
        if newcomer:
            late = np.random.default_rng([seed, 3])  # of its own, so that all others stay where they were
            for _ in range(int(late.integers(1, 3))):
                _stand(late, objects.ALL_LABELS.index(newcomer), self.things)
        self._looks = int(rng.integers(2**32))

    @cached_property
    def table(self) -> Plane:
        """The top with light and shadows painted on."""
        width, depth = TABLE
        size = round(depth * DETAIL), round(width * DETAIL)
        texture = surfaces.BUILDERS[self.surface](np.random.default_rng([self._looks, 0]), size)
        corner, across, down = np.array([-width / 2, depth / 2, 0]), np.array([width, 0, 0]), np.array([0, -depth, 0])
        light = self.lamp.on_table(corner, across, down, self.things)
        texture *= cv2.resize(light, size[::-1], interpolation=cv2.INTER_CUBIC)
        return Plane(corner, across, down, encode(texture))

    @cached_property
    def sides(self) -> list[Plane]:
        """The table's body, down to the floor."""
        rng = np.random.default_rng([self._looks, 1])
        front = canvas(hsv(rng.uniform(), rng.uniform(0.05, 0.5), rng.uniform(0.3, 0.8)), 150, 300)
        front *= np.linspace(0.8, 0.35, 150, dtype=np.float32)[:, None, None]
        front[:7] *= 1.4
        front[8:11] *= 0.4
        for column in (1, 99, 199, 297):
            front[:, column : column + 2] *= 0.5
        return _upright_planes(TABLE[0] / 2, -TABLE[1] / 2, (0, GROUND), [encode(front)] * 4)

    @cached_property
    def room(self) -> list[Plane]:
        """Floor, ceiling and four walls, seen from inside."""
        rng = np.random.default_rng([self._looks, 2])
        x, y = WALLS
        paint = hsv(rng.uniform(), rng.uniform(0.05, 0.45), rng.uniform(0.45, 0.9))
        walls = _upright_planes(x, y, (CEILING, GROUND), [encode(surfaces.wall(rng, paint)) for _ in range(4)])
        level = np.array([2 * x, 0, 0]), np.array([0, -2 * y, 0])
        floor = Plane(np.array([-x, y, GROUND]), *level, encode(surfaces.floor(rng)))
        return [floor, Plane(np.array([-x, y, CEILING]), *level, encode(canvas((0.6, 0.6, 0.6), 8, 8))), *walls]

    def exposure(self, time: float) -> float:
        """The brightness of the picture sways as a camera's automatic exposure does."""
        return float(np.exp(0.22 * np.sin(2 * np.pi * time / 11 + self.phase)))


def _upright_planes(x: float, y: float, heights: tuple[float, float], textures: list[NDArray[np.uint8]]) -> list[Plane]:
    """The four sides of a box around the origin, seen from inside; from outside if one of x and y is negative."""
    top, bottom = heights
    corners = [(-x, y), (x, y), (x, -y), (-x, -y)]
    pairs = zip(corners, corners[1:] + corners[:1], textures, strict=True)
    down = np.array([0, 0, bottom - top])
    return [Plane(np.array([*a, top]), np.array([*np.subtract(b, a), 0]), down, texture) for a, b, texture in pairs]


def _scatter(rng: np.random.Generator, count: int) -> list[Thing]:
    """Stand things at random places where none touches another."""
    things: list[Thing] = []
    for _ in range(count):
        _stand(rng, int(rng.integers(1, len(objects.LABELS))), things)
    return things


def _stand(rng: np.random.Generator, label: int, things: list[Thing]) -> None:
    """Find a place for one more thing; give up after 60 tries."""
    parts, low, high = objects.make(rng, label)
    foot = objects.footprint(parts)
    for _ in range(60):
        place = rng.uniform(-1, 1, 2) * CROWD
        if all(np.linalg.norm(place - one.position[:2]) > foot + one.foot + 0.004 for one in things):
            rotation = _turned(rng) if objects.ALL_LABELS[label] == "ball" else _upright(rng.uniform(0, 2 * np.pi))
            things.append(Thing(label, parts, low, high, rotation, np.array([*place, max(0.0, -low[2])])))
            break


def _upright(angle: float) -> Vector:
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])


def _turned(rng: np.random.Generator) -> Vector:
    """Any rotation."""
    basis, triangle = np.linalg.qr(rng.standard_normal((3, 3)))
    basis = basis * np.sign(np.diag(triangle))
    return basis if np.linalg.det(basis) > 0 else -basis
