"""What was kept so far, of all cameras together, and what that leaves room for."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from deep_perception.data.sampling.budgets import Spending, over_budget
from deep_perception.data.sampling.findings import findings
from deep_perception.data.sampling.likeness import Latest, cells, near_duplicate
from deep_perception.data.sampling.look import Look, Reason, Room, Verdict
from deep_perception.data.sampling.novelty import Novelty
from deep_perception.data.sampling.quality import badly_exposed, blurred, small
from deep_perception.data.sampling.rarity import Kept
from deep_perception.data.sampling.settings import SamplingConfig
from deep_perception.predictions import Image


@dataclass
class Tally:
    """How many looks there were, and how many were kept and refused for which kind of reason."""

    seen: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


class Collection:
    """What the looks of all cameras are held against; `config` may be replaced between two of them."""

    def __init__(self, config: SamplingConfig, novelty: Novelty | None = None, saved_ns: Iterable[int] = ()) -> None:
        """`saved_ns`: when pictures were kept before this start, by the clock of `now_ns`."""
        self.config = config
        self.novelty = novelty
        self.tally = Tally()
        self.kept = Kept()
        self._spending = Spending(saved_ns)
        self._latest = Latest()

    def remember(self, image: Image) -> None:
        """Know a picture that is in the data set already."""
        self._latest.add(cells(small(image)), self.config.compared_with)
        if self.novelty is not None:
            self.novelty.remember(image)

    def count(self, names: Iterable[str]) -> None:
        """Count the classes of a picture that is in the data set already."""
        self.kept.add(names)

    def flaws(self, look: Look, first: Reason | None = None) -> Iterator[Reason | None]:
        """Look for what refuses it, one after the other."""
        yield first
        picture = small(look.image)
        yield badly_exposed(picture, self.config.most_clipped)
        yield blurred(picture, self.config.most_blur)
        yield near_duplicate(self._latest.change(cells(picture)), self.config.least_change)

    def judged(
        self, look: Look, reasons: tuple[Reason, ...], flaws: Iterator[Reason | None], now_ns: int, room: Room
    ) -> Verdict:
        """Keep a look that something wants, unless a flaw or a budget refuses it."""
        self._spending.tick(now_ns)
        if not reasons:
            return Verdict(look)
        rarest = self.kept.rarest(shown(look))
        priority = max(self.kept.rarity(rarest) if rarest else 0.0, *(reason.weight for reason in reasons))
        refusal = next((flaw for flaw in flaws if flaw is not None), None)
        refusal = refusal or over_budget(look, self._spending, room, self.config, priority)
        if refusal is None:
            self._keep(look, reasons)
        else:
            self.tally.refused[refusal.kind] += 1
        return Verdict(look, reasons, refusal, priority)

    def _keep(self, look: Look, reasons: tuple[Reason, ...]) -> None:
        self.tally.kept.update(reason.kind for reason in reasons)
        self._spending.add()
        self.count(shown(look))
        self.remember(look.image)


def shown(look: Look) -> set[str]:
    """Return the classes that are in a picture, as the model and people say."""
    return {*(one.name for one in findings(look.prediction, look.names)), *look.taught}
