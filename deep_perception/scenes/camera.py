"""A pinhole camera and the path it moves on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

FOCAL = 0.95
"""Focal length in picture widths: a horizontal view of 55.5 degrees."""

PERIODS = (23, 17, 13, 7)
"""Seconds of the sways around, up, away and aslant."""

NEAR = 0.02
"""Nothing nearer than this is drawn (metres)."""


@dataclass(frozen=True, eq=False)
class Camera:
    """Looks along its z axis with x right and y down; whole pixel numbers are pixel centres, as in ROS and OpenCV."""

    intrinsics: Matrix
    pose: Matrix
    size: tuple[int, int]

    @property
    def position(self) -> Matrix:
        return self.pose[:3, 3]

    @property
    def rotation(self) -> Matrix:
        """From the camera's frame to the world's."""
        return self.pose[:3, :3]

    def project(self, points: Matrix) -> tuple[Matrix, Matrix]:
        """Pixels (n, 2) and depths (n,) of world points (n, 3)."""
        seen = (points - self.position) @ self.rotation
        pixels = seen @ self.intrinsics.T
        return pixels[:, :2] / seen[:, 2:], seen[:, 2]

    def frame(self, polygon: Matrix) -> tuple[int, int, tuple[int, int]] | None:
        """Top, left and size of the smallest window of the picture that holds a flat polygon (n, 3); None if unseen."""
        depth = ((polygon - self.position) @ self.rotation[:, 2] - NEAR)[:, None]
        following, its_depth = np.roll(polygon, -1, axis=0), np.roll(depth, -1, axis=0)
        crosses = (depth * its_depth < 0)[:, 0]
        cuts = (polygon * its_depth - following * depth)[crosses] / (its_depth - depth)[crosses]
        pixels, _ = self.project(np.concatenate([polygon[depth[:, 0] > 0], cuts]))
        if not len(pixels):
            return None
        height, width = self.size
        left, top = np.clip(np.floor(pixels.min(axis=0)), 0, (width, height)).astype(int)
        right, bottom = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, (width, height)).astype(int)
        return (top, left, (bottom - top, right - left)) if top < bottom and left < right else None

    def shrunk(self, factor: int) -> "Camera":
        """The same view in a picture whose sides are `factor` times shorter."""
        height, width = (-(-side // factor) for side in self.size)
        scale = np.diag([width / self.size[1], height / self.size[0], 1.0])
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        return Camera(np.linalg.inv(half) @ scale @ half @ self.intrinsics, self.pose, (height, width))


def intrinsics(size: tuple[int, int]) -> Matrix:
    """K of a picture of this height and width."""
    height, width = size
    focal = FOCAL * max(width, height * 4 / 3)
    return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])


def look_at(position: Matrix, target: Matrix, roll: float) -> Matrix:
    """The pose (4, 4) of a camera at `position` with `target` in its middle."""
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, (0, 0, 1.0))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    right, down = np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right
    pose = np.eye(4)
    pose[:3] = np.column_stack([right, down, forward, position])
    return pose


@dataclass(frozen=True)
class Path:
    """A slow sway around the middle of the table, as of a robot looking at it from several sides."""

    azimuth: float
    elevation: float
    distance: float
    phase: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Path":
        azimuth, elevation = rng.uniform(-0.5, 0.5), rng.uniform(np.radians(25), np.radians(44))
        return cls(azimuth, elevation, rng.uniform(0.8, 1.08), rng.uniform(0, 2 * np.pi))

    def pose(self, time: float) -> Matrix:
        sway = [np.sin(2 * np.pi * time / period + self.phase * order) for order, period in enumerate(PERIODS, 1)]
        azimuth, elevation = self.azimuth + 0.45 * sway[0], self.elevation + 0.09 * sway[1]
        distance = self.distance * (1 + 0.1 * sway[2])
        flat = np.cos(elevation)
        outward = np.array([flat * np.sin(azimuth), -flat * np.cos(azimuth), np.sin(elevation)])
        target = np.array([0.04 * sway[1], 0.03 * sway[2], 0.05])
        return look_at(target + distance * outward, target, 0.02 * sway[3])
