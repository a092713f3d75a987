import colorsys
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import numpy as np
import pytest

from deep_perception.canvas import colour_of
from deep_perception.drawing import draw
from deep_perception.predictions import Classes, Detections, Instances, LabelMap, Picture, Prediction

PERSON, TRAFFIC_LIGHT = (154, 101, 224), (64, 13, 255)
LABELS = ("background", "person", "Bicycle", "traffic light", "tabby, tabby cat")
SIZES = [(1, 1), (1, 40), (40, 1), (32, 32), (33, 47), (480, 640), (2160, 3840)]


def photo(height: int = 480, width: int = 640) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 120, (height, width, 3), np.uint8)


def classes(labels: list[int], scores: list[float]) -> Classes:
    return Classes(np.array(labels, np.int64), np.array(scores, np.float32))


def detections(boxes: list[list[float]], labels: list[int], scores: list[float] | None = None) -> Detections:
    found = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(found, np.array(labels, np.int64), np.array(scores or [0.9] * len(labels), np.float32))


def instances(masks: np.ndarray, labels: list[int]) -> Instances:
    edges = [(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) for ys, xs in map(np.nonzero, masks)]
    plain = detections([list(edge) for edge in edges], labels)
    return Instances(plain.boxes, plain.labels, plain.scores, masks)


def blobs(height: int, width: int) -> np.ndarray:
    masks = np.zeros((2, height, width), bool)
    masks[0, : (height + 1) // 2] = masks[1, :, width // 2 :] = True
    return masks


def example(kind: type, height: int, width: int) -> Prediction:
    if kind is Classes:
        return classes([4, 1, 99], [0.8, 0.1, 0.05])
    if kind is Detections:
        return detections([[0, 0, width, height], [-3, -3, width / 2, height * 2], [0.4, 0.4, 0.4, 0.4]], [1, 4, -7])
    if kind is Instances:
        return instances(blobs(height, width), [3, 3])
    if kind is LabelMap:
        return LabelMap(np.arange(height * width).reshape(height, width).astype(np.uint8))
    return Picture(photo(height + 1, width + 2))


KINDS = (*get_args(Prediction), Instances)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_prediction_is_drawn_on_a_copy_of_any_size(kind: type, size: tuple[int, int]) -> None:
    image = photo(*size)
    before = image.copy()
    image.flags.writeable = False
    got = draw(image, example(kind, *size), LABELS)
    assert got.dtype == np.uint8 and got.flags.c_contiguous and got.flags.writeable
    assert got.shape == ((size[0] + 1, size[1] + 2, 3) if kind is Picture else image.shape)
    assert np.array_equal(image, before) and not np.shares_memory(got, image)
    assert size[0] < 32 or size[1] < 32 or not np.array_equal(got, before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_into_another_picture_is_drawn_like_its_copy(kind: type) -> None:
    view = photo(200, 300)[::-2, ::3, ::-1]
    prediction = example(kind, 100, 100)
    assert np.array_equal(draw(view, prediction, LABELS), draw(view.copy(), prediction, LABELS))


@pytest.mark.parametrize(
    "nothing",
    [
        classes([], []),
        detections([], []),
        Instances(
            np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros((0, 480, 640), bool)
        ),
        LabelMap(np.full((480, 640), 255, np.uint8)),
        LabelMap(np.zeros((480, 640), np.uint8)),
    ],
)
def test_where_nothing_is_found_nothing_is_drawn(nothing: Prediction) -> None:
    assert np.array_equal(draw(photo(), nothing, LABELS), photo())


def test_threads_that_draw_at_once_do_not_disturb_each_other() -> None:
    jobs = [(photo(), example(kind, 480, 640)) for kind in KINDS] * 6
    alone = [draw(image, prediction, LABELS) for image, prediction in jobs]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda job: draw(*job, LABELS), jobs))
    assert all(map(np.array_equal, alone, together))


def test_the_colour_of_a_class_is_the_same_everywhere_and_for_ever() -> None:
    assert colour_of("person") == colour_of("PERSON") == PERSON
    assert colour_of("traffic light") == TRAFFIC_LIGHT


def test_the_colours_of_many_classes_differ_and_none_is_grey() -> None:
    colours = [colour_of(f"class {number}") for number in range(100)]
    assert len(set(colours)) >= 98
    assert min(colorsys.rgb_to_hsv(*(part / 255 for part in colour))[1] for colour in colours) > 0.5
    hues = [colorsys.rgb_to_hsv(*(part / 255 for part in colour))[0] for colour in colours]
    assert np.histogram(hues, 6, (0, 1))[0].min() >= 5, "every part of the colour circle is used"


def is_colour(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (image == np.array(colour)).all(axis=2)


def test_a_box_has_the_colour_of_its_class_or_the_one_asked_for() -> None:
    found = detections([[100, 200, 300, 400]], [2])
    edge = (slice(220, 380), slice(100, 101))
    assert is_colour(draw(photo(), found, LABELS)[edge], colour_of("bicycle")).all()
    assert is_colour(draw(photo(), found, LABELS, colours={"bicycle": (1, 2, 3)})[edge], (1, 2, 3)).all()


def test_the_inside_of_a_box_is_left_alone() -> None:
    got = draw(photo(), detections([[100, 200, 300, 400]], [1]), LABELS)
    inside = (slice(210, 390), slice(110, 290))
    assert np.array_equal(got[inside], photo()[inside])


def test_lines_and_letters_grow_with_the_picture() -> None:
    painted = [
        is_colour(draw(photo(s, s), detections([[s / 4, s / 2, s / 2, s * 0.9]], [1]), LABELS), PERSON)
        for s in (480, 2160)
    ]
    (small, large) = (int(mask[mask.shape[0] * 3 // 4].sum()) for mask in painted)
    assert 4 <= small <= 6 and large >= 3 * small, "both sides of the box"
    tags = [mask.any(axis=1).argmax() / mask.shape[0] for mask in painted]
    assert tags[0] == pytest.approx(tags[1], abs=0.01)


@pytest.mark.parametrize("side", [32, 64, 160, 480, 1080])
def test_a_tag_stays_whole_inside_the_picture(side: int) -> None:
    flat, name = np.zeros((side, side, 3), np.uint8), ["ox"]
    far = side - 1
    corners = [(side // 2, side // 2), (0, 0), (far, 0), (0, far), (far, far), (-50, -50), (side + 50, side + 50)]
    written = [draw(flat, detections([[x, y, x, y]], [0]), name).any(axis=2).sum() for x, y in corners]
    line = max(1, round(side / 240))
    assert min(written) >= max(written) - (line + 2) ** 2, "but for the dot that is the box"


@pytest.mark.parametrize("side", [24, 32, 48])
def test_a_name_too_long_for_the_picture_is_cut_and_not_lost(side: int) -> None:
    flat = np.zeros((side, side, 3), np.uint8)
    colours = {"w" * 300: (10, 200, 10), "ww": (10, 200, 10)}
    long, short = (draw(flat, detections([[2, 20, 20, 22]], [0]), [name], colours=colours) for name in colours)
    assert is_colour(long, (10, 200, 10)).sum() > 20 and long.any(axis=2).sum() >= short.any(axis=2).sum()


def test_a_surer_tag_is_not_covered_by_another() -> None:
    box = [100, 200, 300, 400]
    alone = draw(photo(), detections([box], [1], [0.9]), LABELS)
    both = draw(photo(), detections([box, box], [3, 1], [0.4, 0.9]), LABELS)
    tag = (slice(180, 198), slice(100, 170))
    assert np.array_equal(both[tag], alone[tag])
    assert is_colour(both, TRAFFIC_LIGHT).sum() > 500, "the other stands elsewhere"


@pytest.mark.parametrize("scores", [[0.4, 0.9], [0.9, 0.4]])
def test_where_boxes_cross_the_surer_lies_on_top(scores: list[float]) -> None:
    got = draw(photo(), detections([[100, 200, 300, 400], [200, 100, 400, 300]], [1, 3], scores), LABELS)
    surer = PERSON if scores[0] > scores[1] else TRAFFIC_LIGHT
    assert tuple(got[300, 300]) == surer


@pytest.mark.parametrize(("label", "labels"), [(7, []), (-1, ["a", "b"]), (0, ["猫"])])  # the font has no such letter
@pytest.mark.parametrize("score", [0.5, 1.0])
def test_a_class_without_a_name_to_write_is_drawn_as_its_number(label: int, labels: list[str], score: float) -> None:
    same = dict.fromkeys(["7", "-1", "猫", "0"], (200, 10, 10))
    got = draw(photo(), detections([[100, 200, 300, 400]], [label], [score]), labels, colours=same)
    named = draw(photo(), detections([[100, 200, 300, 400]], [0], [score]), [str(label)], colours=same)
    assert np.array_equal(got, named)


def test_letters_with_accents_are_written_without_them() -> None:
    same = {"jalapeño": (200, 10, 10), "jalapeno": (200, 10, 10)}
    found = detections([[100, 200, 300, 400]], [0])
    with_accent, without = (draw(photo(), found, [name], colours=same) for name in same)
    assert np.array_equal(with_accent, without)


def test_a_shape_is_half_covered_and_the_rest_left_alone() -> None:
    mask = np.zeros((1, 480, 640), bool)
    mask[0, 100:400, 100:500] = True
    mask[0, 200:300, 200:400] = False
    got = draw(photo(), instances(mask, [1]), LABELS).astype(float)
    shape, hole, outside = (slice(120, 180), slice(150, 450)), (slice(210, 290), slice(210, 390)), (slice(420, 480),)
    assert np.abs(got[shape] - (photo()[shape] + np.array(PERSON)) / 2).max() <= 1
    assert np.array_equal(got[hole], photo()[hole]) and np.array_equal(got[outside], photo()[outside])


def test_a_line_parts_two_shapes_of_one_class() -> None:
    masks = np.zeros((2, 480, 640), bool)
    masks[0, 100:400, 100:300] = masks[1, 100:400, 300:500] = True
    across = is_colour(draw(photo(), instances(masks, [1, 1]), LABELS), PERSON)[250]
    assert across[298:302].any() and not across[150:250].any()


def test_classes_are_listed_best_first_with_bars_as_long_as_their_scores() -> None:
    got = draw(photo(), classes([1, 3], [0.8, 0.2]), LABELS)
    first, second = is_colour(got, PERSON), is_colour(got, TRAFFIC_LIGHT)
    assert np.nonzero(first)[0].max() < np.nonzero(second)[0].min()
    long, short = first.any(axis=0).sum(), second.any(axis=0).sum()
    assert long == pytest.approx(4 * short, abs=4)


def test_a_score_outside_0_to_1_does_not_break_the_panel() -> None:
    got = draw(photo(), classes([1, 3], [12.5, -3.0]), LABELS)
    assert 0 < is_colour(got, PERSON).any(axis=0).sum() < 640 and not is_colour(got, TRAFFIC_LIGHT).any()


def test_more_classes_than_fit_are_left_out() -> None:
    many = classes(list(range(1000)), np.linspace(1, 0, 1000).tolist())
    got = draw(photo(), many, [str(number) for number in range(1000)])
    assert np.array_equal(got[400:], photo()[400:])


def test_a_label_map_covers_classes_and_leaves_background_and_unlabelled_pixels() -> None:
    labels = np.zeros((480, 640), np.uint8)
    labels[:100], labels[:100, :300] = 255, 1
    got = draw(photo(), LabelMap(labels), LABELS).astype(float)
    assert np.abs(got[:100, :300] - (photo()[:100, :300] + np.array(PERSON)) / 2).max() <= 1
    assert np.array_equal(got[:240, 300:], photo()[:240, 300:])


def test_the_legend_names_the_largest_classes_from_the_top() -> None:
    labels = np.full((480, 640), 3, np.uint8)
    labels[:100] = 1
    got = draw(photo(), LabelMap(labels), LABELS)
    small, large = (np.nonzero(is_colour(got, colour)) for colour in (PERSON, TRAFFIC_LIGHT))
    assert large[0].max() < small[0].min() and large[0].min() > 240
    assert max(large[1].max(), small[1].max()) < 64


def test_a_picture_is_its_own_drawing() -> None:
    picture = Picture(photo(20, 30))
    got = draw(photo(10, 15), picture, LABELS)
    assert np.array_equal(got, picture.image) and not np.shares_memory(got, picture.image)


@pytest.mark.parametrize("kind", [Instances, LabelMap])
def test_masks_of_another_size_are_refused(kind: type) -> None:
    with pytest.raises(ValueError, match=r"\(40, 60\).*\(480, 640\)"):
        draw(photo(), example(kind, 40, 60), LABELS)


def test_what_is_no_prediction_is_refused() -> None:
    with pytest.raises(TypeError, match="got list"):
        draw(photo(), [], LABELS)  # type: ignore[arg-type]
