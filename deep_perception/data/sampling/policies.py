"""What wants a picture kept: each a function of what it is given, which returns a reason or None."""

import math
from collections.abc import Sequence

from deep_perception.data.dataset import BACKGROUND
from deep_perception.data.sampling.findings import Finding
from deep_perception.data.sampling.look import Reason
from deep_perception.data.sampling.rarity import Kept

Position = tuple[float, float, float]


def after_seconds(elapsed_s: float | None, every_s: float) -> Reason | None:
    """Want a picture every so many seconds; `elapsed_s` is since the last kept one, None where there was none."""
    if every_s == 0:
        return None
    if elapsed_s is None:
        return Reason("time", "the first picture")
    return Reason("time", f"{elapsed_s:.3g} s after the last") if elapsed_s >= every_s else None


def after_metres(position: Position | None, last: Position | None, every_m: float) -> Reason | None:
    """Want a picture every so many metres from where the last one was kept."""
    if every_m == 0 or position is None or not all(map(math.isfinite, position)):
        return None
    if last is None:
        return Reason("distance", "the first place")
    metres = math.dist(position, last)
    return Reason("distance", f"{metres:.3g} m from the last") if metres >= every_m else None


def uncertain(found: Sequence[Finding], low: float, high: float) -> Reason | None:
    """Want a picture in which a score lies in the band: uncertainty sampling (Lewis & Gale 1994)."""
    unsure = [one for one in found if low <= one.score <= high and one.name != BACKGROUND]
    if high == 0 or not unsure:
        return None
    least = min(unsure, key=lambda one: abs(one.score - (low + high) / 2))
    return Reason("uncertain", f"score {least.score:.2f} of {least.name} is in {low:.3g}..{high:.3g}")


def flickered(before: Sequence[Finding], middle: Sequence[Finding], after: Sequence[Finding]) -> Reason | None:
    """Want the middle of three pictures, if a thing of the first and last is missing in it."""
    gone = [one for one in before if one.is_in(tuple(after)) and not one.is_in(tuple(middle))]
    if not gone:
        return None
    surest = max(gone, key=lambda one: one.score)
    return Reason("flicker", f"{surest.name} (score {surest.score:.2f}) was gone for one picture")


def disagreeing(
    one: Sequence[Finding], other: Sequence[Finding], known: Sequence[str], other_known: Sequence[str], sure: float
) -> Reason | None:
    """Want a picture in which a model is sure of something that another, which knows the class, does not find there.

    Query by committee, of two members (Seung, Opper & Sompolinsky 1992).
    """
    both = set(known) & set(other_known) - {BACKGROUND}
    if sure == 0:
        return None
    for name, said, denied in (("the model", one, other), ("the second model", other, one)):
        lone = [
            thing for thing in said if thing.score >= sure and thing.name in both and not thing.is_in(tuple(denied))
        ]
        if lone:
            surest = max(lone, key=lambda thing: thing.score)
            return Reason("disagreement", f"only {name} finds {surest.name} (score {surest.score:.2f})")
    return None


def rare(name: str | None, kept: Kept, share: float) -> Reason | None:
    """Want a picture that shows a class which less than this share of all kept ones show."""
    if share == 0 or name is None or kept.share(name) >= share:
        return None
    return Reason("rare", f"{name} is in {kept.shown[name]} of {kept.pictures} kept")
