"""Times that mean something on a noisy machine: contestants take turns, pairs are compared, medians are told."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deep_perception.evaluation.contestants import OURS, fair

THROUGH_ROS = "camera to result"

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
WARM_UPS = 5
SETTLE_S = 0.003
"""Worker threads of the one who was just called spin for a moment before they sleep."""

MOST_ADDED_MS = 8.0
MOST_AGE_IN_MODEL_TIMES = 1.5
MOST_IDLE_PERCENT = 2.0


@dataclass(frozen=True)
class Figure:
    """One line of the table; a target is the largest value that meets it, `least` the smallest."""

    name: str
    value: float
    unit: str
    target: float | None = None
    note: str = ""
    least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.least is not None:
            return self.value >= self.least
        return None if self.target is None else self.value <= self.target


def take_turns(
    contestants: Mapping[str, Callable[[], Any]], rounds: int, warm_ups: int = WARM_UPS
) -> dict[str, list[float]]:
    """Call all of them once a round, each round in a new order; return the seconds of every call, round by round."""
    for call in contestants.values():
        for _ in range(warm_ups):
            call()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    order = random.Random(0)
    for _ in range(rounds):
        for name in order.sample(list(contestants), len(contestants)):
            time.sleep(SETTLE_S)
            start = time.perf_counter()
            contestants[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def spread_ms(seconds: ArrayLike) -> dict[str, float]:
    """Sum up as count, mean, least, most and percentiles, in milliseconds."""
    values = np.asarray(seconds) * 1e3
    high = {f"p{q}": float(value) for q, value in zip(PERCENTILES, np.percentile(values, PERCENTILES), strict=True)}
    return {
        "count": len(values),
        "mean": float(values.mean()),
        "min": float(values.min()),
        **high,
        "max": float(values.max()),
    }


def growth_ms(when_s: ArrayLike, ages_s: ArrayLike) -> tuple[float, float]:
    """Return how much the median age of the last third exceeds that of the first, and the slope per minute."""
    when, ages = np.asarray(when_s), np.asarray(ages_s) * 1e3
    third = (when[-1] - when[0]) / 3
    first, last = ages[when <= when[0] + third], ages[when >= when[-1] - third]
    slope = np.polyfit(when - when[0], ages, 1)[0] if len(when) > 1 else 0.0
    return float(np.median(last) - np.median(first)), float(slope * 60)


def summary(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Sum up what was measured of one model: spreads, and the comparisons of pairs."""
    seconds = {name: np.asarray(values) for name, values in measured["seconds"].items()}
    rival = fair(seconds)
    result: dict[str, Any] = {
        "times_ms": {name: spread_ms(values) for name, values in seconds.items()},
        "compared_with": rival,
        "ratio": {f"p{q}": float(np.percentile(seconds[OURS] / seconds[rival], q)) for q in PERCENTILES},
    }
    if THROUGH_ROS in seconds:
        result["added_by_ros_ms"] = spread_ms(seconds[THROUGH_ROS] - seconds[OURS])
    if "overload" in measured:
        result["overload"] = _overload(measured["overload"])
    if "idle" in measured:
        result["idle"] = measured["idle"]
    return result


def figures(summed: Mapping[str, Any]) -> list[Figure]:
    """Return the lines of the table for one model."""
    times, ratio = summed["times_ms"], summed["ratio"]
    lines = [Figure(name, times[name]["p50"], "ms", note=f"p95 {times[name]['p95']:.1f}") for name in times]
    note = f"paired; half of the rounds {ratio['p25']:.2f} to {ratio['p75']:.2f}"
    lines.append(Figure(f"{OURS} / {summed['compared_with']}", ratio["p50"], "x", 1.0, note))
    if added := summed.get("added_by_ros_ms"):
        note = f"paired; half of the rounds {added['p25']:.1f} to {added['p75']:.1f}"
        lines.append(Figure(f"{THROUGH_ROS} - {OURS}", added["p50"], "ms", MOST_ADDED_MS, note))
    if "overload" in summed:
        lines += _overload_figures(summed["overload"], times[OURS]["p50"])
    if idle := summed.get("idle"):
        note = f"{idle['memory_mb']:.0f} MB resident"
        lines.append(Figure("idle node, share of a core", idle["cpu_percent"], "%", MOST_IDLE_PERCENT, note))
    return lines


def _overload(raw: Mapping[str, Any]) -> dict[str, Any]:
    grown, slope = growth_ms(raw["received_s"], raw["ages_s"])
    series = ("received_s", "ages_s")
    return {
        **{name: value for name, value in raw.items() if name not in series},
        "answered": len(raw["ages_s"]),
        "age_ms": spread_ms(raw["ages_s"]),
        "between_results_ms": spread_ms(np.diff(raw["received_s"])),
        "growth_ms": grown,
        "slope_ms_per_minute": slope,
    }


def _overload_figures(overload: Mapping[str, Any], alone_ms: float) -> list[Figure]:
    period, age, busy_ms = overload["period_ms"], overload["age_ms"], overload["between_results_ms"]["p50"]
    counts = f"{overload['published']} pictures, {overload['answered']} answered"
    rule = f"{MOST_AGE_IN_MODEL_TIMES:g} x {{:.1f}} + {period:.1f}"
    name = "age p95 in overload, against the model"
    limits = {"in overload": busy_ms, "alone": alone_ms}
    return [
        Figure("between results in overload", busy_ms, "ms", note=f"a picture each {period:.1f} ms: {counts}"),
        Figure("age p50 in overload", age["p50"], "ms"),
        *(
            Figure(f"{name} {where}", age["p95"], "ms", MOST_AGE_IN_MODEL_TIMES * ms + period, rule.format(ms))
            for where, ms in limits.items()
        ),
        Figure(
            f"age grows in {overload['seconds']:g} s of overload",
            overload["growth_ms"],
            "ms",
            period,
            f"slope {overload['slope_ms_per_minute']:+.1f} ms a minute; one frame period is noise",
        ),
    ]
