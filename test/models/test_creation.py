"""From a name and some weights to a model: what is found out, and what is said when it cannot be."""

import shutil

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models as zoo
from torchvision.ops import FrozenBatchNorm2d

from deep_perception.errors import DeepPerceptionError
from deep_perception.models import create, find, named_weights, save
from deep_perception.models.checkpoint import load
from deep_perception.models.files import sha256_of
from deep_perception.models.origin import Origin
from deep_perception.models.store import Store


def test_an_unknown_model_is_told_the_nearest_names():
    with pytest.raises(DeepPerceptionError, match=r"unknown model 'fasterrcnn'\. Nearest: .*fasterrcnn_resnet50_fpn"):
        create("fasterrcnn", "none")


def test_nothing_is_downloaded_without_consent(cache):
    with pytest.raises(DeepPerceptionError, match="deep_perception weights fetch resnet18"):
        create("resnet18")
    assert not list(cache.rglob("*.pth"))


def test_weights_for_another_number_of_classes_are_refused(tmp_path):
    torch.save(zoo.resnet18(num_classes=7).state_dict(), tmp_path / "seven.pth")
    with pytest.raises(DeepPerceptionError, match="7 classes.*1000") as error:
        create("resnet18", tmp_path / "seven.pth")
    assert "\n" not in str(error.value)
    labels = [f"kind {number}" for number in range(7)]
    assert create("resnet18", tmp_path / "seven.pth", labels=labels).labels == tuple(labels)


def test_a_plain_state_dict_needs_the_name_of_its_network(tmp_path):
    torch.save(zoo.squeezenet1_1().state_dict(), tmp_path / "plain.pth")
    with pytest.raises(DeepPerceptionError, match="does not say which network"):
        create(weights=tmp_path / "plain.pth")
    assert create("squeezenet1_1", tmp_path / "plain.pth").name == "squeezenet1_1"


def test_a_file_made_for_another_model_is_refused(tmp_path):
    save(create("lenet5", "none"), tmp_path / "lenet.safetensors")
    with pytest.raises(DeepPerceptionError, match="is for lenet5, got model resnet18"):
        create("resnet18", tmp_path / "lenet.safetensors")


def test_no_cuda_is_an_error_and_not_a_silent_cpu():
    if torch.cuda.is_available():
        pytest.skip("a GPU is there")
    with pytest.raises(DeepPerceptionError, match="device: got 'cuda:0', but"):
        create("lenet5", "none", device="cuda:0")


def test_norms_frozen_when_the_weights_were_written_are_frozen_when_they_are_read(tmp_path):
    """The official file of this detector was trained with frozen norms, which have no counters."""
    frozen = zoo.detection.fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=3)
    state = {key: value for key, value in frozen.state_dict().items() if "num_batches_tracked" not in key}
    torch.save(state, tmp_path / "official.pth")
    model = create("fasterrcnn_resnet50_fpn", tmp_path / "official.pth", labels=["__background__", "a", "b"])
    kinds = {type(module) for module in model.network.modules()}
    assert FrozenBatchNorm2d in kinds
    assert nn.BatchNorm2d not in kinds
    save(model, tmp_path / "again.safetensors")
    assert create(weights=tmp_path / "again.safetensors").settings == model.settings


def test_a_vision_transformer_takes_the_picture_size_of_its_weights(tmp_path):
    torch.save(zoo.vit_b_32(image_size=64, num_classes=3).state_dict(), tmp_path / "small.pth")
    model = create("vit_b_32", tmp_path / "small.pth", labels=["a", "b", "c"])
    assert model.network.image_size == 64


def test_densenet_files_with_the_old_key_names_are_read(tmp_path):
    network = zoo.densenet121(num_classes=3)
    old = {}
    for key, value in network.state_dict().items():
        for part in ("norm1", "norm2", "conv1", "conv2"):
            if "denselayer" in key:
                key = key.replace(f".{part}.", f".{part[:-1]}.{part[-1]}.")
        old[key] = value
    torch.save(old, tmp_path / "old.pth")
    model = create("densenet121", tmp_path / "old.pth", labels=["a", "b", "c"])
    assert torch.equal(model.network.state_dict()["classifier.weight"], network.state_dict()["classifier.weight"])


def test_the_recommended_weights_come_first():
    assert named_weights("resnet50").name == "IMAGENET1K_V2"
    assert named_weights("resnet50", "IMAGENET1K_V1").sha256 == "0676ba61"
    with pytest.raises(DeepPerceptionError, match="unknown weights 'IMAGENET1K_V3'. Nearest: IMAGENET1K_V"):
        named_weights("resnet50", "IMAGENET1K_V3")


REAL = {
    "ssdlite320_mobilenet_v3_large": "ssdlite320_mobilenet_v3_large_coco_from_int8.pth",
    "mobilenet_v2": "mobilenet_v2_from_int8.pth",
    "squeezenet1_1": "squeezenet1_1_from_caffe_fp16.pth",
}


def photos(shared_data):
    import cv2

    for path in sorted((shared_data / "images" / "classify").glob("*.[jp][pn]g")):
        yield cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@pytest.mark.weights
@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_1"])
def test_classes_equal_those_of_torchvisions_own_call_on_real_weights(name, shared_data):
    file = shared_data / "weights" / REAL[name]
    model, own = create(name, file, device="cpu"), zoo.get_model(name, weights=None).eval()
    own.load_state_dict(torch.load(file, weights_only=True))
    prepare = zoo.get_model_weights(name).IMAGENET1K_V1.transforms()
    for image in photos(shared_data):
        with torch.inference_mode():
            expected = own(prepare(torch.from_numpy(image).permute(2, 0, 1))[None]).softmax(1)[0].topk(5)
        [got] = model([image])
        assert got.labels.tolist() == expected.indices.tolist()
        np.testing.assert_allclose(got.scores, expected.values, atol=1e-3)


@pytest.mark.weights
def test_boxes_equal_those_of_torchvisions_own_call_on_real_weights(shared_data):
    name = "ssdlite320_mobilenet_v3_large"
    file = shared_data / "weights" / REAL[name]
    model, own = create(name, file, device="cpu"), zoo.get_model(name, weights=None, weights_backbone=None).eval()
    own.load_state_dict(torch.load(file, weights_only=True))
    for image in photos(shared_data):
        with torch.inference_mode():
            expected = own([torch.from_numpy(image).permute(2, 0, 1) / 255])[0]
        kept = expected["scores"] > model.selection.score_threshold
        [got] = model([image])
        assert len(got) == kept.sum()
        assert got.labels.tolist() == expected["labels"][kept].tolist()
        np.testing.assert_allclose(got.boxes, expected["boxes"][kept], atol=0.5)
        np.testing.assert_allclose(got.scores, expected["scores"][kept], atol=1e-3)


@pytest.mark.weights
def test_a_cached_default_is_used_without_a_word_about_files(shared_data, cache, monkeypatch):
    """A file with the published name whose hash is another one is not what was published."""
    cache.mkdir()
    published = named_weights("squeezenet1_1")
    shutil.copy(shared_data / "weights" / REAL["squeezenet1_1"], cache / published.file_name)
    with pytest.raises(DeepPerceptionError, match="damaged"):
        create("squeezenet1_1")


def test_a_name_that_is_no_pair_of_the_matrix_is_told_the_parts_there_are():
    with pytest.raises(DeepPerceptionError, match=r"unknown backbone 'resnet51'\. Backbones: vgg16, .*; heads: faster"):
        create("fasterrcnn_resnet51", "none")
    with pytest.raises(DeepPerceptionError, match=r"rfcn does not go with vgg16\. Backbones of rfcn: resnet50"):
        create("rfcn_vgg16", "none")


def test_a_network_starts_from_the_weights_of_its_backbone_where_that_is_asked(cache):
    classifier = zoo.shufflenet_v2_x1_0()
    named = named_weights("rpn_shufflenet_v2_x1_0_fpn", "IMAGENET1K_V1")
    assert named.backbone_only
    cache.mkdir()
    path = cache / named.file_name
    torch.save(classifier.state_dict(), path)
    digest = sha256_of(path)
    store = Store(cache)
    row = find("rpn_shufflenet_v2_x1_0_fpn")
    assert row.weights("rpn_shufflenet_v2_x1_0_fpn")[0].sha256, "what is fetched is checked"
    checkpoint = load(path)
    origin = Origin("rpn_shufflenet_v2_x1_0_fpn", row.labels, checkpoint, named.name, backbone_only=True)
    network = row.build(origin)
    row.load(network, origin)
    assert torch.equal(network.state_dict()["backbone.body.conv1.0.weight"], classifier.state_dict()["conv1.0.weight"])
    assert origin.identity == f"backbone {digest}"
    assert store.has(named)


def test_weights_of_a_backbone_are_never_taken_for_those_of_the_whole():
    with pytest.raises(
        DeepPerceptionError, match=r"no weights are published for rfcn_resnet101.*train from a backbone: IMAG"
    ):
        create("rfcn_resnet101")


def test_the_scale_is_chosen_and_checked():
    assert create("espcn", "none", scale=3, device="cpu").settings["scale"] == 3
    assert create("espcn", "none", device="cpu").settings["scale"] == 2
    with pytest.raises(DeepPerceptionError, match=r"scale: got 7, expected one of 2, 3, 4 \(model espcn\)"):
        create("espcn", "none", scale=7)
    with pytest.raises(DeepPerceptionError, match=r"scale: got 2, but lenet5 has no scale to choose"):
        create("lenet5", "none", scale=2)


def test_a_file_keeps_its_scale_and_refuses_another(tmp_path):
    save(create("espcn", "none", scale=3, device="cpu"), tmp_path / "x3.safetensors")
    assert create(weights=tmp_path / "x3.safetensors", device="cpu").settings["scale"] == 3
    with pytest.raises(DeepPerceptionError, match=r"weights were made for scale 3, got scale 2\. Set scale to 0"):
        create(weights=tmp_path / "x3.safetensors", scale=2)


def test_the_published_weights_of_the_scale_are_the_default():
    assert named_weights("edsr_baseline", scale=4).name == "x4"
    assert named_weights("edsr_baseline").name == "x2"


def test_an_upscaler_is_recognised_by_the_tensors_of_a_plain_file(tmp_path):
    torch.save(create("edsr_baseline", "none", scale=4, device="cpu").network.state_dict(), tmp_path / "plain.pth")
    with pytest.raises(DeepPerceptionError, match="made for scale 4, got scale 2"):
        create(weights=tmp_path / "plain.pth", scale=2, device="cpu")
    model = create(weights=tmp_path / "plain.pth", scale=4, device="cpu")
    assert (model.name, model.settings["scale"]) == ("edsr_baseline", 4)
