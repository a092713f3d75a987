"""The figures of things are those of COCO's own evaluation, to the sixth digit, whatever the pictures hold."""

import numpy as np
import pytest

from deep_perception.evaluation.bags.evidence import EVIDENCE
from deep_perception.evaluation.bags.result import FIGURES
from deep_perception.evaluation.bags.truth import Known
from deep_perception.predictions import Detections, Instances

coco = pytest.importorskip("pycocotools.coco", reason="needs pycocotools")
cocoeval = pytest.importorskip("pycocotools.cocoeval")
runs = pytest.importorskip("pycocotools.mask")

NAMES = ("__background__", "cup", "ball", "die")
SIZE = (200, 240)
ORDER = ("AP", "AP50", "AP75", "AP small", "AP medium", "AP large", None, None, "AR100")
"""As COCO sums up."""


def things(rng, count, scores=(1.0,)):
    """Things of all sizes, of just those where COCO's classes of size end, and a few as thin as a line."""
    corner = rng.integers(0, 100, (count, 2))
    sides = np.where(
        rng.random((count, 2)) < 0.5, rng.choice([32, 96], (count, 1)), rng.choice([9, 20, 60, 130], count)[:, None]
    )
    sides[rng.random(count) < 0.03] *= (1, 0)
    labels = rng.choice([1, 1, 2, 3], count)
    boxes = np.concatenate([corner, corner + sides], axis=1)
    return Detections(boxes.astype(np.float32), labels, rng.choice(scores, count).astype(np.float32))


def answers(rng, around, made_up):
    """Some near the true ones, some of them of another class, and some made up; many have equal scores."""
    near = np.repeat(np.arange(len(around)), rng.integers(0, 3, len(around)))
    sides = np.tile(around.boxes[near, 2:] - around.boxes[near, :2], 2)
    moved = around.boxes[near] + (rng.normal(0, 0.06, (len(near), 4)) * sides).astype(np.float32)
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2])
    labels = np.where(rng.random(len(near)) < 0.9, around.labels[near], 1)
    scores = np.append(rng.uniform(0.3, 1, len(near)), rng.uniform(0, 0.7, made_up)).round(1).astype(np.float32)
    extra = things(rng, made_up)
    return Detections(np.concatenate([moved, extra.boxes]), np.concatenate([labels, extra.labels]), scores)


def joined(*several):
    return Detections(*(np.concatenate([getattr(one, key) for one in several]) for key in vars(several[0])))


def pictures(seed, *, count=16, made_up=20):
    rng = np.random.default_rng(seed)
    for number in range(count):
        truth, ignored = things(rng, int(rng.integers(0, 9)) if number % 4 else 0), things(rng, int(rng.integers(0, 3)))
        yield answers(rng, joined(truth, ignored), int(rng.integers(0, made_up))), truth, ignored


def masked(rng, found):
    """What is in the boxes, with holes, of some nothing."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    left, top, right, bottom = (side[:, None, None] for side in found.boxes.T)
    inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
    return Instances(found.boxes, found.labels, found.scores, inside & (rng.random((len(found), *SIZE)) < 0.97))


def theirs(given, kind):
    """What COCO's own evaluation says."""
    wanted, found = [], []
    for number, (answer, truth, ignored) in enumerate(given, 1):
        for crowd, some in enumerate((truth, ignored)):
            wanted += [
                {**one, "iscrowd": crowd, "id": len(wanted) + place} for place, one in enumerate(told(some, number), 1)
            ]
        found += [{name: one[name] for name in one if kind == "bbox" or name != "bbox"} for one in told(answer, number)]
    truths = coco.COCO()
    truths.dataset = {
        "info": {},
        "images": [{"id": number + 1, "height": SIZE[0], "width": SIZE[1]} for number in range(len(given))],
        "categories": [{"id": number, "name": name} for number, name in enumerate(NAMES) if number],
        "annotations": wanted,
    }
    truths.createIndex()
    evaluation = cocoeval.COCOeval(truths, truths.loadRes(found), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation


def told(found, image):
    """Things as COCO writes them."""
    corners = found.boxes.astype(np.float64)
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1).tolist()
    for place, box in enumerate(boxes):
        said = {"image_id": image, "category_id": int(found.labels[place]), "score": float(found.scores[place])}
        said |= {"bbox": box, "area": box[2] * box[3]}
        if isinstance(found, Instances):
            said["segmentation"] = runs.encode(np.asfortranarray(found.masks[place], np.uint8))
            said["area"] = float(runs.area(said["segmentation"]))
        yield said


def ours(given, task):
    """What follows from the lines of the pictures."""
    image = np.zeros((*SIZE, 3), np.uint8)
    lines = [EVIDENCE[task].of(answer, Known(truth, ignored), image) for answer, truth, ignored in given]
    return FIGURES[task](NAMES, [FIGURES[task].unit(line) for line in lines])


def check(figures, evaluation, prefix=""):
    said = figures.figures()
    for name, value in zip(ORDER, evaluation.stats, strict=False):
        if name:
            assert np.nan_to_num(said[prefix + name], nan=-1) == pytest.approx(value, abs=1e-6), name
    assert 0 < said[prefix + "AP"] < 1
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    by_class = {NAMES[place + 1]: precision[..., place] for place in range(3) if (precision[..., place] >= 0).all()}
    assert [row["name"] for row in figures.classes()] == list(by_class)
    for row, curve in zip(figures.classes(), figures.curves(), strict=True):
        expected = by_class[row["name"]]
        assert row["figures"][prefix + "AP"] == pytest.approx(expected.mean(), abs=1e-6)
        assert row["figures"][prefix + "AP50"] == pytest.approx(expected[0].mean(), abs=1e-6)
        np.testing.assert_allclose(curve["precision"], expected[0], atol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_boxes_get_what_coco_gives_them(seed):
    given = list(pictures(seed))
    check(ours(given, "detection"), theirs(given, "bbox"))


def test_of_more_than_a_hundred_answers_of_a_class_the_surest_hundred_count():
    given = list(pictures(7, count=4, made_up=700))
    assert max(np.bincount(answer.labels).max() for answer, _, _ in given) > 150
    check(ours(given, "detection"), theirs(given, "bbox"))


@pytest.mark.parametrize("seed", range(3))
def test_masks_get_what_coco_gives_them(seed):
    rng = np.random.default_rng(seed)
    given = [tuple(masked(rng, one) for one in each) for each in pictures(seed)]
    figures = ours(given, "instance_segmentation")
    check(figures, theirs(given, "segm"), "mask ")


def test_the_boxes_of_masks_get_what_coco_gives_boxes():
    rng = np.random.default_rng(0)
    given = [tuple(masked(rng, one) for one in each) for each in pictures(0)]
    assert ours(given, "instance_segmentation").figures()["box AP"] == pytest.approx(
        theirs(given, "bbox").stats[0], abs=1e-6
    )


def test_proposals_get_the_recall_that_coco_gives_things_of_one_class():
    of_one = [[Detections(one.boxes, one.labels * 0 + 1, one.scores) for one in each] for each in pictures(3)]
    said, evaluation = ours(of_one, "proposals").figures(), theirs(of_one, "bbox")
    expected = [evaluation.stats[place] for place in (8, 9, 10, 11)]
    assert [said[name] for name in ("AR", "AR small", "AR medium", "AR large")] == pytest.approx(expected, abs=1e-6)


def test_the_best_threshold_is_where_f1_is_highest():
    figures = ours(list(pictures(2)), "detection")
    for row in figures.classes():
        label = NAMES.index(row["name"])
        ranked = figures.tally.ranking().classes[label]
        right = np.zeros(len(ranked.scores), int)
        right[ranked.near] = ranked.right[:, 0]
        true = ranked.asked.sum()
        tried = {}
        for threshold in np.unique(ranked.scores):
            kept = ranked.scores >= threshold
            found, said = (right[kept] == 1).sum(), (right[kept] >= 0).sum()
            tried[float(threshold)] = (2 * found / (said + true), found / max(1, said), found / true)
        assert tried[row["best_threshold"]] == pytest.approx((row["f1"], row["precision"], row["recall"]))
        assert row["f1"] == pytest.approx(max(f1 for f1, *_ in tried.values()))
