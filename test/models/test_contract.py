"""What every row of MODELS promises, whatever its task. New rows are tested here without a new line."""

import numpy as np
import pytest
import torch

from deep_perception.errors import ModelError
from deep_perception.models import MODELS, Family, Model, create, find, names, save
from deep_perception.models.classifier import Classifier, Preparation
from deep_perception.models.colorizer import TECHNIQUES, Colorizer
from deep_perception.models.detector import Detector
from deep_perception.models.segmenter import Segmenter
from deep_perception.predictions import UNLABELLED, Classes, Detections, Instances, LabelMap, Picture
from deep_perception.tasks import TASKS

QUICK = {
    "squeezenet1_1",
    "mobilenet_v3_small",
    "googlenet",
    "swin_t",
    "ssdlite320_mobilenet_v3_large",
    "fasterrcnn_mobilenet_v3_large_320_fpn",
    "maskrcnn_resnet50_fpn",
    *(f"{head}_shufflenet_v2_x1_0_fpn" for head in ("fasterrcnn", "maskrcnn", "retinanet", "fastrcnn", "rpn")),
    "rfcn_resnet50",
    "lraspp_mobilenet_v3_large",
    "deeplabv3_mobilenet_v3_large",
}
"""Of rows with many names, these are tested each time; the others are `slow`."""

LARGE = {"resnext152_32x8d"}
"""Alone in its row, and `slow` too."""

HUGE = {"vit_h_14", "vit_l_16", "vit_l_32", "regnet_y_128gf"}
"""Too large to train on the machines that run the tests."""


def quick(row: Family, name: str) -> bool:
    return name in QUICK or (len(row.names) == 1 and name not in LARGE)


EVERY_NAME = [
    pytest.param(name, marks=[] if quick(row, name) else pytest.mark.slow, id=name)
    for row in MODELS
    for name in row.names
    if name not in HUGE and name != "spandrel"  # which is whatever its file says; it has tests of its own
]
CLASSES = 4
SMALL = Preparation(resize=64, crop=64)
"""How classifiers that take any size are prepared here, to be quick."""
OF_ONE_SIZE = ("lenet", "vit", "maxvit", "inception")


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def tiny(name: str, seed: int = 0) -> Model:
    torch.manual_seed(seed)
    labels = [f"class {number}" for number in range(CLASSES)] if len(find(name).labels) > 2 else find(name).labels
    model = create(name, "none", labels=labels, device="cpu")
    if isinstance(model, Classifier) and not name.startswith(OF_ONE_SIZE):
        model = Classifier(model.network, preparation=SMALL, name=name, labels=labels)
    if isinstance(model, Segmenter):
        model = Segmenter(model.network, resize=64, name=name, labels=labels)
    if isinstance(model, Colorizer) and not name.startswith("deoldify"):
        model = Colorizer(model.network, technique=TECHNIQUES[name]((64, 64)), name=name, labels=())
    shrink(model)
    lively(model.network)
    model.selection = type(model.selection)(score_threshold=0.05, max_detections=20, render_factor=7)
    return model


def shrink(model: Model) -> None:
    """Let a detector look at small pictures and at few places, to be quick; one that wants one size keeps it."""
    if isinstance(model, Detector) and not model.network.transform.fixed_size:
        model.network.transform.min_size, model.network.transform.max_size = (96,), 160
    if hasattr(model.network, "rpn"):
        few = {"training": 40, "testing": 40}
        model.network.rpn._pre_nms_top_n, model.network.rpn._post_nms_top_n = few, few


def lively(network: torch.nn.Module) -> None:
    """Give the norms statistics that put folding to the test, and the heads weights that tell candidates apart."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    for name, weight in network.named_parameters():
        if weight.ndim > 1 and any(head in name for head in ("cls_logits", "cls_score", "classification_head.module")):
            weight.data.mul_(30)


def target(model: Model, height: int, width: int) -> object:
    """What may be true of a picture; a box without area and pixels that nobody named are part of it."""
    kind = TASKS[model.task].prediction
    if kind is Classes:
        return Classes(np.array([1], np.int64), np.ones(1, np.float32))
    if kind is LabelMap:
        labels = np.random.default_rng(0).integers(0, CLASSES, (height, width), np.uint8)
        labels[:4] = UNLABELLED
        return LabelMap(labels)
    if kind is Picture:
        scale = model.settings.get("scale", 1)
        return Picture(picture(scale * height, scale * width, 9))
    boxes = np.array([[2, 3, width - 4, height - 5], [5, 5, 5, 20]], np.float32)
    truth = boxes, np.array([1, min(2, len(model.labels) - 1)], np.int64), np.ones(2, np.float32)
    if kind is Detections:
        return Detections(*truth)
    masks = np.zeros((2, height, width), bool)
    masks[0, 8:-10, 6:-8] = True
    return Instances(*truth, masks)


def assert_equal(one: object, other: object, tolerance: float = 1e-4) -> None:
    """Compare the best few: of many like candidates, rounding may choose another. Of pixels, a few may differ."""
    assert type(one) is type(other)
    for name, value in vars(one).items():
        if value.ndim > 1 and name != "boxes":
            assert_nearly_equal_pixels(value[:3], getattr(other, name)[:3])
        else:
            atol = tolerance if name == "scores" else 50 * tolerance
            np.testing.assert_allclose(value[:3], getattr(other, name)[:3], atol=atol)


def assert_nearly_equal_pixels(one: np.ndarray, other: np.ndarray) -> None:
    assert one.shape == other.shape
    assert np.mean(np.abs(one.astype(int) - other) > 1) < 0.01


@pytest.fixture(scope="module", params=EVERY_NAME)
def model(request: pytest.FixtureRequest) -> Model:
    return tiny(request.param)


def test_answers_have_the_type_of_the_task_and_fit_the_picture(model: Model):
    height, width = 61, 83
    image = picture(height, width)
    before = image.copy()
    [answer] = model([image])
    assert type(answer) is TASKS[model.task].prediction
    assert np.array_equal(image, before), "the input is left as it was"
    if isinstance(answer, (Classes, Detections)):
        assert answer.labels.dtype == np.int64
        assert all(0 <= label < CLASSES for label in answer.labels)
        assert np.isfinite(answer.scores).all()
        assert ((answer.scores >= 0) & (answer.scores <= 1)).all()
    if isinstance(answer, Detections):
        assert ((answer.boxes >= 0) & (answer.boxes <= [width, height, width, height])).all()
    if isinstance(answer, Instances):
        assert answer.masks.shape[1:] == (height, width)
    if isinstance(answer, LabelMap):
        assert answer.labels.shape == answer.confidence.shape == (height, width)
        assert answer.labels.max() < CLASSES
    if isinstance(answer, Picture):
        scale = model.settings.get("scale", 1)
        assert answer.image.shape == (scale * height, scale * width, 3)


def test_no_pictures_give_no_answers(model: Model):
    assert model([]) == []


def test_a_batch_of_mixed_sizes_answers_like_its_pictures_one_by_one(model: Model):
    images = [picture(60, 80, 1), picture(45, 37, 2), picture(60, 80, 3)]
    for together, [alone] in zip(model(images), [model([image]) for image in images], strict=True):
        assert_equal(together, alone, 1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 1000)])
def test_a_picture_of_any_shape_is_answered(model: Model, shape: tuple[int, int]):
    assert len(model([picture(*shape)])) == 1


def test_a_view_that_is_flipped_or_read_only_is_answered_like_its_copy(model: Model):
    flipped = picture(40, 50)[::-1, :, ::-1]
    frozen = picture(40, 50)
    frozen.flags.writeable = False
    assert_equal(model([flipped])[0], model([flipped.copy()])[0])
    assert_equal(model([frozen])[0], model([frozen.copy()])[0])


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(model: Model, wrong: np.ndarray):
    with pytest.raises((TypeError, ValueError), match="image: got"):
        model([wrong])


def test_losses_are_finite_and_reach_the_weights_and_the_model_still_answers(model: Model):
    size = (24, 32) if model.task == "super_resolution" else (96, 128)
    images = [picture(*size, 4), picture(*size, 5)]
    if not list(model.network.parameters()):
        with pytest.raises(ModelError, match=f"{model.name} has nothing to learn"):
            model.losses(images, [target(model, *size)] * 2)
        return
    before = model(images[:1])
    losses = model.losses(images, [target(model, *size)] * 2)
    total = sum(losses.values())
    total.backward()
    gradients = [weight.grad for weight in model.network.parameters() if weight.grad is not None]
    assert torch.isfinite(total)
    assert any(gradient.abs().sum() > 0 for gradient in gradients)
    model.network.zero_grad(set_to_none=True)
    assert len(model(images[:1])) == len(before)


def test_a_saved_model_answers_as_before(model: Model, tmp_path):
    save(model, tmp_path / "model.safetensors", metrics={"quality": 0.5})
    again = create(weights=tmp_path / "model.safetensors", device="cpu")
    again.selection = model.selection
    shrink(again)
    assert (again.name, again.labels, again.settings) == (model.name, model.labels, model.settings)
    image = picture(50, 70, 6)
    assert_equal(again([image])[0], model([image])[0])


def test_every_row_of_the_table_is_complete():
    for row in MODELS:
        assert row.names, row
        assert row.task in TASKS
        assert row.licence
        assert row.source
        assert (len(row.labels) > 1) == (TASKS[row.task].prediction is not Picture)
        assert (len(row.scales) > 0) == (row.task == "super_resolution") or row.names == ("spandrel",)
    assert len(names()) == len(set(names()))
    for task in TASKS.values():
        assert find(task.default_model).model.task == next(key for key, value in TASKS.items() if value is task)
