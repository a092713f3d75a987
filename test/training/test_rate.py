"""The range test: it finds a rate at which a model learns, and leaves no trace."""

import copy
import math

import numpy as np
import pytest
import torch

from deep_perception.config import TrainConfig
from deep_perception.data.examples import Example
from deep_perception.errors import ConfigError
from deep_perception.models import create
from deep_perception.predictions import Classes, LabelMap, Picture
from deep_perception.training.optimisers import optimizer_of
from deep_perception.training.rate import SHORTEST, choose_rate, range_test
from deep_perception.training.trial import total_loss


def digits(count=32, classes=4):
    """Noise with a bright corner, which says the class."""
    rng = np.random.default_rng(0)
    for number in range(count):
        label = number % classes
        image = rng.integers(0, 80, (28, 28, 3), np.uint8)
        top, left = 14 * (label // 2), 14 * (label % 2)
        image[top : top + 14, left : left + 14] += 120
        yield Example(str(number), image, Classes(np.array([label]), np.ones(1, np.float32)))


def batches(examples, size=4):
    examples = list(examples)
    while True:
        yield from (examples[start : start + size] for start in range(0, len(examples), size))


def lenet(classes=4):
    torch.manual_seed(0)
    return create("lenet5", "none", labels=[str(number) for number in range(classes)], device="cpu")


def maker(model, **settings):
    config = TrainConfig(model=model.name, **settings)
    return lambda rate: optimizer_of(model.network, config, rate)


@pytest.mark.parametrize("settings", [{}, {"optimizer": "sgd"}])
def test_the_rate_that_is_found_teaches_what_a_thirtieth_of_it_does_not(settings):
    def learnt(rate):
        model = lenet()
        optimizer = maker(model, **settings)(rate)
        for batch, _ in zip(batches(digits()), range(12), strict=False):
            loss = total_loss(model, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return total_loss(model, list(digits())).item()

    model = lenet()
    found = range_test(model, batches(digits()), maker(model, **settings), clip=5.0)
    assert learnt(found.chosen) < 0.3 * learnt(found.chosen / 30)
    assert len(found.rates) == len(found.losses) > 20
    assert list(found.rates) == sorted(found.rates)
    assert "where the loss" in found.why


def noise(count=4):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (32, 32, 3), np.uint8) for _ in range(count)]


def segmenter():
    model = create("lraspp_shufflenet_v2_x1_0", "none", labels=("a", "b"), device="cpu")
    model.resize = 32
    return model, [Example("", one, LabelMap(np.ones((32, 32), np.uint8))) for one in noise()]


def colorizer():
    model = create("colorizer_shufflenet_v2_x1_0", "none", device="cpu")
    model.technique.input_size = (32, 32)
    return model, [Example("", one, Picture(one)) for one in noise()]


@pytest.mark.parametrize("kind", [segmenter, colorizer])
def test_nothing_shows_afterwards_that_there_was_a_test(kind):
    model, examples = kind()
    model.network.eval()
    before = copy.deepcopy(model.network.state_dict())
    counted = copy.deepcopy(model.technique.counts.counts) if kind is colorizer else torch.zeros(1)
    state = torch.get_rng_state()
    range_test(model, batches(examples, 2), maker(model), steps=12)
    assert torch.equal(torch.get_rng_state(), state)
    after = model.network.state_dict()
    assert all(torch.equal(after[key], tensor) for key, tensor in before.items()), "weights and statistics"
    assert kind is not colorizer or torch.equal(model.technique.counts.counts, counted), "and what losses count"
    assert all(parameter.grad is None for parameter in model.network.parameters())
    assert not any(module.training for module in model.network.modules())


def test_what_takes_too_long_is_tested_with_fewer_pictures_and_steps():
    model, examples = segmenter()
    found = range_test(model, batches(examples * 2, 4), maker(model), limit_s=0.0)
    assert len(found.rates) <= SHORTEST


def test_nothing_shows_afterwards_of_a_test_that_broke_off():
    model = lenet()
    before = copy.deepcopy(model.network.state_dict())
    broken = Example("broken", np.zeros((28, 28, 3), np.uint8), Classes(np.array([99]), np.ones(1, np.float32)))
    with pytest.raises((IndexError, RuntimeError)):
        range_test(model, iter([list(digits(8)), [broken]]), maker(model))
    assert all(torch.equal(model.network.state_dict()[key], tensor) for key, tensor in before.items())


def test_weights_that_are_no_numbers_are_named_before_a_rate_is_sought():
    model = lenet()
    model.network.conv1.weight.data[0] = math.nan
    with pytest.raises(ConfigError, match="the loss is nan before the first step"):
        range_test(model, batches(digits()), maker(model))


RATES = [10.0**power for power in range(-7, 2)]


@pytest.mark.parametrize(
    ("losses", "chosen"),
    [
        ([2, 2, 2, 1.9, 1.5, 0.55, 0.5, 1, 4], 3.3e-3),
        ([2, 2, 2, 1.9, 1.5, 0.55, 0.5, 1, math.nan], 3.3e-3),
        ([2, 2, 2, 1.9, 1.8, 1.7, 1.6, 0.2, 5], 0.33),
        ([2, 2, 2, 1.9, 1.8, 1.7, 1.6, 1.5, 0.2], 3.3),
        ([1, 1, 1, 1, 0.99, 1.2, 2.5], 1e-3),
    ],
    ids=["a fall and a rise", "a fall and no number", "a late fall", "a fall without a rise", "a rise alone"],
)
def test_the_rule_by_which_a_rate_is_chosen(losses, chosen):
    rate, why = choose_rate(RATES[: len(losses)], losses)
    assert rate == pytest.approx(chosen, rel=0.02), why


def test_it_is_never_closer_than_a_tenth_to_where_the_loss_rose():
    rates = [1e-3, 1e-2, 2e-2, 4e-2]
    rate, why = choose_rate(rates, [2, 2, 0.5, 5])
    assert rate == pytest.approx(4e-3) and why.startswith("a tenth of 0.04")


def test_a_loss_that_follows_no_rate_is_said_to():
    with pytest.raises(ConfigError, match="lr: found none, as the loss stays near 1 at any rate up to 10"):
        choose_rate(RATES, [1.0, 1.01, 0.99, 1.0, 1.0, 1.0, 1.01, 1.0, 1.0])
