"""Times are compared pair by pair, on equal work, and a target that is missed is called missed."""

from collections import Counter

import numpy as np
import pytest
import torch

from deep_perception.errors import InputError, ModelError
from deep_perception.evaluation.contestants import BARE, OURS, SAME, contestants, picture_of
from deep_perception.evaluation.speed import (
    THROUGH_ROS,
    WARM_UPS,
    Figure,
    figures,
    growth_ms,
    spread_ms,
    summary,
    take_turns,
)
from deep_perception.models import create

DETECTOR, CLASSIFIER = "ssdlite320_mobilenet_v3_large", "mobilenet_v2"
IMAGE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def line(lines, start):
    (found,) = [one for one in lines if one.name.startswith(start)]
    return found


def overload(ages_s, between_s=0.05, period_ms=17.0):
    received = np.arange(len(ages_s)) * between_s
    counts = {"seconds": 60.0, "published": 3 * len(ages_s), "period_ms": period_ms}
    return {"seconds": {BARE: [0.05], OURS: [0.05]}, "overload": {**counts, "received_s": received, "ages_s": ages_s}}


def test_contestants_take_turns_in_changing_order():
    calls = []
    seconds = take_turns({name: lambda name=name: calls.append(name) for name in "abc"}, 20)
    assert Counter(calls) == dict.fromkeys("abc", 20 + WARM_UPS)
    assert {name: len(values) for name, values in seconds.items()} == dict.fromkeys("abc", 20)
    rounds = [tuple(calls[start : start + 3]) for start in range(3 * WARM_UPS, len(calls), 3)]
    assert all(set(one) == set("abc") for one in rounds)
    assert len(set(rounds)) > 2


def test_spreads_are_in_milliseconds():
    spread = spread_ms([0.001, 0.002, 0.003])
    assert spread["count"] == 3
    assert spread["p50"] == pytest.approx(2)
    assert (spread["min"], spread["max"]) == (pytest.approx(1), pytest.approx(3))


def test_noise_that_hits_both_of_a_pair_does_not_change_the_comparison():
    noise = np.array([1, 5, 1, 3, 9, 2])
    summed = summary({"seconds": {BARE: 0.04 * noise, OURS: 0.03 * noise, THROUGH_ROS: 0.03 * noise + 0.002}})
    assert line(figures(summed), "model / ").value == pytest.approx(0.75)
    assert line(figures(summed), "camera to result - model").value == pytest.approx(2)


def test_the_rival_is_the_one_that_does_the_same_work():
    summed = summary({"seconds": {BARE: [0.9], SAME: [0.04], OURS: [0.05]}})
    assert summed["compared_with"] == SAME
    assert line(figures(summed), "model / ").met is False


@pytest.mark.parametrize(("value", "met"), [(0.99, True), (1.0, True), (1.01, False)])
def test_a_target_is_the_largest_value_that_meets_it(value, met):
    assert Figure("x", value, "ms", 1.0).met is met
    assert Figure("x", value, "ms").met is None


def test_a_steady_age_does_not_grow_and_a_queue_does():
    when = np.linspace(0, 60, 600)
    noise = np.random.default_rng(0).normal(0, 0.01, 600)
    assert growth_ms(when, 0.1 + noise) == (pytest.approx(0, abs=3), pytest.approx(0, abs=5))
    grown, slope = growth_ms(when, 0.1 + when / 60 + noise)
    assert grown == pytest.approx(1000 * 2 / 3, abs=10)
    assert slope == pytest.approx(1000, abs=10)


def test_newest_frames_meet_the_targets_of_overload_and_a_queue_misses_them():
    ages = np.random.default_rng(0).uniform(0.052, 0.069, 1200)
    good = figures(summary(overload(ages)))
    bad = figures(summary(overload(ages + np.linspace(0, 0.2, 1200))))
    for lines, met in ((good, True), (bad, False)):
        assert line(lines, "age p95 in overload, against the model in overload").met is met
        assert line(lines, "age p95 in overload, against the model alone").met is met
        assert line(lines, "age grows").met is met


@pytest.mark.parametrize(("percent", "met"), [(1.5, True), (2.5, False)])
def test_an_idle_node_may_take_two_percent(percent, met):
    idle = {"seconds": 10, "cpu_percent": percent, "memory_mb": 800}
    lines = figures(summary({"seconds": {BARE: [1.0], OURS: [1.0]}, "idle": idle}))
    assert line(lines, "idle").met is met


@pytest.mark.parametrize("name", [DETECTOR, CLASSIFIER])
def test_torchvision_called_as_its_users_do_answers_as_the_model(name):
    torch.manual_seed(0)
    model = create(name, "none", device="cpu")
    calls = contestants(model, IMAGE)
    assert list(calls) == ([BARE, SAME, OURS] if name == DETECTOR else [BARE, OURS])
    theirs = calls.get(SAME, calls[BARE])()
    assert all(isinstance(each, np.ndarray) for each in theirs)
    np.testing.assert_allclose(calls[OURS]()[0].scores, theirs[0], atol=1e-3)


def test_models_that_answer_differently_are_not_timed():
    torch.manual_seed(0)
    model = create(CLASSIFIER, "none", device="cpu")
    model([IMAGE])
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.mul_(1.5)
    with pytest.raises(ModelError, match="expected the same"):
        contestants(model, IMAGE)


def test_the_picture_is_a_scene_or_what_the_user_gives(tmp_path):
    assert picture_of(None).shape == (480, 640, 3)
    with pytest.raises(InputError):
        picture_of(tmp_path / "missing.jpg")
