"""Learning one batch by heart: it shows that a model can learn, or says why it cannot."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from deep_perception.data.examples import Example
from deep_perception.models import create
from deep_perception.predictions import Classes, Detections, LabelMap, Picture
from deep_perception.scenes import LABELS, Scene, render
from deep_perception.training.checks import overfit_batch
from deep_perception.training.regimes import freeze


def tagged(labels, seed=0):
    """Pictures of noise, each with a label."""
    rng = np.random.default_rng(seed)
    return [
        Example(str(n), rng.integers(0, 256, (28, 28, 3), np.uint8), Classes(np.array([label]), np.ones(1, np.float32)))
        for n, label in enumerate(labels)
    ]


def lenet(classes=3):
    torch.manual_seed(0)
    return create("lenet5", "none", labels=[str(number) for number in range(classes)], device="cpu")


def view(seed=1_000_000):
    return render(Scene(seed), 2.0, (96, 128))


def in_scenes(target):
    return [Example(str(seed), view(seed).image, target(view(seed))) for seed in (1_000_000, 1_000_003)]


def test_a_classifier_learns_its_batch_and_is_left_as_it_was():
    model, batch = lenet(), tagged([0, 1, 2, 1])
    before, state = copy.deepcopy(model.network.state_dict()), torch.get_rng_state()
    found = overfit_batch(model, batch)
    assert found.good and found.last < 0.11 < found.first
    numbers = f"{found.first:.3g} to {found.last:.3g}, in {found.steps} steps"
    assert found.what == f"fine: the loss of one batch fell from {numbers}"
    assert all(torch.equal(model.network.state_dict()[key], tensor) for key, tensor in before.items())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_shipped_detector_learns_its_batch_although_a_part_of_its_loss_must_stay():
    model = create("fcos_shufflenet_v2_x1_0_fpn", device="cpu")
    model.network.transform.min_size = (96,)
    freeze(model, "large")
    found = overfit_batch(model, in_scenes(lambda one: one.instances)[:1])
    assert found.good, found


def test_a_segmenter_from_scratch_learns_its_batch():
    torch.manual_seed(0)
    model = create("lraspp_shufflenet_v2_x1_0", "none", labels=LABELS, device="cpu")
    model.resize = 64
    assert overfit_batch(model, in_scenes(lambda one: one.semantic)).good


def test_an_upscaler_learns_its_batch():
    torch.manual_seed(0)
    model = create("espcn", "none", device="cpu")
    batch = [Example("one", view().image[::2, ::2], Picture(view().image))]
    assert overfit_batch(model, batch).good


def test_dropout_does_not_keep_a_network_from_learning_by_heart():
    model = lenet()
    model.network.relu3 = nn.Sequential(nn.ReLU(), nn.Dropout(0.95))
    assert overfit_batch(model, tagged([0, 1, 2, 1])).steps < 30
    assert model.network.relu3[1].p == 0.95


def test_labels_that_contradict_each_other_are_suspected():
    [one] = tagged([0])
    other = Example("other", one.image, Classes(np.array([1]), np.ones(1, np.float32)))
    found = overfit_batch(lenet(2), [one, other], steps=40)
    assert not found.good
    assert found.last == pytest.approx(math.log(2), rel=0.1)
    assert "loss_class" in found.what and "Look at the contact sheet" in found.what


def test_a_batch_without_labels_is_named():
    model = create("fcos_shufflenet_v2_x1_0_fpn", device="cpu")
    nothing = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
    batch = [Example(str(n), np.zeros((64, 64, 3), np.uint8), nothing) for n in range(2)]
    found = overfit_batch(model, batch)
    assert not found.good
    assert found.what == "nothing is labelled in the 2 pictures of the batch. Look at the contact sheet"
    blank = Example("blank", np.zeros((64, 64, 3), np.uint8), LabelMap(np.full((64, 64), 255, np.uint8)))
    assert "nothing is labelled" in overfit_batch(create("lraspp_shufflenet_v2_x1_0", device="cpu"), [blank]).what


def test_a_model_that_is_frozen_as_a_whole_is_named():
    model = lenet()
    model.network.requires_grad_(False)
    assert overfit_batch(model, tagged([0, 1])).what == "all of lenet5 is frozen. Take another regime"


def test_layers_that_the_loss_does_not_depend_on_are_named():
    model = create("espcn", "none", device="cpu")
    model.network.last_part[0].weight.data.zero_()
    model.network.last_part[0].requires_grad_(False)
    batch = [Example("one", view().image[::2, ::2], Picture(view().image))]
    assert "because nothing that learns has a part in it" in overfit_batch(model, batch, steps=5).what


def test_what_is_no_number_is_named():
    model = lenet()
    model.network.conv2.weight.data[0] = math.inf
    found = overfit_batch(model, tagged([0, 1, 2]))
    assert not found.good and found.steps == 0
    assert found.what.startswith("loss_class is nan from the start")


def test_of_a_batch_that_takes_too_long_a_part_is_learnt_for_as_long_as_there_is_time():
    [one] = tagged([0])
    other = Example("other", one.image, Classes(np.array([1]), np.ones(1, np.float32)))
    found = overfit_batch(lenet(2), [one, other, one, other], limit_s=0.0)
    assert found.good and (found.pictures, found.steps) == (2, 3)
    assert found.what.startswith("too slow on this device to be settled: the loss of 2 pictures of one batch went from")
    model = lenet(2)
    model.network.conv2.weight.data[0] = math.inf
    assert not overfit_batch(model, [one, other, one, other], limit_s=0.0).good, "what is wrong is wrong at any speed"


def test_where_a_part_is_learnt_it_is_of_what_is_labelled():
    nothing = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
    empty = [Example(str(number), view().image, nothing) for number in range(3)]
    model = create("fcos_shufflenet_v2_x1_0_fpn", device="cpu")
    model.network.transform.min_size = (96,)
    [labelled] = in_scenes(lambda one: one.instances)[:1]
    batches = [labelled, *empty], [*empty, labelled]
    alone, last = (overfit_batch(model, batch, steps=1, limit_s=0.0) for batch in batches)
    assert alone.first == pytest.approx(last.first) and alone.pictures == last.pictures == 2
