"""Charts show each value at its place, and nothing between values that are not known."""

import re

import pytest

from deep_perception.evaluation.bags.charts import Axis, Bars, Line, around, chart, from_zero, number

ACROSS, UP = Axis("seconds", 0, 10), Axis("share", 0, 1)


def paths(html):
    return re.findall(r'd="([^"]*)"', html)[1:]  # the first is the grid


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 0.0003), (-0.00025, 0), (3, 97), (0, 1e6), (22.6, 31)])
@pytest.mark.parametrize("most", [2, 5])
def test_ticks_are_round_and_inside(low, high, most):
    ticks = Axis("", low, high).ticks(most)
    assert 2 <= len(ticks) <= most + 1
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    assert len({number(tick, ticks) for tick in ticks}) == len(ticks), "no two read the same"


def test_counts_have_whole_ticks():
    assert from_zero("", [0, 1], counts=True).ticks(5) == [0, 1]
    assert from_zero("", [5], counts=True).ticks(2) == [0, 5]


@pytest.mark.parametrize("values", [[], [None], [0.0], [-1.0, None], [4.0, 2.5]])
def test_an_axis_from_zero_holds_all_values(values):
    axis = from_zero("", values)
    assert axis.low <= 0 < axis.high - axis.low
    assert all(0 <= axis.place(value) <= 1 for value in values if value is not None)


def test_an_axis_around_values_need_not_hold_zero():
    axis = around("", [27.2, None, 31.5])
    assert (axis.low, axis.high) == (27, 32)


def test_a_value_is_at_its_place():
    assert paths(chart(ACROSS, UP, [Line("", [0, 5, 10], [0, 0.5, 1])], height=100)) == ["M0 1000L500 500L1000 0"]


def test_a_gap_is_left_where_nothing_is_known():
    [line, alone] = paths(chart(ACROSS, UP, [Line("", [0, 1, 2, 3, 4], [1, 1, None, 1, None])], height=100))
    assert (line, alone) == ("M0 0L100 0", "M300 0h0")


def test_amounts_stand_on_each_other():
    bars = Bars([0, 1], 1, [("red", [1, 0]), ("blue", [1, 2])])
    red, blue = paths(chart(ACROSS, Axis("", 0, 2), [bars], height=100))
    assert red == "M0 1000V500h99V1000z" and blue == "M0 500V0h99V500zM100 1000V0h99V1000z"
