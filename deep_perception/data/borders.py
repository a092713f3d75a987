"""Pictures that are too near to one of another part to be in any."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence

from deep_perception.data.grouping import NANO, Seen

FIXED = 0
"""Rank of what stays where it is, whatever is near."""


def too_near(pictures: Sequence[Seen], parts: Sequence[str], ranks: Sequence[int], gap_s: float) -> set[int]:
    """Return the places of pictures to leave out; of two that are too near to each other the one of higher rank."""
    out = set(_near_in_time(pictures, parts, ranks, round(gap_s * NANO)))
    views: dict[tuple[tuple[bool, str], str], list[int]] = defaultdict(list)
    for at, one in enumerate(pictures):
        if at not in out:
            views[one.timeline, one.record.camera].append(at)
    for view in views.values():
        out.update(_alike(pictures, parts, ranks, view))
    return out


def _near_in_time(pictures: Sequence[Seen], parts: Sequence[str], ranks: Sequence[int], gap: int) -> Iterator[int]:
    """Yield what is within the gap of a picture of the same recording, but another part, that stays."""
    staying: dict[tuple[bool, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for rank in sorted(set(ranks)):
        stays = []
        for at in (at for at, own in enumerate(ranks) if own == rank and pictures[at].timeline[0]):
            others = (times for part, times in staying[pictures[at].timeline].items() if part != parts[at])
            if any(_has_within(times, pictures[at].moment, gap) for times in others):
                yield at
            else:
                stays.append(at)
        for at in stays:
            insort(staying[pictures[at].timeline][parts[at]], pictures[at].moment)


def _has_within(times: Sequence[int], moment: int, gap: int) -> bool:
    at = bisect_left(times, moment - gap)
    return at < len(times) and times[at] <= moment + gap


def _alike(pictures: Sequence[Seen], parts: Sequence[str], ranks: Sequence[int], view: Sequence[int]) -> Iterator[int]:
    """Yield what shows the same as its neighbour of another part, and as the one behind it when that is gone."""
    staying: list[int] = []
    for at in view:
        while staying and _meet(pictures, parts, staying[-1], at) and ranks[staying[-1]] > ranks[at]:
            yield staying.pop()
        if staying and _meet(pictures, parts, staying[-1], at) and ranks[at] != FIXED:
            yield at
        else:
            staying.append(at)


def _meet(pictures: Sequence[Seen], parts: Sequence[str], one: int, other: int) -> bool:
    return parts[one] != parts[other] and pictures[one].like(pictures[other])
