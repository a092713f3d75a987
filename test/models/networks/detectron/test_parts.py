"""The networks that the parts make: their form, their sizes, their anchors."""

import copy

import pytest
import torch
from torchvision.models import detection as detection_zoo

from deep_perception.config import Selection
from deep_perception.models.detector import Detector
from deep_perception.models.networks.detectron import build, parts
from deep_perception.models.networks.detectron.parts import HEADS, network_of
from deep_perception.models.networks.fcos_shufflenet import Pyramid
from deep_perception.models.origin import Origin
from deep_perception.models.unallocated import count_parameters, unallocated

COCO = 91
PUBLISHED = {"resnet50": 25557032, "resnet101": 44549160, "resnext101_32x8d": 88791336, "vgg16": 138357544}
LAST_LAYER = {"vgg16": 4096 * 1000 + 1000}
"""Of the others: 2048 * 1000 + 1000."""


def built(name: str, classes: int = COCO) -> torch.nn.Module:
    with unallocated():
        return build(Origin(name, tuple(map(str, range(classes)))))


def shapes(network: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize(
    ("head", "theirs"),
    [("fasterrcnn", detection_zoo.fasterrcnn_resnet50_fpn), ("maskrcnn", detection_zoo.maskrcnn_resnet50_fpn)],
)
def test_what_torchvision_has_too_has_its_tensors(head, theirs):
    with unallocated():
        assert shapes(parts.build(head, "resnet50_fpn", COCO)) == shapes(theirs(weights=None, weights_backbone=None))


def test_retinanet_differs_from_torchvisions_only_in_the_map_that_p6_is_made_from():
    with unallocated():
        ours = shapes(parts.build("retinanet", "resnet50_fpn", COCO))
        theirs = shapes(detection_zoo.retinanet_resnet50_fpn(weights=None, weights_backbone=None))
    p6 = "backbone.fpn.extra_blocks.p6.weight"
    assert ours.pop(p6) == (256, 2048, 3, 3)
    assert theirs.pop(p6) == (256, 256, 3, 3)
    assert ours == theirs


@pytest.mark.parametrize("backbone", PUBLISHED)
def test_fast_rcnn_is_the_published_classifier_with_other_last_layers(backbone):
    network = built(f"fastrcnn_{backbone}")
    predictor = count_parameters(network.roi_heads.box_predictor)
    shared = PUBLISHED[backbone] - LAST_LAYER.get(backbone, 2048 * 1000 + 1000)
    assert count_parameters(network) == shared + predictor


def test_rfcn_has_the_maps_of_the_published_network():
    judge = built("rfcn_resnet101", classes=21).roi_heads
    assert judge.reduce.weight.shape == (1024, 2048, 1, 1)
    assert judge.cls_score.weight.shape == (1029, 1024, 1, 1)  # 21 classes in 7x7 parts
    assert judge.bbox_pred.weight.shape == (4 * 49, 1024, 1, 1)
    assert not any(layer.stride == (2, 2) for layer in judge.layer4.modules() if isinstance(layer, torch.nn.Conv2d))


@pytest.mark.parametrize(
    ("name", "strides", "sizes", "anchors"),
    [
        ("rpn_resnet50", [16], ((32, 64, 128, 256, 512),), 15),
        ("rpn_vgg16", [16], ((64, 128, 256, 512),), 12),
        ("rpn_resnext50_32x4d_fpn", [4, 8, 16, 32, 64], ((32,), (64,), (128,), (256,), (512,)), 3),
        ("rpn_shufflenet_v2_x1_0_fpn", [8, 16, 32], ((20, 32), (45, 64), (90, 128)), 6),
        ("rpn_mobilenet_v3_large_fpn", [8, 16, 32], ((20, 32), (45, 64), (90, 128)), 6),
        (
            "retinanet_resnet101_fpn",
            [8, 16, 32, 64, 128],
            ((32, 40, 50), (64, 80, 101), (128, 161, 203), (256, 322, 406), (512, 645, 812)),
            9,
        ),
    ],
)
def test_maps_have_the_strides_and_anchors_of_the_papers(name, strides, sizes, anchors):
    network = built(name)
    with torch.device("meta"):
        features = network.backbone(torch.zeros(1, 3, 256, 256))
    maps = features.values() if isinstance(features, dict) else [features]
    assert [256 // each.shape[-1] for each in maps] == strides
    generator = getattr(network, "anchor_generator", None) or network.rpn.anchor_generator
    assert generator.sizes == sizes
    assert set(generator.num_anchors_per_location()) == {anchors}


@pytest.mark.parametrize("head", [head for head, part in HEADS.items() if "small" in part.trunks])
def test_the_small_backbone_is_that_of_the_small_detector(head):
    with unallocated():
        assert shapes(parts.build(head, "shufflenet_v2_x1_0_fpn", 9).backbone) == shapes(Pyramid())
        assert count_parameters(parts.build(head, "shufflenet_v2_x1_0_fpn", 9)) < 2_100_000


def test_a_mask_head_that_shares_conv5_stores_it_once_and_follows_it_into_a_copy(narrow):
    network = copy.deepcopy(narrow("maskrcnn", "plain")).eval()
    names = network.state_dict()
    assert any(name.startswith("roi_heads.box_head.layer4") for name in names)
    assert not any(name.startswith("roi_heads.mask_head") for name in names)
    for weight in network.roi_heads.box_head.parameters():
        torch.nn.init.zeros_(weight)
    cells = torch.rand(2, 128, 14, 14)
    assert network.roi_heads.mask_head(cells).shape == (2, 256, 7, 7)
    assert (network.roi_heads.mask_head(cells) == 0).all()


@pytest.mark.parametrize("head", ["fasterrcnn", "fastrcnn", "maskrcnn"])
def test_a_narrow_strip_as_the_first_picture_does_not_change_how_regions_are_cut(head):
    torch.manual_seed(0)
    network = HEADS[head].build(HEADS[head].trunks["small"](network_of("shufflenet_v2_x1_0")), 3).eval()
    with torch.inference_mode():
        network([torch.rand(3, 8, 200)])
    assert network.roi_heads.box_roi_pool.scales == [1 / 8, 1 / 16, 1 / 32]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("head", HEADS)
def test_every_head_answers_in_every_number_format_of_the_machine(head, precision, narrow, lesson):
    form = "plain" if head == "rfcn" else "small"
    model = Detector(narrow(head, form), name=head, labels=lesson.labels, precision=precision)
    model.selection = Selection(score_threshold=0.0, max_detections=10)
    for answer in model(lesson.images):
        assert 0 < len(answer) <= 10
        assert ((answer.scores >= 0) & (answer.scores <= 1)).all()
