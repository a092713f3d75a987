"""How often each class was kept, and so which comes first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from deep_perception.data.dataset import BACKGROUND


@dataclass
class Kept:
    """In how many of the kept pictures each class is."""

    pictures: int = 0
    shown: Counter[str] = field(default_factory=Counter)

    def add(self, names: Iterable[str]) -> None:
        """Count a picture that shows these."""
        self.pictures += 1
        self.shown.update(set(names) - {BACKGROUND})

    def rarest(self, names: Iterable[str]) -> str | None:
        """Return which of these classes was kept least, of equals the first by name; None: there is none."""
        return min(sorted(set(names) - {BACKGROUND}), key=lambda name: self.shown[name], default=None)

    def share(self, name: str) -> float:
        """Return the share of the kept pictures that show this; 0 where nothing was kept."""
        return self.shown[name] / max(1, self.pictures)

    def rarity(self, name: str) -> float:
        """Return 1 for a class that is in no kept picture, 0 for the one that is in most."""
        return 1 - self.shown[name] / max(1, *self.shown.values()) if self.shown else 0.0
