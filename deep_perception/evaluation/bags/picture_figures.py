"""What is told of pictures that models make: the mean of what each gets."""

from collections.abc import Mapping
from typing import Any

from deep_perception.evaluation.bags.figures import Figures, Score
from deep_perception.evaluation.picture_scores import ColourTally, SharpnessTally


class PictureFigures(Figures):
    """Figures by name, of each picture."""

    @staticmethod
    def unit(evidence: Mapping[str, Any]) -> dict[str, float]:
        """Keep the figures of one picture."""
        return dict(evidence)

    def _counted(self, unit: dict[str, float]) -> float:
        return unit[self.judge.unit]

    def figures(self) -> dict[str, float]:
        """Return the means, each over the pictures that have the figure."""
        names = dict.fromkeys(name for unit in self.units for name in unit)
        known = {name: [unit[name] for unit in self.units if name in unit] for name in names}
        means = {name: sum(values) / len(values) for name, values in known.items()}
        return {**means, self.tally.unit: self.tally.value}

    def score(self, unit: dict[str, float]) -> Score:
        """Return the headline of one picture."""
        return Score(unit[self.judge.unit], why=f"{unit[self.judge.unit]:.1f} {self.judge.unit}")


class ColourFigures(PictureFigures):
    """How right the colours are, and how colourful."""

    judge = ColourTally


class SharpnessFigures(PictureFigures):
    """How near to the truth pictures are."""

    judge = SharpnessTally
