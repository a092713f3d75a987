"""Is the new model better than the old one, or only luckier with these pictures? A paired bootstrap over pictures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from deep_perception.evaluation.tally import Counted, Floats, Tally

BETTER, NOT_BETTER, WORSE = "better", "not better", "worse"
SURE = 95
"""Percent of the resamples that lie within an interval, as many below it as above."""
_BETWEEN = (100 - SURE) / 2, (100 + SURE) / 2
LEAST_PICTURES = 10
"""Of fewer pictures a resample holds too few different ones: its interval is too narrow to prove anything."""
AT_ONCE = 50
"""Resamples that are counted together, as memory allows."""


@dataclass(frozen=True)
class Change:
    """What a figure was and is; `difference`, from `low` to `high`, is above 0 where the new model is better."""

    new: float
    old: float
    difference: float
    low: float
    high: float


NOTHING = Change(0, 0, 0, 0, 0)
"""Where the pictures show nothing to compare by."""


@dataclass(frozen=True)
class Proof:
    """The new model compared with the old one, on the same pictures.

    The verdict is better or worse if the whole interval of the difference is on that side of 0 and there are at least
    LEAST_PICTURES; else it is not better.
    """

    unit: str
    new: Mapping[str, float]
    """Figures of the new model."""
    old: Mapping[str, float]
    difference: float
    """By how much the headline is better; below 0 where it is worse, also of a unit that is better when it is low."""
    low: float
    high: float
    verdict: str
    sentence: str
    per_class: Mapping[str, Change]
    """By name, of the classes that the pictures show."""
    pictures: int
    resamples: int
    seed: int

    def lost(self, names: Sequence[str]) -> dict[str, float]:
        """Return by how much each of these classes, where shown, got worse: most first, below 0 where it did not."""
        lost = {name: -self.per_class[name].difference for name in names if name in self.per_class}
        return dict(sorted(lost.items(), key=lambda each: -each[1]))

    def to_json(self) -> dict[str, Any]:
        """Return what a file holds."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Proof":
        """Read what a file holds, and maybe more; raise KeyError or TypeError where it is not a proof."""
        values = {item.name: said[item.name] for item in fields(cls)}
        values["per_class"] = {name: Change(**change) for name, change in values["per_class"].items()}
        return cls(**values)


def prove(new: Tally, old: Tally, *, resamples: int = 1000, seed: int = 0) -> Proof:
    """Compare two models by their tallies of the same pictures, at least one, in the same order."""
    assert type(new) is type(old) and new.names == old.names and len(new.units) == len(old.units) > 0
    pictures = len(new.units)
    headline, *classes = _changes(new, old, resamples, seed)
    verdict = _verdict(headline, pictures)
    return Proof(
        unit=new.unit,
        new=new.figures(),
        old=old.figures(),
        difference=headline.difference,
        low=headline.low,
        high=headline.high,
        verdict=verdict,
        sentence=_sentence(headline, verdict, new.unit, pictures),
        per_class={name: change for name, change in zip(new.names, classes, strict=False) if change is not NOTHING},
        pictures=pictures,
        resamples=resamples,
        seed=seed,
    )


def interval(tally: Tally, *, resamples: int = 300, seed: int = 0) -> tuple[float | None, float | None]:
    """Return between which values the headline lies if other pictures like these had been taken; None of too few."""
    if len(tally.units) < LEAST_PICTURES:
        return None, None
    drawn = np.concatenate([tally.counted(weights).value for weights in _draws(len(tally.units), resamples, seed)])
    known = drawn[np.isfinite(drawn)]
    low, high = np.percentile(known, _BETWEEN) if known.size else (None, None)
    return low, high


def _changes(new: Tally, old: Tally, resamples: int, seed: int) -> Iterator[Change]:
    """Compare the headline, then each class."""
    once = np.ones((1, len(new.units)))
    now, before = (_row(tally.counted(once))[0] for tally in (new, old))
    draws = _draws(len(new.units), resamples, seed)
    drawn = np.concatenate([_row(new.counted(weights)) - _row(old.counted(weights)) for weights in draws])
    for place, differences in enumerate(drawn.T):
        yield _change(now[place], before[place], differences, -1 if new.lower_is_better else 1)


def _change(new: float, old: float, drawn: Floats, sign: int) -> Change:
    """Compare one figure; NaN stands for resamples that do not show what it counts."""
    known = sign * drawn[np.isfinite(drawn)]
    if not math.isfinite(new - old) or not known.size:
        return NOTHING
    low, high = np.percentile(known, _BETWEEN)
    return Change(float(new), float(old), float(sign * (new - old)), float(low), float(high))


def _row(counted: Counted) -> Floats:
    return np.column_stack([counted.value, counted.by_class])


def _draws(pictures: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Draw as many pictures as there are, with repetition, again and again: how often each came (some, pictures)."""
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, AT_ONCE):
        draws = rng.integers(0, pictures, (min(AT_ONCE, resamples - start), pictures))
        yield np.stack([np.bincount(draw, minlength=pictures) for draw in draws]).astype(np.float64)


def _verdict(change: Change, pictures: int) -> str:
    if pictures < LEAST_PICTURES:
        return NOT_BETTER
    if change.low > 0:
        return BETTER
    return WORSE if change.high < 0 else NOT_BETTER


def _sentence(change: Change, verdict: str, unit: str, pictures: int) -> str:
    """Say how much better or worse in as many digits as the interval is worth."""
    if change is NOTHING:
        return f"not better: the {_counted(pictures)} show nothing to judge by"
    sign = -1 if verdict == WORSE else 1
    digits = max(2, -math.floor(math.log10(change.high - change.low))) if change.high > change.low else 2
    low, high = sorted((sign * change.low, sign * change.high))
    value, least, most = (f"{round(each, digits) + 0.0:.{digits}f}" for each in (sign * change.difference, low, high))
    size = f"{value} {unit} ({least} … {most}), {_counted(pictures)}"
    if verdict != NOT_BETTER:
        return f"{verdict} by {size}"
    few = f" are too few to prove anything, at least {LEAST_PICTURES} can" if pictures < LEAST_PICTURES else ""
    return f"not better: {size}{few}"


def _counted(pictures: int) -> str:
    return f"{pictures} picture{'' if pictures == 1 else 's'}"
