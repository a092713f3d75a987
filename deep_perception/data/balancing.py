"""Groups of pictures shared out so that each part gets its share of every class.

After "On the stratification of multi-label data" (Sechidis et al. 2011): the rarest class first, each group to the part
that lacks most of it; here of groups in place of single pictures, and no part goes without a class that there is enough
of.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

EACH = ""
"""A class that every picture has: by it the sizes are balanced."""

Names = Counter[str]
"""In how many pictures of a group each class is."""


def share_out(groups: Sequence[Names], shares: Sequence[float], seed: int, given: Sequence[Names]) -> list[int]:
    """Return the place of the part of each group; the first part has to know every class. `given`: what parts hold."""
    random = np.random.default_rng(seed)
    parts = _Parts(groups, shares, given)
    order = [int(at) for at in random.permutation(len(groups))]
    order.sort(key=lambda at: -groups[at][EACH])  # the large ones while there is room for them
    holders: dict[str, list[int]] = defaultdict(list)
    for at in order:
        for name in groups[at]:
            holders[name].append(at)
    waiting = {name: len(places) for name, places in holders.items()}
    chosen: dict[int, int] = {}
    while waiting:
        name = min(waiting, key=lambda one: (waiting[one], one == EACH, one))
        for at in holders[name]:
            if at not in chosen:
                chosen[at] = parts.take(groups[at], name)
                waiting.update({other: waiting[other] - 1 for other in groups[at]})
        del waiting[name]
    return [chosen[at] for at in range(len(groups))]


class _Parts:
    """How much of each class each part holds and still lacks."""

    def __init__(self, groups: Sequence[Names], shares: Sequence[float], given: Sequence[Names]) -> None:
        self._held = [Counter(names) for names in given]
        self._shares = [share / sum(shares) for share in shares]
        self._total: Names = Counter()
        for one in (*groups, *given):
            self._total.update(one)
        self._holders = Counter(name for one in (*groups, *given) for name in one)

    def take(self, group: Names, name: str) -> int:
        """Give a group to the part that should have it for the sake of this class."""
        part = self._neediest(name)
        self._held[part].update(group)
        return part

    def _neediest(self, name: str) -> int:
        used = [part for part, share in enumerate(self._shares) if share > 0]
        without = [part for part in used if not self._held[part][name]]
        if without and without[0] == used[0]:
            return used[0]
        enough = self._holders[name] >= len(used)
        return max(without if enough and without else used, key=lambda part: (self._lack(part, name), -part))

    def _lack(self, part: int, name: str) -> tuple[float, float]:
        lacks = [self._shares[part] * self._total[one] - self._held[part][one] for one in (name, EACH)]
        return lacks[0], lacks[1]
