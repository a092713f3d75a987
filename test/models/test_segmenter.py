"""Segmenters name every pixel as torchvision does, learn from what is labelled, and stay within bounds."""

import numpy as np
import pytest
import torch
from torch.nn import functional
from torchvision import models as zoo

from deep_perception.config import Selection
from deep_perception.errors import DeepPerceptionError
from deep_perception.models import create, find, save
from deep_perception.models.segmenter import LONGEST, Segmenter
from deep_perception.predictions import UNLABELLED, LabelMap
from deep_perception.scenes import LABELS, Scene, render


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def lively(name: str) -> Segmenter:
    """A random segmenter whose classes compete, since its norms have seen a few pictures."""
    torch.manual_seed(0)
    model = create(name, "none", device="cpu")
    for module in model.network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    views = [render(Scene(seed), 0.0, (96, 128)).image for seed in range(4)]
    with torch.no_grad():
        model.losses(views, [LabelMap(np.zeros((96, 128), np.uint8))] * 4)
    return model


@pytest.mark.parametrize("name", ["lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large"])
def test_pixels_are_named_as_by_torchvisions_own_call(name):
    model, image = lively(name), render(Scene(1), 0.0, (520, 560)).image
    own = zoo.get_model(name, weights=None, weights_backbone=None, num_classes=21, **_second(name)).eval()
    own.load_state_dict(model.network.state_dict())
    preset = zoo.get_model_weights(name).DEFAULT.transforms()
    with torch.inference_mode():
        scores = own(preset(torch.from_numpy(image).permute(2, 0, 1))[None])["out"][0]
    confidence, labels = scores.softmax(0).max(0)
    [answer] = model([image])
    assert len(np.unique(answer.labels)) > 2, "a test of one class would test nothing"
    assert np.mean(answer.labels == labels.numpy()) > 0.999
    assert np.mean(np.abs(answer.confidence / 255 - confidence.numpy()) < 0.01) > 0.999


def _second(name: str) -> dict[str, bool]:
    return {} if name.startswith("lraspp") else {"aux_loss": True}


def test_scores_are_enlarged_as_interpolation_does_however_few_rows_at_a_time(monkeypatch):
    monkeypatch.setattr("deep_perception.models.resizing.STRIP", 200)
    from deep_perception.models.segmenter import _best

    scores = torch.randn(5, 7, 9, generator=torch.Generator().manual_seed(0))
    answer = _best(scores, (33, 40), None)
    whole = functional.interpolate(scores[None], (33, 40), mode="bilinear")[0].softmax(0)
    assert torch.equal(answer[0].long(), whole.argmax(0))
    assert (answer[1].float() - 255 * whole.amax(0)).abs().max() <= 0.51


def test_pixels_of_classes_that_are_not_wanted_are_unlabelled_and_without_confidence():
    model, image = lively("lraspp_shufflenet_v2_x1_0"), noise(60, 80)
    [everything] = model([image])
    kept = int(everything.labels[0, 0])
    model.selection = Selection(classes=(model.labels[kept],))
    [answer] = model([image])
    named = everything.labels == kept
    assert named.any()
    assert not named.all()
    assert np.array_equal(answer.labels == kept, named)
    assert (answer.labels[~named] == UNLABELLED).all()
    assert (answer.confidence[~named] == 0).all()


def test_a_picture_of_16_megapixels_is_answered():
    model = create("lraspp_shufflenet_v2_x1_0", device="cpu")
    [answer] = model([np.full((4000, 4000, 3), 120, np.uint8)])
    assert answer.labels.shape == (4000, 4000)


def test_a_very_long_picture_is_not_looked_at_enormously_large():
    model = create("lraspp_shufflenet_v2_x1_0", "none", device="cpu")
    height, width = model._inner_size(torch.zeros(3, 1, 5000))
    assert height == 1
    assert width == LONGEST * model.resize


def test_more_classes_than_a_byte_can_number_are_refused():
    labels = [f"kind {number}" for number in range(256)]
    with pytest.raises(DeepPerceptionError, match="got 256 classes, expected at most 255"):
        create("lraspp_shufflenet_v2_x1_0", "none", labels=labels, device="cpu")


def test_unlabelled_pixels_teach_nothing():
    model, image = lively("lraspp_shufflenet_v2_x1_0"), noise(64, 80)
    labels = np.full((64, 80), UNLABELLED, np.uint8)
    labels[:, :40] = 1
    before = model.losses([image], [LabelMap(labels)])["loss_pixels"].item()
    bare = labels.copy()
    bare[:, 40:] = 2
    assert model.losses([image], [LabelMap(bare)])["loss_pixels"].item() != pytest.approx(before)


@pytest.mark.parametrize(("value", "says"), [(UNLABELLED, "without a labelled pixel"), (40, "got class 40, expected")])
def test_a_target_that_teaches_nothing_or_names_an_unknown_class_is_refused(value, says):
    model = create("lraspp_shufflenet_v2_x1_0", "none", device="cpu")
    with pytest.raises(DeepPerceptionError, match=says):
        model.losses([noise(40, 50)], [LabelMap(np.full((40, 50), value, np.uint8))])


def test_deeplab_says_that_it_cannot_learn_from_a_single_picture():
    model = create("deeplabv3_mobilenet_v3_large", "none", device="cpu")
    with pytest.raises(DeepPerceptionError, match="learns from two pictures at a time"):
        model.losses([noise(40, 50)], [LabelMap(np.zeros((40, 50), np.uint8))])


@pytest.mark.parametrize("name", [name for name in find("fcn_resnet50").names if "101" not in name])
def test_official_files_are_read_with_their_second_judge_and_without(name, tmp_path):
    """torchvision's own files hold it where the network has one; fine-tuned ones often do not."""
    for number, second in enumerate(({"aux_loss": True}, {}) if not name.startswith("lraspp") else ({},)):
        path = tmp_path / f"{number}.pth"
        official = zoo.get_model(name, weights=None, weights_backbone=None, num_classes=21, **second)
        torch.save(official.state_dict(), path)
        model = create(name, path, device="cpu")
        assert model.labels[15] == "person"
        assert set(model.network.state_dict()) == set(official.state_dict())


def test_the_size_that_a_segmenter_looks_at_is_kept_in_its_file(tmp_path):
    model = create("lraspp_mobilenet_v3_large", "none", device="cpu")
    small = Segmenter(model.network, resize=96, name=model.name, labels=model.labels)
    save(small, tmp_path / "small.safetensors")
    assert create(weights=tmp_path / "small.safetensors", device="cpu").resize == 96


def test_it_learns_the_pixels_of_a_scene():
    torch.manual_seed(0)
    view = render(Scene(3), 1.0, (96, 128))
    model = create("lraspp_shufflenet_v2_x1_0", "none", labels=LABELS, device="cpu")
    model.resize = 96
    optimizer = torch.optim.AdamW(model.network.parameters(), 4e-3)
    losses = []
    for _ in range(25):
        loss = sum(model.losses([view.image] * 2, [view.semantic] * 2).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.35 * losses[0]
