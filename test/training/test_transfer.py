"""What a training begins with: nothing that is known of a class is lost when others come or go."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models as zoo

from deep_perception.config import TrainConfig
from deep_perception.errors import ConfigError, InputError, ModelError, WeightsError
from deep_perception.models import MODELS, create, find, save
from deep_perception.models.checkpoint import Checkpoint
from deep_perception.models.origin import Origin
from deep_perception.predictions import Detections
from deep_perception.scenes import LABELS, Scene, render
from deep_perception.training import transfer
from deep_perception.training.heads import class_tensors
from deep_perception.training.transfer import labels_for, prepare

KNOWN = ("__background__", "cup", "ball", "pen")
WANTED = ("__background__", "mug", "pen", "ball", "spoon")
AFTERWARDS = ("__background__", "ball", "pen", "mug", "spoon")
"""What is known comes first, in the order in which it is known; the cup is gone."""
BOTH = [0, 2, 3], [0, 1, 2]
"""Places of the classes that both have, among the known ones and afterwards."""

QUICK = {
    "lenet5",
    "squeezenet1_1",
    "mobilenet_v3_small",
    "googlenet",
    "ssdlite320_mobilenet_v3_large",
    "fcos_shufflenet_v2_x1_0_fpn",
    "rfcn_resnet50",
    *(f"{head}_shufflenet_v2_x1_0_fpn" for head in ("fasterrcnn", "maskrcnn", "retinanet", "fastrcnn")),
    "lraspp_shufflenet_v2_x1_0",
    "deeplabv3_mobilenet_v3_large",
}
HUGE = {"vit_h_14", "vit_l_16", "vit_l_32", "regnet_y_128gf"}
KINDS = [
    pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow, id=name)
    for row in MODELS
    for name in row.names
    if row.labels and row.task != "proposals" and name not in HUGE
]


def config(model, weights="none", **more):
    return TrainConfig(model=model, weights=str(weights), **more)


def known(name, folder, labels=KNOWN):
    """Make weights that know some classes, and return them with the model itself."""
    torch.manual_seed(1)
    model = create(name, "none", labels=labels, device="cpu")
    save(model, folder / "known.safetensors")
    return model, folder / "known.safetensors"


@torch.no_grad()
def judgements(network: nn.Module, classes: int) -> list[torch.Tensor]:
    """Ask a network for everything that it says of each class, as (..., classes, numbers of each), undecided."""
    network.eval()
    torch.manual_seed(2)
    picture = torch.rand(3, 320, 320)
    heads = dict(network.named_children())
    if "roi_heads" in heads:
        return of_regions(heads["roi_heads"], network, picture, classes)
    if "transform" in heads:
        said = []
        with network.head.register_forward_hook(lambda module, _, output: said.append(output["cls_logits"])):
            network([picture])
        return [said[0].unflatten(-1, (classes, 1))]
    if "backbone" in heads:
        return [one.movedim(1, -1).unflatten(-1, (classes, 1)) for one in network(picture[None]).values()]
    side = getattr(network, "image_size", 299 if hasattr(network, "AuxLogits") else 224)
    gray = next(one for one in network.parameters() if one.ndim == 4).shape[1] == 1
    batch = torch.rand(1, 1, 28, 28) if gray else torch.rand(1, 3, side, side)
    return [network(batch).unflatten(-1, (classes, 1))]


def of_regions(judge, network, picture, classes):
    boxes = [torch.tensor([[20.0, 30.0, 200.0, 180.0], [100.0, 90.0, 260.0, 300.0]])]
    features = network.backbone(picture[None])
    features = features if isinstance(features, dict) else {"0": features}
    if hasattr(judge, "vote"):
        scores, _ = judge.vote(features["0"], boxes)
        return [scores.unflatten(-1, (classes, 1))]
    vectors = judge.box_head(judge.box_roi_pool(features, boxes, [(320, 320)]))
    scores, moves = judge.box_predictor(vectors)
    said = [scores.unflatten(-1, (classes, 1)), moves.unflatten(-1, (classes, 4))]
    if judge.mask_head is not None:
        masks = judge.mask_predictor(judge.mask_head(judge.mask_roi_pool(features, boxes, [(320, 320)])))
        said.append(masks.movedim(1, -1).unflatten(-1, (classes, 1)))
    return said


@pytest.mark.filterwarnings("ignore:The default weight initialization:FutureWarning")
@pytest.mark.parametrize("name", KINDS)
def test_what_is_said_of_a_known_class_stays_the_same_when_others_come_and_go(name, tmp_path):
    before, weights = known(name, tmp_path)
    found = prepare(config(name, weights), WANTED, find(name).task)
    assert found.model.labels == AFTERWARDS
    old, new = judgements(before.network, len(KNOWN)), judgements(found.model.network, len(AFTERWARDS))
    assert len(old) == len(new) > 0
    for one, other in zip(old, new, strict=True):
        # Weights are the same to the last bit; with another number of classes their sums may be added up otherwise.
        nothing = 1e-6 * one.abs().max().item()
        torch.testing.assert_close(other[..., BOTH[1], :], one[..., BOTH[0], :], rtol=1e-5, atol=nothing)
        assert not torch.equal(other[..., 3, :], other[..., 4, :]), "new classes are not the same class"
    assert found.partly and not found.new and found.pretrained
    rest = before.network.state_dict()
    heads = class_tensors(Origin(name, KNOWN))
    for key, tensor in found.model.network.state_dict().items():
        assert key in heads or torch.equal(tensor, rest[key]), key


def test_the_shipped_detector_answers_as_before_when_it_is_to_learn_a_class_more():
    found = prepare(config("fcos_shufflenet_v2_x1_0_fpn", "default"), (*LABELS, "mug_2"), "detection")
    assert found.model.labels == (*LABELS, "mug_2")
    image = render(Scene(3), 4.0, (240, 320)).image
    [before], [after] = create("fcos_shufflenet_v2_x1_0_fpn", device="cpu")([image]), found.model([image])
    assert isinstance(before, Detections) and len(before) > 2
    for part in ("boxes", "scores", "labels"):
        assert np.array_equal(getattr(before, part), getattr(after, part)), "to the last bit"
    text = "; ".join(found.sentences)
    assert "kept 126 layers of fcos_shufflenet_v2_x1_0_fpn with weights default" in text
    assert "new classes: mug_2 (1), whose rows begin by kaiming" in text


@pytest.mark.weights
def test_a_person_of_coco_is_known_by_a_detector_of_persons_alone(shared_data):
    weights = shared_data / "weights" / "ssdlite320_mobilenet_v3_large_coco_from_int8.pth"
    found = prepare(config("ssdlite320_mobilenet_v3_large", weights), ("__background__", "person"), "detection")
    before = create("ssdlite320_mobilenet_v3_large", weights, device="cpu")
    [old], [new] = judgements(before.network, 91), judgements(found.model.network, 2)
    torch.testing.assert_close(new, old[..., :2, :], rtol=1e-5, atol=1e-5)
    assert any("given up: bicycle, car" in sentence for sentence in found.sentences)


def test_weights_that_know_these_very_classes_are_kept_whole():
    found = prepare(config("lraspp_shufflenet_v2_x1_0", "default"), LABELS, "semantic_segmentation")
    learnt = create("lraspp_shufflenet_v2_x1_0", device="cpu").network.state_dict()
    assert all(torch.equal(tensor, learnt[name]) for name, tensor in found.model.network.state_dict().items())
    assert not found.partly and not found.new


@pytest.mark.parametrize(
    ("model", "task"), [("espcn", "super_resolution"), ("colorizer_shufflenet_v2_x1_0", "colorization")]
)
def test_networks_that_know_no_classes_are_kept_whole(model, task):
    found = prepare(config(model, "default"), ("__background__", "cup"), task)
    assert found.kept and not found.new and found.model.labels == ()


def test_a_head_whose_classes_are_all_others_is_new_and_the_rest_is_kept(tmp_path):
    before, weights = known("lenet5", tmp_path, ("a", "b"))
    found = prepare(config("lenet5", weights), ("c", "d", "e"), "classification")
    assert (found.kept, found.partly, found.new) == (("conv1", "conv2", "linear1"), (), ("linear2",))
    assert found.sentences[0].endswith("new layers: linear2 (1)")
    assert torch.equal(found.model.network.conv1.weight, before.network.conv1.weight)


def test_a_file_of_names_says_what_weights_know_that_do_not_say_it_themselves(tmp_path):
    before, _ = known("lenet5", tmp_path, ("a", "b"))
    torch.save(before.network.state_dict(), tmp_path / "plain.pth")
    (tmp_path / "names.txt").write_text("a\nb\n")
    asked = config("lenet5", tmp_path / "plain.pth", labels=str(tmp_path / "names.txt"))
    found = prepare(asked, ("c", "b"), "classification")
    assert found.model.labels == ("b", "c") and found.partly == ("linear2",)
    assert torch.equal(found.model.network.linear2.weight[0], before.network.linear2.weight[1])
    (tmp_path / "names.txt").write_text("a\nb\nc\n")
    with pytest.raises(WeightsError, match="2 classes"):
        prepare(asked, ("c", "b"), "classification")
    with pytest.raises(ConfigError, match="labels: cannot read"):
        prepare(replace(asked, labels="no/names.txt"), ("c", "b"), "classification")


def test_a_proposer_looks_for_objects_whatever_they_are_called():
    found = prepare(config("rpn_shufflenet_v2_x1_0_fpn"), ("__background__", "cup", "pen"), "proposals")
    assert found.model.labels == ("__background__", "object")


def test_a_classifier_as_backbone_leaves_all_judges_to_be_learnt(monkeypatch):
    learnt = zoo.shufflenet_v2_x1_0(weights=None).state_dict()
    name = "fasterrcnn_shufflenet_v2_x1_0_fpn"
    published = Origin(name, find(name).labels, Checkpoint(learnt, "0" * 64), "IMAGENET1K_V1", backbone_only=True)
    monkeypatch.setattr(transfer, "find_origin", lambda *_: published)
    found = prepare(config(name, "IMAGENET1K_V1"), KNOWN, "detection")
    assert found.model.labels == KNOWN
    assert torch.equal(found.model.network.backbone.body.conv1[0].weight, learnt["conv1.0.weight"])
    assert all(layer.startswith("backbone.body.") for layer in found.kept)
    assert "roi_heads.box_predictor.cls_score" in found.new and "backbone.fpn.inner_blocks.0.0" in found.new


@pytest.mark.parametrize(("initial", "fan"), [("kaiming", 500), ("xavier", (500 + 90) / 2)])
def test_new_heads_begin_as_asked(initial, fan):
    labels = [f"kind {number}" for number in range(90)]
    network = prepare(config("lenet5", initial=initial), labels, "classification").model.network
    assert network.linear2.weight.std().item() == pytest.approx(1 / math.sqrt(fan), rel=0.02)


def test_a_new_class_of_a_focal_detector_begins_as_rare():
    found = prepare(config("fcos_shufflenet_v2_x1_0_fpn", "default"), (*LABELS, "mug_2"), "detection")
    bias = found.model.network.head.classification_head.cls_logits.bias[-1].item()
    assert bias == pytest.approx(-math.log(99)), "one in a hundred"


def test_random_weights_follow_from_the_seed_and_from_nothing_else():
    torch.manual_seed(7)
    one = prepare(config("lenet5", seed=3), "01", "classification").model.network.conv1.weight
    after = torch.rand(1)
    torch.manual_seed(7)
    assert torch.equal(after, torch.rand(1)), "what others draw is not touched"
    torch.manual_seed(8)
    assert torch.equal(one, prepare(config("lenet5", seed=3), "01", "classification").model.network.conv1.weight)
    assert not torch.equal(one, prepare(config("lenet5", seed=4), "01", "classification").model.network.conv1.weight)


def test_from_scratch_means_from_scratch_whatever_the_weights():
    asked = config("fcos_shufflenet_v2_x1_0_fpn", "default", regime="scratch")
    found = prepare(asked, LABELS, "detection")
    assert not found.pretrained and found.sentences[0] == "fcos_shufflenet_v2_x1_0_fpn begins with random weights"


def test_the_data_set_says_which_classes_there_are_and_the_weights_in_which_order():
    assert labels_for((), ("b", "a")) == ("b", "a")
    assert labels_for(("bg", "x", "y"), ("bg", "z", "y", "x")) == ("bg", "x", "y", "z")
    assert labels_for(("bg", "person", "car"), ("bg", "person")) == ("bg", "person")
    assert labels_for(("crane", "gull", "crane"), ("crane", "egret")) == ("crane", "egret"), "as ImageNet has it"
    assert labels_for(("nothing", "cup"), ("__background__", "cup")) == ("__background__", "cup"), "which counts from 0"


def test_dropout_is_set_where_there_is_some_and_its_absence_is_said():
    found = prepare(config("mobilenet_v3_small", dropout=0.4), ("a", "b"), "classification")
    assert [m.p for m in found.model.network.modules() if isinstance(m, nn.Dropout)] == [0.4]
    assert "dropout 0.4 in 1 layers" in found.sentences
    found = prepare(config("lenet5", dropout=0.4), ("a", "b"), "classification")
    assert "lenet5 has no dropout to set" in found.sentences


def test_a_model_of_another_task_is_refused_before_its_weights_are_looked_for():
    with pytest.raises(
        ModelError, match="mobilenet_v2 is a classifier, expected a detector. Name one, such as ssdlite"
    ):
        prepare(config("mobilenet_v2", "default"), KNOWN, "detection")


def test_weights_of_another_network_are_refused(tmp_path):
    _, weights = known("lenet5", tmp_path, ("a", "b"))
    with pytest.raises(WeightsError, match="is for lenet5, got model fcos_shufflenet"):
        prepare(config("fcos_shufflenet_v2_x1_0_fpn", weights), KNOWN, "detection")
    torch.save(zoo.squeezenet1_1().state_dict(), tmp_path / "plain.pth")
    with pytest.raises(WeightsError, match="weights do not fit"):
        prepare(config("fcos_shufflenet_v2_x1_0_fpn", tmp_path / "plain.pth"), KNOWN, "detection")


@pytest.mark.parametrize(
    ("model", "task", "labels"),
    [("lenet5", "classification", ("cup",)), ("fcos_shufflenet_v2_x1_0_fpn", "detection", ("__background__",))],
)
def test_a_single_class_is_nothing_to_tell_apart(model, task, labels):
    with pytest.raises(InputError, match=r"labels: got 1 \(.*\), expected at least 2"):
        prepare(config(model), labels, task)
    with pytest.raises(InputError, match="labels: got none"):
        prepare(config(model), (), task)
