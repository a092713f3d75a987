"""The watch on gradients: silent while all is well, and in words when it is not."""

import math

from deep_perception.training.gradients import GradientWatch


def seen(norms, clip=5.0):
    watch = GradientWatch()
    for norm in norms:
        watch.see(norm, clip)
    return watch.findings()


def test_ordinary_gradients_are_passed_over_in_silence():
    assert seen([1.0, 2.0, 0.5, 4.0] * 20) == ()
    assert seen([]) == ()
    assert seen([1e-9, 1e9]) == (), "two steps say nothing"


def test_gradients_that_vanish_are_named():
    [said] = seen([1e-9] * 50)
    assert said.startswith("gradients vanish, their usual length is 1.0e-09")


def test_gradients_that_explode_are_named_with_what_to_do():
    [said] = seen([1.0] * 49 + [500.0], clip=0.0)
    assert said == "gradients explode now and then, up to 500 where 1 is usual: set clip, or take a lower learning rate"
    [said] = seen([1.0] * 49 + [500.0], clip=5.0)
    assert said.endswith("they are cut")


def test_gradients_that_are_mostly_cut_are_named():
    [said] = seen([20.0] * 60 + [1.0] * 40)
    assert said.startswith("60% of the gradients are cut, their usual length is 20")


def test_gradients_that_are_no_numbers_are_counted():
    [said] = seen([1.0] * 50 + [math.nan, math.inf])
    assert said.startswith("2 of 52 gradients were no numbers")


def test_only_recent_steps_count():
    assert seen([1e-9] * 500 + [1.0] * 1000) == ()
