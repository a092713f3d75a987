"""The things on the table: each builder makes one random specimen of its class, standing on z = 0 (metres)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.scenes import paint
from deep_perception.scenes.paint import Paint
from deep_perception.scenes.shapes import Block, Disc, Revolved, Shape, Torus

Parts: TypeAlias = list[tuple[Shape, Paint]]


@dataclass(frozen=True, eq=False)
class Thing:
    """Parts in their own frame, the corners of the box around them, and where they stand in the world."""

    label: int
    parts: Parts
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rotation: NDArray[np.float64]
    position: NDArray[np.float64]

    @property
    def convex(self) -> bool:
        """Whether it cannot throw a shadow on itself."""
        return ALL_LABELS[self.label] in CONVEX

    @cached_property
    def centre(self) -> NDArray[np.float64]:
        return self.position + self.rotation @ ((self.low + self.high) / 2)

    @cached_property
    def reach(self) -> float:
        """Radius of a ball around `centre` that holds everything."""
        return float(np.linalg.norm(self.high - self.low) / 2)

    @cached_property
    def foot(self) -> float:
        """Radius of the ground that it needs."""
        return footprint(self.parts)

    @property
    def corners(self) -> NDArray[np.float64]:
        pick = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)], bool)
        return self.position + np.where(pick, self.high, self.low) @ self.rotation.T


def ball(rng: np.random.Generator) -> Parts:
    radius = rng.uniform(0.036, 0.06)
    one = paint.lively(rng)
    look = [paint.stripes, paint.bands, paint.dots][rng.integers(3)](rng, one, paint.contrasting(rng, one))
    return [(Revolved.sphere(radius, 0.0, -radius, radius), Paint(look, 0.45))]


def box(rng: np.random.Generator) -> Parts:
    x, y, z = rng.uniform(0.035, 0.06), rng.uniform(0.022, 0.05), rng.uniform(0.07, 0.19)
    card = paint.hsv(rng.uniform(0.07, 0.1), rng.uniform(0.3, 0.5), rng.uniform(0.6, 0.8))
    faces = _carton(rng, card) if rng.uniform() < 0.35 else _package(rng)
    return [(Block((-x, -y, 0.0), (x, y, z)), Paint(faces, 0.1))]


def _carton(rng: np.random.Generator, card: paint.Colour) -> paint.Texture:
    """Brown cardboard with tape and a printed mark."""
    faces = paint.canvas(card, 96, 288)
    faces *= 1 + 0.05 * rng.standard_normal((96, 1, 1)).astype(np.float32)
    tape = (card[0] * 0.7, card[1] * 0.6, card[2] * 0.5)
    faces[38:58, 192:] = tape
    faces[:22, 38:58] = tape
    paint.write(rng, faces, (106, 60, 150, 84), (0.05, 0.04, 0.03))
    return faces


def _package(rng: np.random.Generator) -> paint.Texture:
    """A printed package: coloured front with a panel, an emblem and writing, darker sides."""
    one = paint.lively(rng)
    two, ink = paint.contrasting(rng, one), paint.hsv(rng.uniform(), 0.6, 0.25)
    faces = paint.canvas(one, 96, 288)
    cv2.rectangle(faces, (96, 52), (191, 95), two, -1)
    paint.emblem(faces, (144, 27), 19, two)
    paint.write(rng, faces, (104, 60, 184, 92), ink)
    cv2.rectangle(faces, (12, 10), (83, 40), two, -1)
    paint.write(rng, faces, (20, 50, 76, 90), two)
    cv2.rectangle(faces, (192, 40), (287, 55), two, -1)
    return faces


def can(rng: np.random.Generator) -> Parts:
    radius, height = rng.uniform(0.03, 0.043), rng.uniform(0.08, 0.13)
    tin = paint.plain((0.55, 0.56, 0.58), 0.9)
    one = paint.lively(rng)
    look = [paint.label, paint.bands, paint.stripes][rng.integers(3)](rng, one, paint.contrasting(rng, one))
    return [
        (Revolved.straight(0, radius * 0.9, 0.006, radius), tin),
        (Revolved.straight(0.006, radius, height - 0.009, radius), Paint(look, 0.6)),
        (Revolved.straight(height - 0.009, radius, height, radius * 0.86), tin),
        (Disc(height - 0.003, radius * 0.86), Paint(_lid(), 0.8)),
    ]


def _lid() -> paint.Texture:
    """Pressed rings and a pull tab."""
    lid = paint.canvas((0.5, 0.51, 0.53), 64, 64)
    cv2.circle(lid, (32, 32), 27, (0.22, 0.22, 0.24), 2)
    cv2.circle(lid, (32, 32), 23, (0.68, 0.69, 0.7), 1)
    cv2.ellipse(lid, (32, 37), (6, 10), 0, 0, 360, (0.75, 0.76, 0.78), -1)
    cv2.ellipse(lid, (32, 41), (3, 4), 0, 0, 360, (0.15, 0.15, 0.16), -1)
    return lid


def bottle(rng: np.random.Generator) -> Parts:
    radius, height = rng.uniform(0.028, 0.038), rng.uniform(0.2, 0.27)
    body, neck = height * rng.uniform(0.5, 0.6), radius * rng.uniform(0.32, 0.42)
    colour = paint.lively(rng)
    glass, cap = paint.plain(colour, 0.95), paint.plain(paint.contrasting(rng, colour), 0.4)
    around = Paint(paint.label(rng, colour, paint.contrasting(rng, colour)), 0.5)
    shoulder, mouth = body + height * 0.16, height - 0.022
    return [
        (Revolved.straight(0, radius, body * 0.15, radius), glass),
        (Revolved.straight(body * 0.15, radius, body * 0.85, radius), around),
        (Revolved.straight(body * 0.85, radius, body, radius), glass),
        (Revolved.shoulder(body, radius, shoulder, neck), glass),
        (Revolved.straight(shoulder, neck, mouth, neck), glass),
        (Revolved.straight(mouth, neck * 1.3, height, neck * 1.25), cap),
        (Disc(height, neck * 1.25), cap),
    ]


def mug(rng: np.random.Generator) -> Parts:
    radius, height = rng.uniform(0.036, 0.044), rng.uniform(0.078, 0.1)
    wall, filled = 0.0035, height * rng.uniform(0.6, 0.85)
    coat = paint.patterned(rng, 0.55)
    edge = Paint(coat.texture[:1, :1], 0.55)
    china = paint.plain(paint.hsv(0.12, 0.08, 0.92), 0.5)
    drink = paint.plain([(0.05, 0.018, 0.008), (0.16, 0.05, 0.012), (0.5, 0.34, 0.2)][rng.integers(3)], 0.7)
    return [
        (Revolved.straight(0, radius, height, radius), coat),
        (Revolved.straight(0.01, radius - wall, height, radius - wall), china),
        (Disc(height, radius, radius - wall), china),
        (Disc(filled, radius - wall), drink),
        (Torus((radius * 0.96, 0.0, height * 0.5), height * 0.3, 0.006, cut=radius), edge),
    ]


def bowl(rng: np.random.Generator) -> Parts:
    rim, height, wall = rng.uniform(0.065, 0.085), rng.uniform(0.045, 0.06), 0.004
    # The sphere that is as wide as the foot at z = 0 and as the rim at the top.
    foot = rim * 0.5
    centre = (rim**2 - foot**2 + height**2) / (2 * height)
    radius = float(np.hypot(foot, centre))
    outside, inside = paint.patterned(rng, 0.5), paint.plain(paint.hsv(rng.uniform(), rng.uniform(0, 0.5), 0.9), 0.5)
    return [
        (Revolved.sphere(radius, centre, 0, height), outside),
        (Revolved.sphere(radius - wall, centre, 0.009, height), inside),
        (Disc(height, rim, rim - wall * 1.15), inside),
        (Disc(0.009, float(np.sqrt((radius - wall) ** 2 - (centre - 0.009) ** 2))), inside),
    ]


def cone(rng: np.random.Generator) -> Parts:
    radius, height = rng.uniform(0.038, 0.05), rng.uniform(0.13, 0.18)
    hue = rng.choice([0.04, 0.16, 0.33, 0.58, 0.8]) + rng.uniform(-0.02, 0.02)
    shell, white = paint.hsv(hue, 0.95, 0.95), (0.9, 0.9, 0.88)
    sleeve = paint.canvas(shell)
    sleeve[24:40] = sleeve[54:70] = white
    plate, tip = radius * 1.25, radius * 0.2
    dark = (0.03, 0.03, 0.035) if rng.uniform() < 0.5 else paint.darker(shell, 0.6)
    return [
        (Block((-plate, -plate, 0), (plate, plate, 0.01)), paint.plain(dark, 0.2)),
        (Revolved.straight(0.01, radius, height, tip), Paint(sleeve, 0.3)),
        (Disc(height, tip), paint.plain((0.02, 0.02, 0.02), 0.0)),
    ]


def donut(rng: np.random.Generator) -> Parts:
    major, minor = rng.uniform(0.036, 0.044), rng.uniform(0.018, 0.022)
    return [(Torus((0.0, 0.0, minor), major, minor), Paint(_icing(rng), 0.35))]


def _icing(rng: np.random.Generator) -> paint.Texture:
    """Dough below, icing with a wavy edge and sprinkles above; the rows go around the dough."""
    dough = paint.hsv(0.085, 0.6, 0.78)
    icing = paint.hsv(rng.uniform(), rng.uniform(0.25, 0.9), rng.uniform(0.35, 0.98))
    texture = paint.canvas(dough, 64, 256)
    around = np.arange(256) * 2 * np.pi / 256
    edge = 2 + 2 * np.sin(5 * around + rng.uniform(0, 6)) + 1.5 * np.sin(9 * around)
    rows = np.arange(64)[:, None]
    texture[(rows > 34 + edge) & (rows < 62 - edge)] = icing
    for _ in range(60):
        row, column, turn = rng.integers(38, 58), rng.integers(4, 252), rng.uniform(0, np.pi)
        end = (int(column + 4 * np.cos(turn)), int(row + 3 * np.sin(turn)))
        cv2.line(texture, (int(column), int(row)), end, paint.hsv(rng.uniform(), 0.7, 1.0), 2)
    return texture


def pawn(rng: np.random.Generator) -> Parts:
    """A large chess piece."""
    foot, height = rng.uniform(0.034, 0.043), rng.uniform(0.11, 0.15)
    head, waist = foot * rng.uniform(0.5, 0.58), foot * 0.34
    wood = paint.plain(paint.hsv(rng.uniform(0.06, 0.11), rng.uniform(0.25, 0.8), rng.uniform(0.3, 0.95)), 0.6)
    neck = height - 1.8 * head
    return [
        (Revolved.straight(0, foot, 0.012, foot), wood),
        (Revolved.shoulder(0.012, foot, 0.03, foot * 0.62), wood),
        (Revolved.straight(0.03, foot * 0.62, neck - 0.006, waist), wood),
        (Revolved.straight(neck - 0.006, foot * 0.66, neck, foot * 0.66), wood),
        (Disc(neck - 0.006, foot * 0.66), wood),
        (Disc(neck, foot * 0.66), wood),
        (Revolved.sphere(head, height - head, neck, height), wood),
    ]


BUILDERS: tuple[Callable[[np.random.Generator], Parts], ...] = (ball, box, can, bottle, mug, bowl, cone, donut)
NEWCOMERS: tuple[Callable[[np.random.Generator], Parts], ...] = (pawn,)
"""What the models of the package have never seen; in a scene only when asked for."""

LABELS = ("__background__", *(builder.__name__ for builder in BUILDERS))
ALL_LABELS = (*LABELS, *(builder.__name__ for builder in NEWCOMERS))

CONVEX = ("ball", "box", "can", "bottle")


def make(rng: np.random.Generator, label: int) -> tuple[Parts, NDArray[np.float64], NDArray[np.float64]]:
    """A random specimen of class number `label` (1 is the first) and the corners of the box around it."""
    parts = (*BUILDERS, *NEWCOMERS)[label - 1](rng)
    extents = [shape.extent() for shape, _ in parts]
    return parts, np.min([low for low, _ in extents], axis=0), np.max([high for _, high in extents], axis=0)


def footprint(parts: Parts) -> float:
    """Radius of the upright cylinder around z that holds everything."""
    radii = []
    for shape, _ in parts:
        sides = np.abs([corner[:2] for corner in shape.extent()]).max(axis=0)
        radii.append(np.hypot(*sides) if isinstance(shape, Block) else sides.max())
    return float(max(radii))
