"""Regimes: how much of which network learns, and that the rest really stays as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from deep_perception.config import Selection
from deep_perception.errors import ConfigError, ModelError
from deep_perception.models import MODELS, Model, create, find
from deep_perception.models.classifier import Classifier, Preparation
from deep_perception.models.colorizer import TECHNIQUES, Colorizer
from deep_perception.models.detector import Detector
from deep_perception.models.segmenter import Segmenter
from deep_perception.models.unallocated import unallocated
from deep_perception.predictions import Classes, Detections, Instances, LabelMap, Picture
from deep_perception.tasks import TASKS
from deep_perception.training.regimes import choose, freeze

QUICK = {
    "squeezenet1_1",
    "mobilenet_v3_small",
    "swin_t",
    "ssdlite320_mobilenet_v3_large",
    *(f"{head}_shufflenet_v2_x1_0_fpn" for head in ("fasterrcnn", "maskrcnn", "retinanet", "fastrcnn", "rpn")),
    "rfcn_resnet50",
    "lraspp_mobilenet_v3_large",
}
SLOW = {"resnext152_32x8d"}
HUGE = {"vit_h_14", "vit_l_16", "vit_l_32", "regnet_y_128gf"}
LABELS = ("__background__", "cup", "ball", "pen")


def quick(row, name):
    return name in QUICK or (len(row.names) == 1 and name not in SLOW)


def kinds(left_out):
    return [
        pytest.param(name, marks=[] if quick(row, name) else pytest.mark.slow, id=name)
        for row in MODELS
        for name in row.names
        if name not in left_out
    ]


def labels_of(name):
    return LABELS if len(find(name).labels) > 2 else find(name).labels


def small_model(name) -> Model:
    """A model that looks at small pictures and at few places, to be quick."""
    torch.manual_seed(0)
    model = create(name, "none", labels=labels_of(name), device="cpu")
    whole = {"name": name, "labels": model.labels}
    if isinstance(model, Classifier) and not name.startswith(("lenet", "vit", "maxvit", "inception")):
        model = Classifier(model.network, preparation=Preparation(resize=64, crop=64), **whole)
    if isinstance(model, Segmenter):
        model = Segmenter(model.network, resize=64, **whole)
    if isinstance(model, Colorizer) and not name.startswith("deoldify"):
        model = Colorizer(model.network, technique=TECHNIQUES[name]((64, 64)), **whole)
    if isinstance(model, Detector) and not model.network.transform.fixed_size:
        model.network.transform.min_size, model.network.transform.max_size = (96,), 160
    if hasattr(model.network, "rpn"):
        few = {"training": 40, "testing": 40}
        model.network.rpn._pre_nms_top_n, model.network.rpn._post_nms_top_n = few, few
    model.selection = Selection(render_factor=7)
    return model


def target(model, height, width):
    kind = TASKS[model.task].prediction
    if kind is Classes:
        return Classes(np.array([1]), np.ones(1, np.float32))
    if kind is LabelMap:
        return LabelMap(np.random.default_rng(0).integers(0, len(LABELS), (height, width), np.uint8))
    if kind is Picture:
        scale = model.settings.get("scale", 1)
        return Picture(np.random.default_rng(9).integers(0, 256, (scale * height, scale * width, 3), np.uint8))
    truth = np.array([[20, 13, 90, 85]], np.float32), np.array([1]), np.ones(1, np.float32)
    if kind is Detections:
        return Detections(*truth)
    masks = np.zeros((1, height, width), bool)
    masks[0, 18:80, 26:80] = True
    return Instances(*truth, masks)


def owner(name):
    return name.rpartition(".")[0]


def loss_of(model):
    size = (16, 24) if model.task == "super_resolution" else (96, 128)
    images = [np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8) for seed in (1, 2)]
    torch.manual_seed(5)  # detectors draw what they learn from
    return sum(model.losses(images, [target(model, *size)] * 2).values())


@pytest.mark.parametrize("name", kinds({"bicubic"}))
def test_more_learns_the_larger_the_regime(name):
    counts = []
    for regime in ("small", "medium", "large"):
        with unallocated():
            model = create(name, "none", labels=labels_of(name), device="cpu")
        every = dict(model.network.named_parameters())
        counts.append(sum(every[one].numel() for one in freeze(model, regime)))
    assert 0 < counts[0] < counts[1] < counts[2]


@pytest.mark.parametrize("name", kinds({"bicubic", "spandrel", *HUGE}))
def test_steps_lower_the_loss_and_move_nothing_that_is_frozen(name):
    model = small_model(name)
    learning = set(freeze(model, "medium"))
    before = {key: tensor.clone() for key, tensor in model.network.state_dict().items()}
    optimizer = torch.optim.Adam(model.network.parameters(), lr=5e-4)
    losses = []
    for _ in range(4):
        losses.append(loss_of(model))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert min(losses[1:]) < losses[0]
    moved = {key for key, tensor in model.network.state_dict().items() if not torch.equal(tensor, before[key])}
    kept = {key for key in moved - learning if "running" in key or owner(key) not in map(owner, learning)}
    assert moved and not kept, "neither frozen layers nor the statistics of norms"


@pytest.mark.parametrize("name", ["fcos_shufflenet_v2_x1_0_fpn", "lraspp_shufflenet_v2_x1_0"])
@pytest.mark.parametrize("regime", ["small", "medium", "large", "scratch"])
def test_norms_that_come_with_weights_stand_still_and_random_ones_do_not(name, regime):
    model = small_model(name)
    before = {key: tensor.clone() for key, tensor in model.network.named_buffers() if "running" in key}
    freeze(model, regime)
    loss_of(model)
    after = dict(model.network.named_buffers())
    assert before and all(torch.equal(after[key], tensor) == (regime != "scratch") for key, tensor in before.items())


def test_what_is_new_learns_in_every_regime_and_its_norms_live():
    model = small_model("fcos_shufflenet_v2_x1_0_fpn")
    new = ("backbone.fpn.inner_blocks.0.0", "backbone.body.conv1.1")
    learning = freeze(model, "small", new)
    assert {"backbone.fpn.inner_blocks.0.0.weight", "backbone.body.conv1.1.bias"} <= set(learning)
    assert "backbone.fpn.inner_blocks.1.0.weight" not in learning
    loss_of(model)
    norm = model.network.backbone.body.conv1[1]
    assert norm.num_batches_tracked == 1


def test_a_small_regime_trains_the_judge_of_classes_alone():
    learning = freeze(small_model("mobilenet_v3_small"), "small")
    assert learning == ["classifier.3.weight", "classifier.3.bias"]
    learning = freeze(small_model("fasterrcnn_shufflenet_v2_x1_0_fpn"), "small")
    assert {name.split(".")[0] for name in learning} == {"rpn", "roi_heads"}


def test_what_a_builder_froze_stays_frozen():
    model = small_model("edsr_baseline")
    assert not any("mean" in name for name in freeze(model, "large"))


def test_a_network_that_learns_nothing_is_refused():
    with pytest.raises(ModelError, match="bicubic has nothing to learn"):
        freeze(create("bicubic", "none", device="cpu"), "large")


def test_a_frozen_model_is_copied_and_answers_as_ever():
    model = small_model("mobilenet_v3_small")
    image = np.zeros((64, 64, 3), np.uint8)
    [before] = model([image])
    freeze(model, "small")
    [after] = model([image])
    assert np.array_equal(before.scores, after.scores)
    assert any(isinstance(module, nn.BatchNorm2d) for module in model.network.modules())


@pytest.mark.parametrize(
    ("pictures", "pretrained", "regime", "why"),
    [
        (20, True, "small", "fewer than 50 pictures (20) only the head learns"),
        (50, True, "medium", "50 to 99 pictures (50)"),
        (100, True, "large", "at least 100 pictures (100) all layers learn on"),
        (20, False, "scratch", "no weights to begin with"),
        (10_000, False, "scratch", "no weights to begin with"),
    ],
)
def test_the_amount_of_data_chooses_and_says_why(pictures, pretrained, regime, why):
    chosen, said = choose("auto", pictures, pretrained)
    assert chosen == regime
    assert said.startswith(f"{regime}: ") and why in said


def test_a_regime_is_taken_as_asked_unless_it_would_keep_random_weights():
    assert choose("large", 3, pretrained=True) == ("large", "large, as asked: all layers learn on")
    assert choose("scratch", 3, pretrained=False)[0] == "scratch"
    with pytest.raises(ConfigError, match="regime: got small, but there are no weights to begin with. Take scratch"):
        choose("small", 3, pretrained=False)
