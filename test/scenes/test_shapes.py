"""The solids of the scenes, checked against their own equations."""

import numpy as np
import pytest

from deep_perception.scenes.shapes import Block, Disc, Revolved, Torus

SHAPES = {
    "cylinder": Revolved.straight(0.0, 0.04, 0.1, 0.04),
    "cone": Revolved.straight(0.01, 0.05, 0.15, 0.01),
    "shoulder": Revolved.shoulder(0.1, 0.035, 0.15, 0.012),
    "sphere": Revolved.sphere(0.05, 0.05, 0.0, 0.1),
    "bowl": Revolved.sphere(0.08, 0.07, 0.0, 0.05),
    "disc": Disc(0.08, 0.04),
    "rim": Disc(0.08, 0.04, inner=0.035),
    "block": Block((-0.05, -0.03, 0.0), (0.05, 0.03, 0.12)),
    "ring": Torus((0.0, 0.0, 0.02), 0.04, 0.02),
    "handle": Torus((0.04, 0.0, 0.05), 0.03, 0.006, cut=0.04),
}


def height_over(shape, points):
    """How far points are outside the surface (inside: negative), in metres, by the textbook equation of each solid."""
    x, y, z = points.astype(np.float64)
    across = np.hypot(x, y)
    if isinstance(shape, Revolved):
        return across - np.sqrt(np.maximum(shape.a + shape.b * z + shape.c * z * z, 0))
    if isinstance(shape, Disc):
        return z - shape.height
    if isinstance(shape, Block):
        beyond = np.maximum(np.array(shape.low)[:, None] - points, points - np.array(shape.high)[:, None])
        return beyond.max(axis=0)
    x, y, z = points.astype(np.float64) - np.array(shape.centre)[:, None]
    if shape.cut is not None:
        y, z = z, y
    return np.hypot(np.hypot(x, y) - shape.major, z) - shape.minor


@pytest.fixture(params=SHAPES, ids=str)
def shape(request):
    return SHAPES[request.param]


def rays(shape, count=4000):
    """Rays from a camera half a metre away towards the box around the shape, and somewhat beside it."""
    rng = np.random.default_rng(0)
    low, high = (np.array(corner) for corner in shape.extent())
    camera = np.array([0.25, -0.4, 0.3])
    targets = rng.uniform(low - 0.01, high + 0.01, (count, 3))
    direction = (targets - camera).T.astype(np.float32)
    return np.repeat(camera[:, None], count, axis=1).astype(np.float32), direction


def hits(shape):
    start, direction = rays(shape)
    t = shape.hit(start, direction)
    found = np.isfinite(t)
    return start[:, found] + t[found] * direction[:, found], direction[:, found]


def test_a_hit_lies_on_the_surface(shape):
    points, _ = hits(shape)
    # The cut of the handle is a flat face of its own.
    own = np.ones(points.shape[1], bool)
    if isinstance(shape, Torus) and shape.cut is not None:
        own = points[0] > shape.cut + 2e-4
    assert own.sum() > 100
    assert np.abs(height_over(shape, points[:, own])).max() < 2e-5


def test_a_hit_lies_in_the_box_around_the_shape(shape):
    points, _ = hits(shape)
    low, high = (np.array(corner)[:, None] for corner in shape.extent())
    assert (points > low - 2e-4).all()
    assert (points < high + 2e-4).all()


@pytest.mark.parametrize("name", ["sphere", "block", "ring"])
def test_a_ray_that_misses_never_enters_the_solid(name):
    shape = SHAPES[name]
    start, direction = rays(shape)
    missed = ~np.isfinite(shape.hit(start, direction))
    assert missed.sum() > 50
    for t in np.linspace(0, 2, 400):
        x, y, z = start[:, missed] + np.float32(t) * direction[:, missed]
        depth = {
            "sphere": lambda x, y, z: 0.05 - np.sqrt(x * x + y * y + (z - 0.05) ** 2),
            "block": lambda x, y, z: np.minimum.reduce([0.05 - abs(x), 0.03 - abs(y), z, 0.12 - z]),
            "ring": lambda x, y, z: 0.02 - np.hypot(np.hypot(x, y) - 0.04, z - 0.02),
        }[name](x, y, z)
        assert depth.max() < (2e-4 if name == "ring" else 1e-6)


def test_the_first_of_two_surfaces_is_hit():
    shape = SHAPES["sphere"]
    down = np.array([[0.0], [0.0], [-1.0]], np.float32)
    above = np.array([[0.0], [0.0], [1.0]], np.float32)
    assert shape.hit(above, down) == pytest.approx(0.9, abs=1e-6)


def test_the_inside_of_an_open_vessel_is_seen():
    bowl = SHAPES["bowl"]
    start, direction = np.array([[0.0], [0.0], [0.5]], np.float32), np.array([[0.05], [0.0], [-0.5]], np.float32)
    point = start + bowl.hit(start, direction) * direction
    assert abs(height_over(bowl, point)) < 1e-6
    assert 0 < point[2, 0] < 0.02


def test_a_normal_is_square_to_the_surface(shape):
    points, _ = hits(shape)
    if isinstance(shape, Torus) and shape.cut is not None:
        points = points[:, points[0] > shape.cut + 1e-3]
    normal = shape.normal(points)
    assert np.abs((normal**2).sum(axis=0) - 1).max() < 1e-4
    step = 1e-5
    moved = [
        points.astype(np.float64) + sign * step * np.eye(3)[axis][:, None] for axis in range(3) for sign in (1, -1)
    ]
    heights = np.array([height_over(shape, place) for place in moved])
    gradient = (heights[::2] - heights[1::2]) / (2 * step)
    cosine = np.abs((gradient * normal).sum(axis=0)) / np.linalg.norm(gradient, axis=0)
    # Within a step of a block's edge the neighbouring face pulls on the difference.
    assert np.quantile(cosine, 0.005) > 0.999


def test_texture_coordinates_stay_in_the_texture(shape):
    points, _ = hits(shape)
    uv = shape.uv(points)
    assert uv.shape == (2, points.shape[1])
    assert uv.min() > -0.02
    assert uv.max() < 1.02
