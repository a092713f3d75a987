"""Draw a scene as one camera sees it: light, depth and owner of every pixel."""

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.scenes.camera import Camera, Matrix
from deep_perception.scenes.light import LIFT, encode, shade, shaded
from deep_perception.scenes.objects import Thing
from deep_perception.scenes.scene import Plane, Scene
from deep_perception.scenes.shapes import MISS, Array

BLUR = 4
"""The room behind the table is out of focus: it is drawn this many times smaller."""


class Canvas:
    """Coded light (h, w, 3), depth and owner (h, w; 0 = none, k = k-th thing); `whole` counts the unhidden pixels."""

    def __init__(self, camera: Camera, scene: Scene) -> None:
        self.camera, self.scene = camera, scene
        self.owner = np.zeros(camera.size, np.uint8)
        self.whole = np.zeros(len(scene.things), np.int64)
        self._draw_room()
        for plane in (*scene.sides, scene.table):
            self._draw_plane(plane)
        # The nearest first, for then what is hidden needs no colour.
        for index in np.argsort([np.linalg.norm(thing.centre - camera.position) for thing in scene.things]):
            self._draw_thing(int(index))

    def _draw_room(self) -> None:
        # Inside the room the nearest of all walls is the one that is seen: the largest inverse depth.
        far = self.camera.shrunk(BLUR)
        light, nearness = np.zeros((*far.size, 3), np.uint8), np.full(far.size, -MISS)
        for plane in self.scene.room:
            to_plane = _to_plane(plane, far)
            inverse = _affine(to_plane[2], far.size)
            cv2.copyTo(_warp(plane, to_plane, far.size), (inverse > nearness).view(np.uint8), light)
            np.maximum(nearness, inverse, out=nearness)
        blurred = cv2.GaussianBlur(light, (0, 0), 1.2)
        blurred = cv2.resize(blurred, self.camera.size[::-1], interpolation=cv2.INTER_LINEAR)
        self.light = np.asarray(blurred, np.uint8)
        self.depth = np.reciprocal(self._room_nearness())

    def _room_nearness(self) -> Array:
        """Inverse depth of the room behind every pixel."""
        height, width = self.camera.size
        rows = np.stack([_to_plane(plane, self.camera)[2] for plane in self.scene.room])
        corners = rows @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
        # What another wall hides in all four corners it hides in between, for both are flat.
        seen = [row for row, own in zip(rows, corners, strict=True) if not (corners > own).all(axis=1).any()]
        return np.asarray(np.maximum.reduce([_affine(row, self.camera.size) for row in seen]))

    def _draw_plane(self, plane: Plane) -> None:
        facing = np.cross(plane.down, plane.across) @ (self.camera.position - plane.corner)
        corners = plane.corner + np.array([0 * plane.across, plane.across, plane.across + plane.down, plane.down])
        window = self.camera.frame(corners)
        if facing <= 0 or window is None:
            return
        top, left, size = window
        here = slice(top, top + size[0]), slice(left, left + size[1])
        to_plane = _to_plane(plane, self.camera) @ np.array([[1, 0, left], [0, 1, top], [0, 0, 1]])
        s, t, inverse = (_affine(row, size) for row in to_plane)
        mask = (inverse > 0) & (s >= 0) & (s <= inverse) & (t >= 0) & (t <= inverse)
        cv2.copyTo(_warp(plane, to_plane, size), mask.view(np.uint8), self.light[here])
        np.divide(1, inverse, out=self.depth[here], where=mask)

    def _draw_thing(self, index: int) -> None:
        thing = self.scene.things[index]
        window = _Window(thing, self.camera)
        depth, part = window.cast(thing)
        height, width = depth.shape
        self.whole[index] = np.isfinite(depth).sum()
        top, left = max(window.top, 0), max(window.left, 0)
        here = slice(top, max(window.top + height, 0)), slice(left, max(window.left + width, 0))
        behind = self.depth[here]
        inner = slice(top - window.top, None), slice(left - window.left, None)
        depth = depth[inner][: behind.shape[0], : behind.shape[1]]
        part = part[inner][: behind.shape[0], : behind.shape[1]]
        seen = np.nonzero(depth < behind)
        behind[seen] = depth[seen]
        self.owner[here][seen] = index + 1
        direction = window.directions(seen[0] + top, seen[1] + left)
        points = window.origin[:, None] + depth[seen] * direction
        self.light[here][seen] = encode(self._light(thing, points, direction, part[seen], height).T)

    def _light(self, thing: Thing, points: Array, direction: Array, part: NDArray[np.intp], pixels: int) -> Array:
        """Light (3, n) that comes from points on a thing, `pixels` tall, all in its own frame."""
        albedo, normal, gloss = np.empty_like(points), np.empty_like(points), np.empty(len(part), np.float32)
        for number, (shape, paint) in enumerate(thing.parts):
            own = np.flatnonzero(part == number)
            if len(own):
                at = points[:, own]
                normal[:, own], gloss[own] = shape.normal(at), paint.gloss
                albedo[:, own] = paint.sample(shape.uv(at), pixels)
        turn = np.float32(thing.rotation)
        normal, view = turn @ normal, turn @ direction
        view /= np.sqrt((view**2).sum(axis=0))
        normal *= -np.sign((normal * view).sum(axis=0))
        world = turn @ points + np.float32(thing.position)[:, None]
        blockers = [other for other in self.scene.things if other is not thing or not thing.convex]
        lit = ~shaded(world + np.float32(LIFT) * normal, self.scene.lamp.position, blockers)
        return shade(self.scene.lamp, albedo, normal, view, world, lit, gloss)


class _Window:
    """The rays through the rectangle around a thing, in the thing's frame."""

    def __init__(self, thing: Thing, camera: Camera) -> None:
        pixels, depths = camera.project(thing.corners)
        self.left, self.top = (int(value) for value in np.floor(pixels.min(axis=0)))
        self.right, self.bottom = (int(value) + 1 for value in np.ceil(pixels.max(axis=0)))
        self.near = np.float32(depths.mean())
        self.basis = np.float32(thing.rotation.T @ camera.rotation @ np.linalg.inv(camera.intrinsics))
        self.origin = np.float32(thing.rotation.T @ (camera.position - thing.position))

    def directions(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
        """Rays (3, ...) as long as one metre of depth."""
        x, y, z = self.basis.T.reshape((3, 3) + (1,) * np.ndim(rows))
        return x * np.float32(columns) + y * np.float32(rows) + z

    def cast(self, thing: Thing) -> tuple[Array, NDArray[np.intp]]:
        """Depth of what the rays hit first, inf where nothing, and the number of the part."""
        direction = self.directions(np.arange(self.top, self.bottom)[:, None], np.arange(self.left, self.right)[None])
        # Rays start near the thing: over the whole distance float32 would lose a tenth of a millimetre.
        start = self.origin[:, None, None] + self.near * direction
        hits = [shape.hit(start, direction) for shape, _ in thing.parts]
        return self.near + np.minimum.reduce(hits), np.argmin(hits, axis=0)


def _to_plane(plane: Plane, camera: Camera) -> Matrix:
    """Takes (column, row, 1) to (s, t, 1) / depth with s and t in 0..1 on the plane."""
    edges = np.column_stack([plane.across, plane.down, plane.corner - camera.position])
    return np.linalg.inv(camera.intrinsics @ camera.rotation.T @ edges)


def _affine(row: Matrix, size: tuple[int, int]) -> Array:
    """row @ (column, row, 1) of every pixel."""
    columns, rows = np.arange(size[1]), np.arange(size[0])[:, None]
    return np.float32(row[0] * columns) + np.float32(row[1] * rows + row[2])


def _warp(plane: Plane, to_plane: Matrix, size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = plane.texture.shape[:2]
    texels = np.array([[width, 0, -0.5], [0, height, -0.5], [0, 0, 1]]) @ to_plane
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    layer = cv2.warpPerspective(plane.texture, texels, size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(layer, np.uint8)
