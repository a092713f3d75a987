"""A classifier's weights in a detector's backbone."""

import numpy as np
import pytest
import torch
from torchvision import models as zoo
from torchvision.ops import FrozenBatchNorm2d

from deep_perception.config import Selection
from deep_perception.errors import WeightsError
from deep_perception.models import create, save
from deep_perception.models.networks.detectron import NAMES_OF, build, classifier_of, load_backbone
from deep_perception.models.origin import Origin
from deep_perception.models.proposer import PROPOSAL_LABELS, Proposer
from deep_perception.models.unallocated import unallocated

LABELS = ("__background__", "a", "b")


def lively(classifier: str) -> dict[str, torch.Tensor]:
    """Return a state in which no tensor is like another."""
    torch.manual_seed(1)
    state = zoo.get_model(classifier, weights=None).state_dict()
    return {name: torch.rand_like(each) if each.is_floating_point() else each for name, each in state.items()}


@pytest.mark.parametrize(
    ("name", "places"),
    [
        (
            "rfcn_resnet50",
            {"conv1.weight": "backbone.body.conv1.weight", "layer4.2.conv3.weight": "roi_heads.layer4.2.conv3.weight"},
        ),
        (
            "fasterrcnn_resnet50",
            {
                "layer3.5.bn3.bias": "backbone.body.layer3.5.bn3.bias",
                "layer4.0.bn1.running_var": "roi_heads.box_head.layer4.0.bn1.running_var",
            },
        ),
        (
            "retinanet_resnext50_32x4d_fpn",
            {"layer4.0.downsample.0.weight": "backbone.body.layer4.0.downsample.0.weight"},
        ),
        ("rpn_resnet50", {"layer1.0.conv2.weight": "backbone.body.layer1.0.conv2.weight"}),
        ("fasterrcnn_shufflenet_v2_x1_0_fpn", {"stage4.3.branch2.0.weight": "backbone.body.stage4.3.branch2.0.weight"}),
        ("maskrcnn_mobilenet_v3_large_fpn", {"features.16.0.weight": "backbone.body.16.0.weight"}),
    ],
)
def test_the_tensors_come_where_the_papers_put_them_and_the_norms_are_frozen(name, places):
    network = build(Origin(name, LABELS))
    state = lively(classifier_of(name))
    heads = network.rpn.head.conv[0][0].weight.clone() if hasattr(network, "rpn") else None
    load_backbone(network, state)
    own = network.state_dict()
    for here, there in places.items():
        assert torch.equal(own[there], state[here]), there
    assert not any(type(norm) is torch.nn.BatchNorm2d for norm in network.modules())
    assert any(isinstance(norm, FrozenBatchNorm2d) for norm in network.modules())
    assert heads is None or torch.equal(network.rpn.head.conv[0][0].weight, heads)


@pytest.mark.parametrize("head", ["rpn", "fastrcnn", "rfcn"])
def test_every_network_takes_the_weights_of_its_classifier(head):
    with unallocated():
        for name in NAMES_OF[head]:
            classifier = classifier_of(name)
            if classifier:
                load_backbone(build(Origin(name, LABELS)), zoo.get_model(classifier, weights=None).state_dict())


def test_convolutions_and_fc6_and_fc7_start_as_those_of_vgg():
    with unallocated():
        network, state = build(Origin("fastrcnn_vgg16", LABELS)), zoo.vgg16(weights=None).state_dict()
    head = network.roi_heads.box_head.classifier
    assert [tuple(layer.weight.shape) for layer in (head[0], head[3])] == [(4096, 25088), (4096, 4096)]
    state = {name: torch.full(each.shape, float(number)) for number, (name, each) in enumerate(state.items())}
    network.to_empty(device="cpu")
    load_backbone(network, state)
    assert torch.equal(head[0].weight, state["classifier.0.weight"])
    assert torch.equal(head[3].bias, state["classifier.3.bias"])
    assert torch.equal(network.backbone.body[28].weight, state["features.28.weight"])


@pytest.mark.parametrize(
    ("name", "other", "reason"),
    [
        ("fasterrcnn_resnet50", "resnet101", "unexpected (layer3.6"),
        ("fasterrcnn_resnet101_fpn", "resnet50", "missing (backbone.body.layer3.6"),
        ("rpn_resnet50", "resnext50_32x4d", "of another shape (backbone.body.layer1.0.conv1.weight"),
        ("rfcn_resnet50", "vgg16", "missing (backbone.body.conv1.weight"),
        ("fastrcnn_vgg16", "resnet50", "unexpected (conv1.weight"),
    ],
)
def test_weights_of_another_classifier_are_refused_with_the_first_that_differs(name, other, reason):
    with unallocated():
        network, state = build(Origin(name, LABELS)), zoo.get_model(other, weights=None).state_dict()
        before = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        with pytest.raises(WeightsError, match="do not fit the backbone") as caught:
            load_backbone(network, state)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert before == {key: tuple(value.shape) for key, value in network.state_dict().items()}, "nothing was changed"


def test_frozen_norms_stay_as_they_are_while_the_rest_learns():
    torch.manual_seed(0)
    network = build(Origin("rpn_shufflenet_v2_x1_0_fpn", LABELS))
    load_backbone(network, zoo.shufflenet_v2_x1_0(weights=None).state_dict())
    before = network.state_dict()["backbone.body.stage2.0.branch1.1.running_mean"].clone()
    network.train()
    truth = {"boxes": torch.tensor([[4.0, 4.0, 30.0, 30.0]]), "labels": torch.tensor([1])}
    sum(network([torch.rand(3, 60, 60)], [truth]).values()).backward()
    assert torch.equal(network.state_dict()["backbone.body.stage2.0.branch1.1.running_mean"], before)
    assert network.backbone.body.conv1[0].weight.grad.abs().sum() > 0


def test_what_began_with_a_classifier_is_saved_with_its_frozen_norms_and_answers_as_before(tmp_path):
    name = "rpn_shufflenet_v2_x1_0_fpn"
    network = build(Origin(name, PROPOSAL_LABELS))
    load_backbone(network, zoo.shufflenet_v2_x1_0(weights=None).state_dict())
    model = Proposer(network, name=name, labels=PROPOSAL_LABELS)
    save(model, tmp_path / "model.safetensors")
    again = create(weights=tmp_path / "model.safetensors", device="cpu")
    assert not any(type(norm) is torch.nn.BatchNorm2d for norm in again.network.modules())
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    again.selection = model.selection = Selection(score_threshold=0.0)
    np.testing.assert_array_equal(again([image])[0].boxes, model([image])[0].boxes)
