"""Each task has a judge whose counts add up, and an examination lets a model show all it can."""

import json
import logging
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
import torch
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex
from torchmetrics.image import PeakSignalNoiseRatio

from deep_perception.config import Selection
from deep_perception.data.media import read_image
from deep_perception.errors import ImageError, InputError
from deep_perception.evaluation.colour_difference import ciede2000
from deep_perception.evaluation.scoring import examine, tally
from deep_perception.models import create
from deep_perception.models.table import MODELS
from deep_perception.predictions import UNLABELLED, Classes, Detections, Instances, LabelMap, Picture, Prediction
from deep_perception.tasks import TASKS

RNG = np.random.default_rng(0)
NAMES = ("__background__", "cup", "person")
THINGS = "ssdlite320_mobilenet_v3_large"


@dataclass(frozen=True, eq=False)
class Example:
    image: np.ndarray
    target: Prediction
    ignored: Detections | None = None


def picture(height=48, width=64):
    return RNG.integers(0, 256, (height, width, 3), np.uint8)


def classes(*labels):
    return Classes(np.array(labels, np.int64), np.linspace(1, 0.5, len(labels), dtype=np.float32))


def found(labels, scores=None, kind=Detections, size=(48, 64)):
    """A thing in each column of the picture."""
    left = 8 * np.arange(len(labels), dtype=np.float32)
    boxes = np.stack([left, 0 * left, left + 8, 0 * left + 40], axis=1)
    values = np.ones(len(labels)) if scores is None else np.array(scores)
    masks = np.zeros((len(labels), *size), bool)
    for mask, (left, top, right, bottom) in zip(masks, boxes.astype(int), strict=True):
        mask[top:bottom, left:right] = True
    extra = (masks,) if kind is Instances else ()
    return kind(boxes, np.array(labels, np.int64), values.astype(np.float32), *extra)


def random_answer(task):
    """Somebody's answer, and something similar that is true."""
    labels = RNG.integers(0, 3, 4)
    if task == "classification":
        return classes(*labels), classes(labels[RNG.integers(0, 2)])
    if task == "semantic_segmentation":
        truth = RNG.integers(0, 3, (8, 8), np.uint8)
        return LabelMap(np.where(RNG.random((8, 8)) < 0.5, truth, 1).astype(np.uint8)), LabelMap(truth)
    if TASKS[task].prediction is Picture:
        return Picture(picture(8, 8)), Picture(picture(8, 8))
    kind = TASKS[task].prediction
    return found(labels, RNG.random(4), kind), found(np.where(RNG.random(4) < 0.5, labels, 1), kind=kind)


@pytest.mark.parametrize("task", TASKS)
def test_the_tallies_of_several_processes_add_up(task):
    answers = [random_answer(task) for _ in range(6)]
    whole, first, second = (tally(task, NAMES) for _ in range(3))
    for number, answer in enumerate(answers):
        whole.add(*answer)
        (first if number < 2 else second).add(*answer)
    both = first + second
    assert both.figures() == whole.figures()
    assert len(both.units) == 6
    assert whole.value == whole.figures()[whole.unit] > 0
    assert len(first.units) == 2


@pytest.mark.parametrize("task", TASKS)
def test_a_picture_that_counts_twice_counts_as_two(task):
    answers = [random_answer(task) for _ in range(4)]
    once, repeated = tally(task, NAMES), tally(task, NAMES)
    for answer, times in zip(answers, (1, 0, 2, 1), strict=True):
        once.add(*answer)
        for _ in range(times):
            repeated.add(*answer)
    assert once.counted(np.array([[1.0, 0, 2, 1]])).value[0] == pytest.approx(repeated.value)


@pytest.mark.parametrize("task", TASKS)
def test_nothing_counted_is_nothing(task):
    counts = tally(task, NAMES)
    assert counts.figures() == {counts.unit: 0}


def test_the_best_class_is_the_one_that_counts():
    counts = tally("classification", ("cup", "duck", "mug"))
    said = [classes(0, 1), classes(1, 0), classes(2), classes(1), classes()]
    true = [classes(0), classes(0), classes(2), classes(1), classes(2)]
    for pair in zip(said, true, strict=True):
        counts.add(*pair)
    expected = {"accuracy": 0.6, "accuracy cup": 0.5, "accuracy duck": 1, "accuracy mug": 0.5}
    assert counts.figures() == pytest.approx(expected)
    theirs = MulticlassAccuracy(3, average="micro")
    numbers = [torch.tensor([int((one.labels[:1].tolist() or [0])[0]) for one in each]) for each in (said, true)]
    assert float(theirs(*numbers)) == pytest.approx(counts.value)


def test_a_picture_that_nobody_named_does_not_count():
    counts = tally("classification", ("cup", "duck"))
    counts.add(classes(0), classes(0))
    counts.add(classes(0), classes())
    assert counts.figures() == {"accuracy": 1, "accuracy cup": 1}


def test_pixels_are_counted_as_torchmetrics_counts_them():
    counts, theirs = tally("semantic_segmentation", NAMES), MulticlassJaccardIndex(3, ignore_index=UNLABELLED)
    for _ in range(3):
        said, truth = random_answer("semantic_segmentation")
        truth.labels[0] = UNLABELLED
        counts.add(said, truth)
        theirs.update(torch.from_numpy(said.labels).int(), torch.from_numpy(truth.labels).int())
    assert counts.value == pytest.approx(float(theirs.compute()))
    assert set(counts.figures()) == {"mIoU", "pixel accuracy", *(f"IoU {name}" for name in NAMES)}


def test_sharpness_is_that_of_the_brightness():
    truth = picture()
    answer = np.clip(truth.astype(int) + RNG.integers(-9, 10, truth.shape), 0, 255).astype(np.uint8)
    counts = tally("super_resolution", ())
    counts.add(Picture(answer), Picture(truth))
    luma = [cv2.cvtColor(one.astype(np.float32) / 255, cv2.COLOR_RGB2YCrCb)[..., 0] * 219 for one in (answer, truth)]
    theirs = PeakSignalNoiseRatio(data_range=255.0)(*map(torch.from_numpy, luma))
    assert counts.value == pytest.approx(float(theirs), abs=0.01)
    counts = tally("super_resolution", ())
    counts.add(Picture(truth), Picture(truth))
    assert counts.value == 100


def test_a_picture_of_another_size_than_the_truth_is_refused():
    with pytest.raises(InputError, match="an answer has 64x48 pixels, the truth 32x24"):
        tally("super_resolution", ()).add(Picture(picture()), Picture(picture(24, 32)))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (61, -5, 29), 22.8977),
        ((50, 2.5, 0), (56, -27, -3), 31.9030),
        ((50, 2.5, 0), (58, 24, 15), 19.4535),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_colours_differ_as_the_standard_says(one, other, expected):
    """Pairs that G. Sharma, W. Wu and E. Dalal published in 2005 to check implementations with."""
    colours = [torch.tensor(each, dtype=torch.float64).view(3, 1, 1) for each in (one, other)]
    assert float(ciede2000(*colours)) == pytest.approx(expected, abs=5e-5)
    assert float(ciede2000(*colours[::-1])) == pytest.approx(expected, abs=5e-5)


def test_the_right_colours_do_not_differ():
    counts, image = tally("colorization", ()), picture()
    counts.add(Picture(image), Picture(image))
    assert counts.value == 0
    assert counts.lower_is_better
    gray = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    counts.add(Picture(gray), Picture(image))
    assert counts.value > 5


class Answering:
    """What a model finds, put in the place of its network."""

    def __init__(self, monkeypatch, model, *answers):
        self.seen = []
        remaining = iter(answers)

        def call(images, guides=None):
            self.seen.append(model.selection)
            return [next(remaining) for _ in images]

        monkeypatch.setattr(type(model), "__call__", lambda _, *given: call(*given))


def test_classes_are_matched_by_name(monkeypatch):
    model = create(THINGS, "none", labels=("__background__", "person", "bicycle", "cup"))
    Answering(monkeypatch, model, found([1, 2, 3], [0.9, 0.8, 0.7]))
    counts = examine(model, [Example(picture(), found([2, 1, 1]))], NAMES)
    [unit] = counts.units
    assert unit.labels.tolist() == [2, 1]
    assert counts.figures()["AP person"] == pytest.approx(1)
    assert counts.figures()["AP cup"] == pytest.approx(0.5, abs=0.01)


def test_a_model_that_knows_none_of_the_names_is_told_once(caplog):
    model = create(THINGS, "none", labels=("__background__", "Cup", "bicycle"))
    with caplog.at_level(logging.WARNING):
        counts = examine(model, [Example(picture(), found([1]))] * 6, NAMES)
    assert counts.value == 0
    [record] = caplog.records
    assert "knows none of the classes cup, person," in record.getMessage()


def test_a_model_may_show_all_it_finds_and_gets_its_thresholds_back(monkeypatch):
    model = create(THINGS, "none", labels=(*NAMES, "duck"))
    model.selection = usual = Selection(score_threshold=0.7, max_detections=3, classes=("duck",))
    answering = Answering(monkeypatch, model, found([1]))
    examine(model, [Example(picture(), found([1]))], NAMES)
    [seen] = answering.seen
    assert seen.score_threshold < 0.01
    assert seen.max_detections >= 100
    assert seen.classes == NAMES
    assert model.selection is usual


def test_thresholds_come_back_after_an_error(monkeypatch):
    model = create(THINGS, "none", labels=NAMES)
    usual = model.selection

    def fail(*_):
        raise ImageError("memory", "no memory left")

    monkeypatch.setattr(type(model), "__call__", fail)
    with pytest.raises(ImageError):
        examine(model, [Example(picture(), found([1]))], NAMES)
    assert model.selection is usual


def test_a_classifier_chooses_among_the_classes_in_common():
    model = create("lenet5", "none", labels=("one", "two", "three"))
    image = picture(28, 28)
    order = model([image])[0].labels.tolist()
    best, second = (model.labels[number] for number in order[:2])
    names = (second, "four", model.labels[order[2]])
    counts = examine(model, [Example(image, classes(0))], names)
    assert counts.figures() == {"accuracy": 1, f"accuracy {second}": 1}
    assert examine(model, [Example(image, classes(0))], (best, second)).value == 1


def test_pixels_of_a_class_that_nobody_asked_for_are_without_an_answer(monkeypatch):
    model = create("lraspp_mobilenet_v3_large", "none", labels=("__background__", "sofa", "cup"))
    Answering(monkeypatch, model, LabelMap(np.array([[0, 0, 1, 2, 2, UNLABELLED]], np.uint8)))
    truth = LabelMap(np.array([[0, 0, 0, 1, 1, 1]], np.uint8))
    figures = examine(model, [Example(picture(1, 6), truth)], NAMES).figures()
    assert figures["IoU __background__"] == pytest.approx(2 / 3)
    assert figures["IoU cup"] == pytest.approx(2 / 3)
    assert figures["pixel accuracy"] == pytest.approx(4 / 6)


def test_proposals_have_no_names(monkeypatch):
    model = create("rpn_resnet50_fpn", "none")
    Answering(monkeypatch, model, found([1, 1]))
    assert examine(model, [Example(picture(), found([1, 2]))], NAMES).value == 1


def test_the_weights_are_those_of_now():
    model = create("lenet5", "none", labels=("one", "two"))
    image = picture(28, 28)
    examples = [Example(image, classes(0))]
    for best in (0, 1, 0):
        with torch.no_grad():
            *_, last = model.network.parameters()
            last.copy_(torch.tensor([9.0, -9.0]) * (1 if best == 0 else -1))
        assert examine(model, examples, model.labels).value == (best == 0)


def test_pictures_of_several_sizes_are_judged_in_their_order():
    model = create("lenet5", "none", labels=("one", "two"))
    images = [picture(20 + number % 3, 24) for number in range(11)]
    answers = [model([image])[0] for image in images]
    counts = examine(model, (Example(*pair) for pair in zip(images, answers, strict=True)), model.labels)
    assert counts.value == 1
    assert counts.units == [(int(one.labels[0]), int(one.labels[0])) for one in answers]


@pytest.mark.weights
def test_published_weights_get_the_average_precision_that_is_known_of_them(shared_data):
    weights = shared_data / "weights" / "ssdlite320_mobilenet_v3_large_coco_from_int8.pth"
    model = create(THINGS, weights, device="cpu")
    figures = examine(model, coco(shared_data / "coco33", model.labels), model.labels).figures()
    assert (figures["AP"], figures["AP50"]) == pytest.approx((0.396, 0.576), abs=0.001)


def coco(folder, names):
    said = json.loads((folder / "instances.json").read_text())
    called = {one["id"]: one["name"] for one in said["categories"]}
    for image in said["images"]:
        things = [one for one in said["annotations"] if one["image_id"] == image["id"]]
        picked = [[one for one in things if one["iscrowd"] == crowd] for crowd in (0, 1)]
        yield Example(
            read_image(folder / "images" / image["file_name"]), *(drawn(each, called, names) for each in picked)
        )


def drawn(things, called, names):
    boxes = np.array([one["bbox"] for one in things], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    labels = np.array([names.index(called[one["category_id"]]) for one in things], np.int64)
    return Detections(boxes, labels, np.ones(len(things), np.float32))


def test_every_task_has_a_judge():
    assert {family.task for family in MODELS} <= set(TASKS)
    assert all(tally(task, NAMES).unit for task in TASKS)
