from functools import partial

import numpy as np
import pytest

from deep_perception.config import AUGMENTATIONS
from deep_perception.data.augment import STEPS, Augmentation
from deep_perception.data.augmentation.view import LEAST_SEEN, View, hulls
from deep_perception.predictions import UNLABELLED, Classes, Detections, Image, Instances, LabelMap, Picture, Prediction

SIZES = [(1, 1), (1, 7), (9, 1), (33, 47), (96, 64)]
TASKS = tuple(STEPS)
OF_THINGS = ("detection", "instance_segmentation")
ALL = partial(Augmentation, AUGMENTATIONS)


def photo(height: int, width: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def blobs(height: int, width: int, count: int, seed: int = 0) -> Instances:
    """Ellipses that may overlap and stick out, with the boxes around what is seen of them."""
    rng, (rows, columns) = np.random.default_rng(seed), np.indices((height, width))
    masks = np.zeros((count, height, width), np.bool_)
    for mask in masks:
        y, x = rng.integers(height), rng.integers(width)
        a, b = rng.uniform(1, max(2, width / 3)), rng.uniform(1, max(2, height / 3))
        mask[:] = ((columns - x) / a) ** 2 + ((rows - y) / b) ** 2 <= 1
    boxes = hulls(masks.view(np.uint8))
    return Instances(boxes, np.arange(1, count + 1), np.linspace(1, 0.5, count, dtype=np.float32), masks)


def truth(task: str, height: int, width: int, seed: int = 0, count: int = 4) -> Prediction:
    found = blobs(height, width, count, seed)
    if task == "classification":
        return Classes(np.array([3, 1], np.int64), np.array([0.9, 0.1], np.float32))
    if task == "semantic_segmentation":
        return LabelMap(np.where(found.masks.any(0), 5, UNLABELLED).astype(np.uint8), photo(height, width)[..., 0])
    if task == "instance_segmentation":
        return found
    if task in ("colorization", "super_resolution"):
        return Picture(photo(height, width, seed))
    return Detections(found.boxes, found.labels, found.scores)


def same(one: Prediction, other: Prediction) -> bool:
    return type(one) is type(other) and all(
        np.array_equal(value, vars(other)[name]) for name, value in vars(one).items()
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", TASKS)
def test_the_truth_keeps_its_type_and_fits_the_new_picture(task: str, size: tuple[int, int]) -> None:
    for seed in range(12):
        target = truth(task, *size, seed)
        image, changed = ALL(task)(photo(*size, seed), target, np.random.default_rng(seed))
        height, width = image.shape[:2]
        assert image.dtype == np.uint8 and image.flags.c_contiguous and type(changed) is type(target)
        if isinstance(changed, Detections):
            assert (changed.boxes[:, :2] >= 0).all() and (changed.boxes[:, 2:] <= [width, height]).all()
            assert (changed.boxes[:, 2:] > changed.boxes[:, :2]).all()
        if isinstance(changed, Instances):
            assert changed.masks.shape[1:] == (height, width)
        if isinstance(changed, LabelMap):
            assert changed.labels.shape == (height, width)
        if isinstance(changed, Picture):
            assert changed.image.shape == image.shape


@pytest.mark.parametrize("task", TASKS)
def test_the_same_generator_gives_the_same_example_and_another_one_another(task: str) -> None:
    image, target = photo(48, 64), truth(task, 48, 64)
    results = [ALL(task)(image, target, np.random.default_rng(seed)) for seed in (7, 7, 8)]
    assert np.array_equal(results[0][0], results[1][0]) and same(results[0][1], results[1][1])
    assert not np.array_equal(results[0][0], results[2][0])


@pytest.mark.parametrize("task", TASKS)
def test_what_was_given_stays_as_it_was(task: str) -> None:
    image, target = photo(48, 64), truth(task, 48, 64)
    kept = truth(task, 48, 64)
    image.flags.writeable = False
    for seed in range(10):
        ALL(task)(image, target, np.random.default_rng(seed))
    assert np.array_equal(image, photo(48, 64)) and same(target, kept)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_after_every_change_a_box_is_the_hull_of_its_mask(name: str) -> None:
    change = Augmentation([name], "instance_segmentation")
    for seed in range(30):
        image, found = photo(60, 80), blobs(60, 80, 5, seed)
        _, changed = change(image, found, np.random.default_rng(seed))
        assert isinstance(changed, Instances)
        assert np.array_equal(changed.boxes, hulls(changed.masks.view(np.uint8)))


@pytest.mark.parametrize("task", TASKS)
def test_mirroring_twice_changes_nothing(task: str) -> None:
    image, target = photo(33, 47), truth(task, 33, 47)
    view = View.of(image, target).mirrored().mirrored()
    assert np.array_equal(view.image, image) and same(view.truth, target)


@pytest.mark.parametrize("name", ["flip", "crop", "rotate"])
def test_masks_and_pixels_lie_where_the_picture_shows_them(name: str) -> None:
    masks = np.zeros((2, 90, 120), np.bool_)
    masks[0, 10:40, 15:60] = masks[1, 50:80, 70:110] = True
    image = np.zeros((90, 120, 3), np.uint8)
    image[masks[0], 0] = image[masks[1], 2] = 250  # one is red, the other blue
    things = Instances(hulls(masks.view(np.uint8)), np.array([1, 2]), np.ones(2, np.float32), masks)
    labels = LabelMap(np.where(masks[0], 1, np.where(masks[1], 2, 0)).astype(np.uint8))
    of_things, of_pixels = (Augmentation([name], task) for task in ("instance_segmentation", "semantic_segmentation"))
    for seed in range(40):
        picture, found = of_things(image, things, np.random.default_rng(seed))
        assert isinstance(found, Instances)
        for label, mask in zip(found.labels, found.masks, strict=True):
            assert overlap(mask, coloured(picture, (0, 2)[label - 1])) > 0.9
        picture, pixels = of_pixels(image, labels, np.random.default_rng(seed))
        assert isinstance(pixels, LabelMap)
        assert overlap(pixels.labels == 2, coloured(picture, 2)) > 0.9


def coloured(picture: Image, channel: int) -> np.ndarray:
    return picture[..., channel].astype(int) - picture[..., 1] > 125


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return 1.0 if not (one | other).any() else (one & other).sum() / (one | other).sum()


def test_without_masks_a_turned_box_encloses_what_it_enclosed() -> None:
    for degrees in np.linspace(-10, 10, 9):
        found = blobs(120, 160, 1, 3)
        bare = View.of(photo(120, 160), Detections(found.boxes, found.labels, found.scores)).turned(degrees).boxes
        exact = View.of(photo(120, 160), found).turned(degrees).boxes
        assert (bare[:, :2] <= exact[:, :2] + 1).all() and (bare[:, 2:] >= exact[:, 2:] - 1).all()
        assert np.abs(bare - exact).max() < 15


def test_a_thing_that_is_cut_away_is_gone_and_one_that_is_mostly_seen_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [18, 0, 28, 10], [13, 0, 23, 10], [30, 0, 40, 10]], np.float32)
    found = Detections(boxes, np.array([1, 2, 3, 4]), np.array([0.9, 0.8, 0.7, 0.6], np.float32))
    cut = View.of(photo(20, 40), found).cut(0, 0, 20, 20).truth
    assert isinstance(cut, Detections)
    assert cut.labels.tolist() == [1, 3] and cut.scores.tolist() == pytest.approx([0.9, 0.7])
    assert cut.boxes.tolist() == [[0, 0, 10, 10], [13, 0, 20, 10]]


def test_of_a_thing_with_a_mask_it_is_the_mask_that_must_be_seen() -> None:
    masks = np.zeros((1, 20, 40), np.bool_)
    masks[0, :10, 0], masks[0, 9, :30] = True, True
    thing = Instances(np.array([[0, 0, 30, 10]], np.float32), np.array([1]), np.ones(1, np.float32), masks)
    corner = View.of(photo(20, 40), thing).cut(0, 0, 9, 40).truth
    assert isinstance(corner, Instances) and len(corner) == 0
    assert corner.masks.shape == (0, 9, 40)


def test_cropping_always_leaves_something_to_learn() -> None:
    single = np.full((64, 64), UNLABELLED, np.uint8)
    single[3, 60] = 1
    one = Detections(np.array([[55, 2, 60, 7]], np.float32), np.array([1]), np.ones(1, np.float32))
    for seed in range(60):
        rng = np.random.default_rng(seed)
        _, pixels = Augmentation(["crop", "rotate"], "semantic_segmentation")(photo(64, 64), LabelMap(single), rng)
        assert isinstance(pixels, LabelMap) and (pixels.labels == 1).any()
        _, things = Augmentation(["crop", "rotate"], "detection")(photo(64, 64), one, rng)
        assert isinstance(things, Detections) and len(things) == 1


def test_windows_rarely_show_a_thing_by_a_sliver() -> None:
    found = blobs(100, 100, 3, 5)
    target, shown, slivers = Detections(found.boxes, found.labels, found.scores), 0, 0
    for seed in range(200):
        image = np.zeros((100, 100, 3), np.uint8)
        for number, (left, top, right, bottom) in enumerate(found.boxes.astype(int), 1):
            image[top:bottom, left:right] = number
        picture, kept = Augmentation(["crop"], "detection")(image, target, np.random.default_rng(seed))
        assert isinstance(kept, Detections)
        seen = {number for number in (1, 2, 3) if (picture == number).all(-1).any()}
        shown, slivers = shown + len(seen), slivers + len(seen - set(kept.labels.tolist()))
    assert slivers < 0.1 * shown


def test_no_thing_is_mostly_hidden() -> None:
    found = blobs(60, 80, 4, 1)
    target = Detections(found.boxes, found.labels, found.scores)
    change, hidden = Augmentation(["erase"], "detection"), 0
    for seed in range(100):
        picture, _ = change(np.zeros((60, 80, 3), np.uint8), target, np.random.default_rng(seed))
        hidden += bool(picture.any())
        for left, top, right, bottom in found.boxes.astype(int):
            assert picture[top:bottom, left:right, 0].astype(bool).mean() <= 0.5
    assert 10 < hidden < 60


@pytest.mark.parametrize("task", OF_THINGS)
def test_pictures_without_a_thing_stay_without_one(task: str) -> None:
    for seed in range(20):
        _, changed = ALL(task)(photo(40, 50), truth(task, 40, 50, count=0), np.random.default_rng(seed))
        assert isinstance(changed, Detections) and len(changed) == 0


def test_a_box_without_area_vanishes_when_the_picture_is_cut() -> None:
    flat = Detections(np.array([[5, 5, 5, 9]], np.float32), np.array([1]), np.ones(1, np.float32))
    assert len(View.of(photo(20, 20), flat).cut(0, 0, 18, 18).truth) == 0  # type: ignore[arg-type]


def test_what_lies_outside_the_picture_is_unlabelled() -> None:
    labels = LabelMap(np.full((40, 60), 3, np.uint8))
    turned = View.of(photo(40, 60), labels).turned(10).truth
    assert isinstance(turned, LabelMap) and set(np.unique(turned.labels)) == {3, UNLABELLED}
    assert turned.labels[0, 0] == UNLABELLED and turned.labels[20, 30] == 3


def test_colours_to_be_learnt_are_not_changed_and_details_to_be_learnt_not_blurred() -> None:
    assert Augmentation(AUGMENTATIONS, "colorization").names == ("flip", "crop", "contrast", "noise")
    assert Augmentation(AUGMENTATIONS, "super_resolution").names == ("flip", "crop", "colour", "contrast")


def test_noise_is_in_the_picture_and_not_in_the_truth() -> None:
    image = photo(30, 40)
    noisy, target = Augmentation(["noise"], "colorization")(image, Picture(image), np.random.default_rng(1))
    assert isinstance(target, Picture) and np.array_equal(target.image, image)
    assert not np.array_equal(noisy, image)


def test_picture_and_its_truth_are_lit_alike() -> None:
    image, change = photo(300, 400), Augmentation(AUGMENTATIONS, "super_resolution")
    for seed in range(5):
        lit, target = change(image, Picture(image), np.random.default_rng(seed))
        assert isinstance(target, Picture) and np.array_equal(lit, target.image)


@pytest.mark.parametrize("names", [(), ("none",)])
def test_nothing_is_done_when_nothing_is_asked_for(names: tuple[str, ...]) -> None:
    image, target = photo(20, 30), truth("detection", 20, 30)
    picture, same_target = Augmentation(names, "detection")(image, target, np.random.default_rng(0))
    assert np.array_equal(picture, image) and same(same_target, target)


def test_a_thing_counts_while_a_third_of_it_is_seen() -> None:
    for share in (LEAST_SEEN - 0.05, LEAST_SEEN + 0.05):
        box = np.array([[0, 0, 100, 10]], np.float32)
        thing = Detections(box, np.array([1]), np.ones(1, np.float32))
        cut = View.of(photo(20, 100), thing).cut(0, 0, 20, round(100 * share)).truth
        assert isinstance(cut, Detections) and len(cut) == (share > LEAST_SEEN)
