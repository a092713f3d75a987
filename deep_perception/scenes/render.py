"""Turn a scene into what a camera on its path sees at a time, with everything there is to know about the picture."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.predictions import Classes, Image, Instances, LabelMap
from deep_perception.scenes.camera import Camera, Matrix, intrinsics
from deep_perception.scenes.canvas import Canvas
from deep_perception.scenes.light import BRIGHTEST
from deep_perception.scenes.objects import Thing
from deep_perception.scenes.scene import Scene

MIN_VISIBLE = 0.3
"""A thing counts if at least this share of its outline is seen ..."""

MIN_AREA = 1 / 4000
"""... and at least this share of the picture shows it; else it is in `View.ignored`."""

NOISE = 2.8
"""Standard deviation of the sensor's noise in grey levels."""


@dataclass(frozen=True, eq=False)
class View:
    """A picture and the exact truth about it.

    Boxes hug the visible pixels and end behind the last one (x2 - x1 is the width). `visible` is the seen share of
    each instance's whole outline. Whoever compares predictions with `instances` leaves out those that match `ignored`,
    the things too hidden or too small to be asked for. `depth` is metres along the camera's z axis; `pose` takes the
    camera's points to the world's.
    """

    image: Image
    instances: Instances
    visible: NDArray[np.float32]
    ignored: Instances
    surface: Classes
    depth: NDArray[np.float32]
    intrinsics: Matrix
    pose: Matrix

    @property
    def semantic(self) -> LabelMap:
        """The class of every pixel, 0 where there is no thing."""
        labels = np.zeros(self.depth.shape, np.uint8)
        for found in (self.instances, self.ignored):
            for label, mask in zip(found.labels, found.masks, strict=True):
                labels[mask] = label
        return LabelMap(labels)


def render(scene: Scene, time: float, size: tuple[int, int] = (480, 640)) -> View:
    """The view (height, width) at `time` seconds; equal arguments give equal bytes."""
    camera = Camera(intrinsics(size), scene.path.pose(time), size)
    canvas = Canvas(camera, scene)
    instances, visible, ignored = _truth(canvas)
    surface = Classes(np.array([scene.surface]), np.ones(1, np.float32))
    image = _expose(canvas, scene.exposure(time), np.random.default_rng([scene.seed, round(time * 1e6) % 2**63]))
    return View(image, instances, visible, ignored, surface, canvas.depth, camera.intrinsics, camera.pose)


def _truth(canvas: Canvas) -> tuple[Instances, NDArray[np.float32], Instances]:
    """Instances that count, the share of each that is seen, and those that do not count."""
    owner, things = canvas.owner, canvas.scene.things
    seen = cv2.calcHist([owner], [0], None, [256], [0, 256])[1 : len(things) + 1, 0]
    share = np.float32(seen / np.maximum(canvas.whole, 1))
    counts = (share >= MIN_VISIBLE) & (seen >= MIN_AREA * owner.size)
    kept, left = np.flatnonzero(counts), np.flatnonzero(~counts & (seen > 0))
    return _instances(things, owner, kept), share[kept], _instances(things, owner, left)


def _instances(things: list[Thing], owner: NDArray[np.uint8], which: NDArray[np.intp]) -> Instances:
    masks = owner[None] == (which + 1).astype(np.uint8)[:, None, None]
    corners = np.array([cv2.boundingRect(mask.view(np.uint8)) for mask in masks], np.float32).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    labels = np.array([things[index].label for index in which], np.int64)
    return Instances(corners, labels, np.ones(len(which), np.float32), masks)


def _expose(canvas: Canvas, exposure: float, rng: np.random.Generator) -> Image:
    """Soften the stairs at outlines, then lens and sensor."""
    height, width = canvas.owner.shape
    light = canvas.light
    edges = cv2.morphologyEx(canvas.owner, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    cv2.copyTo(cv2.GaussianBlur(light, (3, 3), 0.8), edges, light)
    shown = np.minimum(np.arange(256) * np.sqrt(BRIGHTEST * exposure), 255).round().astype(np.uint8)
    seen = cv2.LUT(cv2.multiply(light, _vignette(height, width), scale=1 / 255), shown)
    # The code is the root of light, so noise that is even in it is the shot noise of light.
    tile, (down, across) = _grain(height, width), rng.integers(0, 64, 2)
    noisy = cv2.addWeighted(seen, 1, tile[down : down + height, across : across + width], 1, -128)
    return np.asarray(noisy, np.uint8)


@lru_cache(maxsize=4)
def _vignette(height: int, width: int) -> Image:
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    dim = 255 * (1 - 0.09 * (x * x + y * y))
    return np.repeat(dim.round().astype(np.uint8)[..., None], 3, axis=2)


@lru_cache(maxsize=4)
def _grain(height: int, width: int) -> Image:
    """Noise around 128, a little larger than the picture: cut at a random place for each frame."""
    noise = np.random.default_rng(0).standard_normal((height + 64, width + 64, 3), np.float32)
    return (128 + NOISE * noise).round().astype(np.uint8)
