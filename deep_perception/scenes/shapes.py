"""Ray casting of the few solids that household things are made of.

Points and directions are (3, ...) float32 arrays in the frame of the object, its foot at z = 0. A ray is
start + t * direction; `hit` gives the smallest t on the surface, inf where the ray misses it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]
Corner: TypeAlias = tuple[float, float, float]

TINY = np.float32(1e-9)
MISS = np.float32(np.inf)


class Shape(Protocol):
    """A surface; `uv` are texture coordinates in 0..1, and `normal` may point to either side."""

    def hit(self, start: Array, direction: Array) -> Array: ...

    def normal(self, points: Array) -> Array: ...

    def uv(self, points: Array) -> Array: ...

    def extent(self) -> tuple[Corner, Corner]:
        """Two opposite corners of a box around it."""
        ...


@dataclass(frozen=True)
class Revolved:
    """Around the z axis with radius² = a + b z + c z² for bottom <= z <= top: cylinder, cone, sphere or shoulder."""

    a: float
    b: float
    c: float
    bottom: float
    top: float

    @classmethod
    def straight(cls, bottom: float, radius: float, top: float, top_radius: float) -> "Revolved":
        """A cylinder or a cut cone."""
        slope = (top_radius - radius) / (top - bottom)
        apex = radius - slope * bottom
        return cls(apex * apex, 2 * slope * apex, slope * slope, bottom, top)

    @classmethod
    def shoulder(cls, bottom: float, radius: float, top: float, top_radius: float) -> "Revolved":
        """An ellipse arc that leaves `radius` upright and bends towards `top_radius`."""
        bend = (top_radius**2 - radius**2) / (top - bottom) ** 2
        return cls(radius**2 + bend * bottom**2, -2 * bend * bottom, bend, bottom, top)

    @classmethod
    def sphere(cls, radius: float, centre: float, bottom: float, top: float) -> "Revolved":
        """The slice of a sphere between two heights."""
        return cls(radius**2 - centre**2, 2 * centre, -1.0, bottom, top)

    def hit(self, start: Array, direction: Array) -> Array:
        (x, y, z), (dx, dy, dz) = start, direction
        a, b, c = np.float32(self.a), np.float32(self.b), np.float32(self.c)
        square = dx * dx + dy * dy - c * dz * dz
        square = np.where(np.abs(square) < TINY, TINY, square)
        half = x * dx + y * dy - (b / 2 + c * z) * dz
        rest = x * x + y * y - (a + z * (b + c * z))
        root = _root(half * half - square * rest)
        roots = ((-half - root) / square, (-half + root) / square)
        return np.minimum(*(self._between(t, z + t * dz) for t in roots))

    def _between(self, t: Array, height: Array) -> Array:
        return np.where((height >= self.bottom) & (height <= self.top), t, MISS)

    def normal(self, points: Array) -> Array:
        x, y, z = points
        return _unit(np.stack([x, y, -np.float32(self.b / 2) - np.float32(self.c) * z]))

    def uv(self, points: Array) -> Array:
        x, y, z = points
        return np.stack([_turns(y, x), (np.float32(self.top) - z) / np.float32(self.top - self.bottom)])

    def extent(self) -> tuple[Corner, Corner]:
        heights = [self.bottom, self.top]
        if self.c < 0:
            heights.append(min(max(-self.b / (2 * self.c), self.bottom), self.top))
        radius = math.sqrt(max(self.a + z * (self.b + z * self.c) for z in heights))
        return (-radius, -radius, self.bottom), (radius, radius, self.top)


@dataclass(frozen=True)
class Disc:
    """A level disc, or a ring if it has an inner radius."""

    height: float
    radius: float
    inner: float = 0.0

    def hit(self, start: Array, direction: Array) -> Array:
        (x, y, z), (dx, dy, dz) = start, direction
        t = (np.float32(self.height) - z) / np.where(np.abs(dz) < TINY, TINY, dz)
        far = (x + t * dx) ** 2 + (y + t * dy) ** 2
        return np.where((far <= self.radius**2) & (far >= self.inner**2), t, MISS)

    def normal(self, points: Array) -> Array:
        normal = np.zeros_like(points)
        normal[2] = 1
        return normal

    def uv(self, points: Array) -> Array:
        return points[:2] / np.float32(2 * self.radius) + np.float32(0.5)

    def extent(self) -> tuple[Corner, Corner]:
        return (-self.radius, -self.radius, self.height), (self.radius, self.radius, self.height)


@dataclass(frozen=True)
class Block:
    """A box along the axes; its texture holds the x, y and z faces side by side."""

    low: Corner
    high: Corner

    def hit(self, start: Array, direction: Array) -> Array:
        inverse = 1 / np.where(np.abs(direction) < TINY, TINY, direction)
        low = (_column(self.low, start) - start) * inverse
        high = (_column(self.high, start) - start) * inverse
        enter, leave = np.minimum(low, high).max(axis=0), np.maximum(low, high).min(axis=0)
        return np.where(enter <= leave, enter, MISS)

    def _face(self, points: Array) -> tuple[Array, NDArray[np.intp]]:
        """Points scaled to -1..1 in the block, and the axis of the face each lies on."""
        low, high = _column(self.low, points), _column(self.high, points)
        inside = (2 * points - low - high) / (high - low)
        return inside, np.abs(inside).argmax(axis=0)

    def normal(self, points: Array) -> Array:
        inside, axis = self._face(points)
        return np.where(np.arange(3)[:, None] == axis, np.sign(inside), 0).astype(np.float32)

    def uv(self, points: Array) -> Array:
        inside, axis = self._face(points)
        across = np.where(axis == 0, inside[1], inside[0])
        along = np.where(axis == 2, inside[1], -inside[2])
        # Just inside the edges, or the interpolation would mix in the neighbouring face.
        return np.stack([(axis + (0.96 * across + 1) / 2) / 3, (0.98 * along + 1) / 2]).astype(np.float32)

    def extent(self) -> tuple[Corner, Corner]:
        return self.low, self.high


@dataclass(frozen=True)
class Torus:
    """A ring around the z axis, or around the y axis and cut off at x = `cut` as the handle of a mug."""

    centre: Corner
    major: float
    minor: float
    cut: float | None = None

    def hit(self, start: Array, direction: Array) -> Array:
        """Look for the first of 25 points along each ray that is inside, then halve the step before it.

        A ray that grazes the ring by less than two tenths of a millimetre may pass.
        """
        flat, ahead = self._local(start.reshape(3, -1)), self._turned(direction.reshape(3, -1))
        enter, leave = self._range(flat, ahead)
        near = np.flatnonzero(leave > enter)
        origin, ahead, span = flat[:, near] + enter[near] * ahead[:, near], ahead[:, near], (leave - enter)[near]
        inside = self._inside(origin, ahead)
        steps = np.linspace(0, 1, 25, dtype=np.float32)[:, None] * span
        reached = inside(steps)
        first, ray = reached.argmax(axis=0), np.arange(len(near))
        low, high = steps[np.maximum(first - 1, 0), ray], steps[first, ray]
        for _ in range(8):
            middle = (low + high) / 2
            within = inside(middle)
            low, high = np.where(within, low, middle), np.where(within, middle, high)
        found = np.full(flat.shape[1], MISS, np.float32)
        found[near] = np.where(reached[first, ray], enter[near] + high, MISS)
        return found.reshape(start.shape[1:])

    def _local(self, points: Array) -> Array:
        """The ring lies around the z axis, and the cut is along x."""
        return self._turned(points - _column(self.centre, points))

    def _turned(self, vectors: Array) -> Array:
        return vectors if self.cut is None else vectors[[0, 2, 1]]

    def _range(self, start: Array, direction: Array) -> tuple[Array, Array]:
        """Where the rays enter and leave the disc around the ring; NaN or turned round where they miss it."""
        square, half = (direction**2).sum(axis=0), (start * direction).sum(axis=0)
        root = _root(half * half - square * ((start**2).sum(axis=0) - np.float32(self.major + self.minor) ** 2))
        enter, leave = (-half - root) / square, (-half + root) / square
        slabs = [(2, -self.minor, self.minor)]
        if self.cut is not None:
            slabs.append((0, self.cut - self.centre[0], self.major + self.minor))
        for axis, low, high in slabs:
            inverse = 1 / np.where(np.abs(direction[axis]) < TINY, TINY, direction[axis])
            one, other = (np.float32(low) - start[axis]) * inverse, (np.float32(high) - start[axis]) * inverse
            enter, leave = np.maximum(enter, np.minimum(one, other)), np.minimum(leave, np.maximum(one, other))
        return enter, leave

    def _inside(self, start: Array, direction: Array) -> Callable[[Array], NDArray[np.bool_]]:
        """Which points of the rays are in the ring: (|p|² + R² - r²)² < 4 R² (x² + y²)."""
        (x, y, z), (dx, dy, dz) = start, direction
        a, b, c = dx * dx + dy * dy, 2 * (x * dx + y * dy), x * x + y * y
        far = np.float32(self.major**2 - self.minor**2)
        a3, b3, c3 = a + dz * dz, b + 2 * z * dz, c + z * z + far
        four = np.float32(4 * self.major**2)
        return lambda t: ((a3 * t + b3) * t + c3) ** 2 < four * ((a * t + b) * t + c)

    def normal(self, points: Array) -> Array:
        x, y, z = self._local(points)
        shrink = 1 - np.float32(self.major) / np.hypot(x, y)
        return self._turned(_unit(np.stack([x * shrink, y * shrink, z])))

    def uv(self, points: Array) -> Array:
        x, y, z = self._local(points)
        return np.stack([_turns(y, x), _turns(z, np.hypot(x, y) - np.float32(self.major))])

    def extent(self) -> tuple[Corner, Corner]:
        x, y, z = self.centre
        wide, thin = self.major + self.minor, self.minor
        across, up = (wide, thin) if self.cut is None else (thin, wide)
        return (x - wide, y - across, z - up), (x + wide, y + across, z + up)


def _column(corner: Corner, like: Array) -> Array:
    """A point in the form that adds to an array of points."""
    return np.array(corner, np.float32).reshape((3,) + (1,) * (like.ndim - 1))


def _root(square: Array) -> Array:
    """NaN where a ray misses, for which no comparison holds."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(square)


def _turns(y: Array, x: Array) -> Array:
    return np.arctan2(y, x) * np.float32(0.5 / np.pi) + np.float32(0.5)


def _unit(vectors: Array) -> Array:
    return vectors / np.sqrt((vectors**2).sum(axis=0))
