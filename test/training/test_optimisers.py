"""What moves the weights: who decays, and how the learning rate rises and falls."""

import pytest
import torch
from torch import nn

from deep_perception.config import TrainConfig
from deep_perception.training.averaging import WINDOW, average_of, newest_share
from deep_perception.training.optimisers import optimizer_of, set_rate, share_at


@pytest.fixture
def network():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
def test_only_tensors_of_more_than_one_dimension_decay(network, name):
    optimizer = optimizer_of(network, TrainConfig(optimizer=name, weight_decay=0.1), 0.01)
    decay = {id(one): group["weight_decay"] for group in optimizer.param_groups for one in group["params"]}
    assert {decay[id(one)] for one in network.parameters() if one.ndim > 1} == {0.1}
    assert {decay[id(one)] for one in network.parameters() if one.ndim <= 1} == {0.0}
    assert type(optimizer).__name__.lower() == name


def test_what_is_frozen_is_left_alone(network):
    network[0].requires_grad_(False)
    held = {id(one) for group in optimizer_of(network, TrainConfig(), 0.01).param_groups for one in group["params"]}
    assert held == {id(one) for one in network[1:].parameters()}


@pytest.mark.parametrize("schedule", ["cosine", "step", "constant"])
def test_the_rate_rises_over_the_warm_up_and_never_after_it(schedule):
    config = TrainConfig(schedule=schedule, warmup=0.2)
    shares = [share_at(step, 100, config) for step in range(100)]
    assert shares[:20] == sorted(shares[:20]) and shares[0] < 0.1
    assert shares[20] == 1 and shares[20:] == sorted(shares[20:], reverse=True)
    assert all(share > 0 for share in shares)


def test_schedules_end_where_they_promise():
    assert share_at(999, 1000, TrainConfig(schedule="cosine")) < 0.02
    assert share_at(999, 1000, TrainConfig(schedule="step")) == pytest.approx(0.01)
    assert share_at(999, 1000, TrainConfig(schedule="constant")) == 1
    assert share_at(0, 1, TrainConfig(warmup=0.9)) > 0


def test_a_rate_is_set_for_every_group(network):
    optimizer = optimizer_of(network, TrainConfig(), 0.01)
    set_rate(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.5]


def test_the_average_forgets_the_start_and_is_steadier_than_the_latest(network):
    average = average_of(network)
    with torch.no_grad():
        network[0].weight.fill_(100.0)
        average.update_parameters(network)
        for step in range(400):
            network[0].weight.fill_(1.0 + (-1) ** step)
            network[1].running_mean.fill_(5.0)
            network[1].num_batches_tracked.fill_(step)
            average.update_parameters(network)
    assert torch.allclose(average.module[0].weight, torch.tensor(1.0), atol=0.02)
    assert torch.allclose(average.module[1].running_mean, torch.tensor(5.0), atol=0.01)
    assert average.module[1].num_batches_tracked == 399
    assert not any(one.requires_grad for one in average.parameters())


def test_the_newest_counts_much_at_first_and_one_in_the_window_later():
    assert newest_share(1) == pytest.approx(9 / 11)
    assert newest_share(10 * WINDOW) == 1 / WINDOW
