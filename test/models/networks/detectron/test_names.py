"""Names of the matrix: which there are, and what is said of those that are not."""

import pytest
from torchvision import models as zoo
from torchvision.models import detection as detection_zoo

from deep_perception.errors import ModelError
from deep_perception.models.networks.detectron import NAMES_OF, classifier_of, explain, parse
from deep_perception.models.networks.detectron.parts import BACKBONES, HEADS

EVERY_NAME = [name for names in NAMES_OF.values() for name in names]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("fasterrcnn_resnext101_32x8d_fpn", ("fasterrcnn", "resnext101_32x8d_fpn")),
        ("rfcn_resnet101", ("rfcn", "resnet101")),
        ("rpn_resnet50_fpn", ("rpn", "resnet50_fpn")),
        ("fasterrcnn_vgg16", ("fasterrcnn", "vgg16")),
        ("maskrcnn_shufflenet_v2_x1_0_fpn", ("maskrcnn", "shufflenet_v2_x1_0_fpn")),
    ],
)
def test_a_name_is_a_head_and_a_backbone(name, parts):
    assert parse(name) == parts
    assert name in NAMES_OF[parts[0]]


def test_every_pair_that_fits_has_a_name_once():
    assert len(EVERY_NAME) == len(set(EVERY_NAME))
    pairs = {
        f"{head}_{name}" for head, part in HEADS.items() for name in BACKBONES if BACKBONES[name].form in part.trunks
    }
    assert pairs - set(EVERY_NAME) == {name for name in pairs if name in zoo.list_models(module=detection_zoo)}
    assert all("_".join(parse(name)) == name for name in EVERY_NAME)


def test_torchvisions_own_names_stay_its_own():
    assert not set(EVERY_NAME) & set(zoo.list_models())


def test_heads_go_with_the_backbones_that_their_papers_have():
    assert all(name.endswith("_fpn") for name in NAMES_OF["retinanet"])
    assert not any(name.endswith(("_fpn", "vgg16")) for name in NAMES_OF["rfcn"])
    assert {len(NAMES_OF[head]) for head in ("rpn", "fastrcnn")} == {len(BACKBONES)}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fasterrcnn_resnet51", "fasterrcnn_resnet51: unknown backbone 'resnet51'. Backbones: vgg16, resnet50, "),
        ("fastercnn_resnet50", "fastercnn_resnet50: unknown head 'fastercnn'. Backbones: "),
        ("rfcn_vgg16", "rfcn_vgg16: rfcn does not go with vgg16. Backbones of rfcn: resnet50, "),
        ("retinanet_resnet50", "retinanet does not go with resnet50. Backbones of retinanet: resnet50_fpn, "),
    ],
)
def test_a_name_that_is_none_is_explained_in_one_line_by_the_parts_there_are(name, reason):
    assert reason in explain(name)
    assert "\n" not in explain(name)
    with pytest.raises(ModelError) as caught:
        parse(name)
    assert str(caught.value) == explain(name)


def test_the_explanation_of_unknown_parts_lists_all():
    for part in (*HEADS, *BACKBONES):
        assert part in explain("maskrcnn_resnet18")


@pytest.mark.parametrize(
    "name", ["resnet5", "fcn_resnet152", "fasterrcnn", "vgg16", "hello_world", "", "_", "rpn_vgg16"]
)
def test_names_of_another_kind_are_left_to_others(name):
    assert explain(name) is None


def test_the_classifier_that_a_backbone_is_part_of_is_known():
    for name in EVERY_NAME:
        classifier = classifier_of(name)
        assert (classifier is None) == ("resnext152" in name)
        assert classifier is None or (f"_{classifier}" in name and classifier in zoo.list_models(module=zoo))
