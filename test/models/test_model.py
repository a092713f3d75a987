"""What every model does around its network."""

import numpy as np
import pytest
import torch

from deep_perception.errors import ImageError
from deep_perception.models import create
from deep_perception.predictions import ColourHints, Detections


@pytest.fixture
def model():
    return create("lenet5", "none", device="cpu")


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: not enough memory")]
)
def test_a_device_without_memory_costs_the_picture_and_says_what_to_do(model, monkeypatch, error):
    def full(*_):
        raise error

    image = np.zeros((30, 40, 3), np.uint8)
    monkeypatch.setattr(model, "_predict", full)
    with pytest.raises(ImageError, match="cpu has no memory left for 40x30 pixels") as no:
        model([image])
    monkeypatch.undo()
    assert no.value.kind == "memory"
    assert "\n" not in str(no.value)
    assert len(model([image])) == 1


def test_a_guide_is_refused_by_a_model_that_takes_none_and_when_it_is_of_another_kind(model):
    image = np.zeros((30, 40, 3), np.uint8)
    hints = ColourHints(np.zeros((1, 2), np.float32), np.zeros((1, 3), np.uint8))
    with pytest.raises(TypeError, match=r"guide: got ColourHints, expected None \(lenet5\)"):
        model([image], [hints])
    with pytest.raises(TypeError, match="got ColourHints, expected Detections"):
        create("espcn", "none", device="cpu")([image], [hints])


def test_there_is_a_guide_for_each_picture_or_none_at_all():
    boxes = Detections(np.array([[1, 1, 9, 9]], np.float32), np.zeros(1, np.int64), np.ones(1, np.float32))
    with pytest.raises(ValueError, match="got 1 guides for 2 images"):
        create("espcn", "none", device="cpu")([np.zeros((9, 9, 3), np.uint8)] * 2, [boxes])


def test_any_other_error_of_the_network_is_not_taken_for_a_lack_of_memory(model, monkeypatch):
    def broken(*_):
        raise RuntimeError("sizes do not match")

    monkeypatch.setattr(model, "_predict", broken)
    with pytest.raises(RuntimeError, match="sizes do not match"):
        model([np.zeros((30, 40, 3), np.uint8)])
