"""The renderer tells the truth about its own pictures."""

import subprocess
import sys
from copy import copy
from hashlib import sha256

import numpy as np
import pytest

from deep_perception.errors import InputError
from deep_perception.predictions import Classes, Instances
from deep_perception.scenes import LABELS, SURFACES, Scene, objects, render
from deep_perception.scenes.render import MIN_AREA, MIN_VISIBLE
from deep_perception.scenes.scene import CEILING, GROUND, TABLE, WALLS

SIZE = (240, 320)


@pytest.fixture(scope="module")
def views():
    """Eight crowded scenes, each seen at another time."""
    scenes = [Scene(seed, things=9) for seed in range(8)]
    return [(scene, render(scene, 3.7 * number, SIZE)) for number, scene in enumerate(scenes)]


def world_points(view):
    """Where in the world each pixel's surface is, by the camera's own words (H, W, 3)."""
    height, width = view.depth.shape
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    rays = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ np.linalg.inv(view.intrinsics).T
    return (rays * view.depth[..., None]) @ view.pose[:3, :3].T + view.pose[:3, 3]


def owners(scene, view):
    """The thing behind each instance, by the world position of its pixels."""
    points = world_points(view)
    for label, mask in zip(view.instances.labels, view.instances.masks, strict=True):
        middle = points[mask].mean(axis=0)
        alike = [thing for thing in scene.things if thing.label == label]
        yield min(alike, key=lambda thing: np.linalg.norm(thing.centre - middle)), mask, points[mask]


def fingerprint(view):
    return sha256(view.image.tobytes() + view.depth.tobytes() + view.instances.masks.tobytes()).hexdigest()


def test_the_same_seed_time_and_size_give_the_same_bytes():
    assert fingerprint(render(Scene(5), 2.5, SIZE)) == fingerprint(render(Scene(5), 2.5, SIZE))


def test_the_views_of_a_scene_do_not_depend_on_what_was_rendered_before():
    scene = Scene(5)
    render(scene, 9.0, (48, 64))
    assert fingerprint(render(scene, 2.5, SIZE)) == fingerprint(render(Scene(5), 2.5, SIZE))


def test_another_process_renders_the_same_bytes():
    program = (
        "from hashlib import sha256; from deep_perception.scenes import Scene, render; "
        "view = render(Scene(5), 2.5, (240, 320)); "
        "print(sha256(view.image.tobytes() + view.depth.tobytes() + view.instances.masks.tobytes()).hexdigest())"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == fingerprint(render(Scene(5), 2.5, SIZE))


def test_seed_time_and_surface_each_change_the_picture():
    prints = {
        fingerprint(render(Scene(5, surface=surface), time, SIZE)) for surface in ("wood", "cloth") for time in (0, 1)
    }
    assert len(prints | {fingerprint(render(Scene(6), 0, SIZE))}) == 5


def test_a_view_has_the_types_and_shapes_it_promises(views):
    for scene, view in views:
        assert view.image.shape == (*SIZE, 3)
        assert view.image.dtype == np.uint8
        assert view.depth.shape == SIZE
        assert view.depth.dtype == np.float32
        assert isinstance(view.instances, Instances)
        assert isinstance(view.surface, Classes)
        assert SURFACES[view.surface.labels[0]] == SURFACES[scene.surface]
        assert view.visible.shape == (len(view.instances),)


def test_boxes_hug_the_masks(views):
    for _, view in views:
        for found in (view.instances, view.ignored):
            for box, mask in zip(found.boxes, found.masks, strict=True):
                rows, columns = np.nonzero(mask)
                assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_no_pixel_belongs_to_two_things(views):
    for _, view in views:
        masks = np.concatenate([view.instances.masks, view.ignored.masks])
        assert masks.sum(axis=0).max() == 1


def test_the_semantic_map_agrees_with_the_masks(views):
    for _, view in views:
        masks = np.concatenate([view.instances.masks, view.ignored.masks])
        labels = np.concatenate([view.instances.labels, view.ignored.labels])
        assert np.array_equal(view.semantic.labels, (masks * labels[:, None, None]).sum(axis=0))


def test_every_pixel_without_a_thing_lies_on_the_table_or_the_room(views):
    x, y = TABLE[0] / 2, TABLE[1] / 2
    for _, view in views:
        points = world_points(view)[view.semantic.labels == 0]
        px, py, pz = points.T
        top = (abs(pz) < 1e-4) & (abs(px) < x + 1e-3) & (abs(py) < y + 1e-3)
        side = (pz < 1e-3) & (np.minimum(abs(abs(px) - x), abs(abs(py) - y)) < 1e-4)
        wall = np.minimum(abs(abs(px) - WALLS[0]), abs(abs(py) - WALLS[1])) < 1e-4
        level = np.minimum(abs(pz - GROUND), abs(pz - CEILING)) < 1e-4
        assert (top | side | wall | level).all()
        assert top.mean() > 0.2


def test_the_pixels_of_a_thing_lie_on_it(views):
    for scene, view in views:
        for thing, _, points in owners(scene, view):
            inside = (points - thing.position) @ thing.rotation
            assert (inside > thing.low - 1e-3).all()
            assert (inside < thing.high + 1e-3).all()
            assert points[:, 2].min() > -1e-3


def test_the_depth_of_a_ball_is_that_of_a_ball(views):
    balls = [(thing, points) for scene, view in views for thing, _, points in owners(scene, view) if thing.label == 1]
    assert balls
    for thing, points in balls:
        radius = thing.high[2]
        assert np.linalg.norm(points - thing.centre, axis=1) == pytest.approx(radius, abs=2e-4)


def test_what_is_twice_as_far_looks_half_as_large():
    scene = Scene(5, things=0)
    scene.things = next(Scene(seed).things for seed in range(9) if Scene(seed).things[0].label == 1)[:1]
    sizes = []
    for time in np.linspace(0, 13, 6):
        view = render(scene, time, SIZE)
        distance = np.linalg.norm(scene.things[0].centre - view.pose[:3, 3])
        sizes.append(np.sqrt(view.instances.masks[0].sum()) * distance)
    assert sizes == pytest.approx([np.mean(sizes)] * 6, rel=0.06)


def test_things_hide_each_other_and_the_hidden_share_is_exact(views):
    hidden = 0
    for number, (scene, view) in enumerate(views[:4]):
        for (thing, mask, _), share in zip(owners(scene, view), view.visible, strict=True):
            alone = copy(scene)
            alone.things = [thing]
            whole = render(alone, 3.7 * number, SIZE).semantic.labels > 0
            assert (whole | ~mask).all()
            if not (whole[0].any() or whole[-1].any() or whole[:, 0].any() or whole[:, -1].any()):
                assert share == pytest.approx(mask.sum() / whole.sum(), abs=1e-6)
            hidden += share < 0.8
    assert hidden >= 2


def test_what_is_hardly_seen_is_set_aside(views):
    for _, view in views:
        assert (view.visible >= MIN_VISIBLE).all()
        assert (view.instances.masks.sum(axis=(1, 2)) >= MIN_AREA * view.depth.size).all()
        assert view.ignored.masks.any(axis=(1, 2)).all()
    assert sum(len(view.ignored) for _, view in views) > 0


def test_every_class_and_every_surface_occurs():
    scenes = [Scene(seed) for seed in range(40)]
    assert {thing.label for scene in scenes for thing in scene.things} == set(range(1, len(LABELS)))
    assert {scene.surface for scene in scenes} == set(range(len(SURFACES)))
    assert LABELS[0] == "__background__"


def test_things_do_not_touch():
    for scene in (Scene(seed, things=12) for seed in range(10)):
        for number, one in enumerate(scene.things):
            for other in scene.things[:number]:
                gap = np.linalg.norm(one.position[:2] - other.position[:2])
                assert gap > objects.footprint(one.parts) + objects.footprint(other.parts)


def test_things_throw_a_shadow_away_from_the_lamp():
    for seed in range(4):
        scene = Scene(seed)
        table = scene.table
        sides = table.corner, table.across, table.down
        share = scene.lamp.on_table(*sides, scene.things) / scene.lamp.on_table(*sides, [])
        assert share.max() < 1 + 1e-4
        tallest = max(scene.things, key=lambda thing: thing.high[2])
        away = tallest.position[:2] - scene.lamp.position[:2]
        height = tallest.high[2] / 2
        spot = tallest.position[:2] + away * height / (scene.lamp.position[2] - height)
        column = int((spot[0] + TABLE[0] / 2) / TABLE[0] * share.shape[1])
        row = int((TABLE[1] / 2 - spot[1]) / TABLE[1] * share.shape[0])
        assert share[row, column].max() < 0.75


def test_the_camera_moves_and_its_exposure_changes():
    scene = Scene(1)
    poses = np.stack([scene.path.pose(time)[:3, 3] for time in range(20)])
    steps = np.linalg.norm(np.diff(poses, axis=0), axis=1)
    assert 0.001 < steps.max() < 0.3
    assert np.ptp([scene.exposure(time) for time in range(20)]) > 0.2


@pytest.mark.parametrize("size", [(1, 1), (37, 53), (300, 100)])
def test_any_size_of_picture_can_be_had(size):
    view = render(Scene(2), 0, size)
    assert view.image.shape == (*size, 3)
    assert np.isfinite(view.depth).all()
    assert (view.depth > 0).all()


def test_a_large_picture_shows_the_same_as_a_small_one():
    scene = Scene(3)
    small, large = render(scene, 1, (120, 160)), render(scene, 1, (480, 640))
    same = small.semantic.labels == large.semantic.labels[::4, ::4]
    assert same.mean() > 0.97


def test_an_unknown_surface_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match=r"unknown surface 'marbel'. Nearest: marble"):
        Scene(0, surface="marbel")
