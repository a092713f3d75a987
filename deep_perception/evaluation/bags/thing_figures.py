"""What is told of boxes, masks and proposals: COCO's figures, curves, the best thresholds and what is confused."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deep_perception.evaluation.average_precision import RECALLS, Ranked, Ranking
from deep_perception.evaluation.bags.figures import Figures, Score, confused, of_class
from deep_perception.evaluation.bags.thing_counts import SIZES, ThingCounts, thing_counts
from deep_perception.evaluation.coco_matching import NEITHER, RIGHT, Verdicts
from deep_perception.evaluation.tally import Floats, mean
from deep_perception.evaluation.thing_scores import BoxTally, MaskTally, ProposalTally

AT_50, AT_75 = 0, 5
"""Places among the overlaps."""


class BoxFigures(Figures):
    """Boxes, whose scores say how sure they are."""

    judge = BoxTally
    tally: BoxTally

    @staticmethod
    def unit(evidence: Mapping[str, Any]) -> ThingCounts:
        """Match findings with the truth."""
        return thing_counts(evidence)

    def _counted(self, unit: ThingCounts) -> Any:
        return unit.verdicts

    def figures(self) -> dict[str, float]:
        """Return average precision, by overlap and by size, and average recall."""
        name, areas = self.tally.unit, self._areas
        told = {name: mean(mean(areas)), f"{name}50": mean(areas[:, AT_50]), f"{name}75": mean(areas[:, AT_75])}
        for place, size in list(enumerate(SIZES))[1:]:
            ranking = Ranking([unit.by_size[place] for unit in self.units], len(self.names))
            told[f"{name} {size}"] = mean(mean(ranking.average_precision(self._once)[0]))
        told[f"{name.replace('AP', 'AR')}100"] = mean(mean(self.tally.ranking().recall()))
        return {name: float(value) for name, value in told.items()}

    def classes(self) -> list[dict[str, Any]]:
        """Return average precision of each class, and the threshold where its F1 is highest."""
        name = self.tally.unit
        pictures = np.zeros(len(self.names), np.int64)
        for unit in self.units:
            pictures[np.unique(unit.verdicts.asked)] += 1
        return [
            of_class(
                self.names[label],
                int(pictures[label]),
                int(ranked.asked.sum()),
                {name: float(mean(self._areas[label])), f"{name}50": float(self._areas[label, AT_50])},
                **_best(ranked.scores, ranked.scores[ranked.near], ranked.right[:, AT_50], ranked.asked.sum()),
            )
            for label, ranked in self._ranked()
        ]

    def curves(self) -> list[dict[str, Any]]:
        """Return precision over recall at an overlap of 0.50, with the score from which on that is so."""
        return [{"name": self.names[label], **_curve(ranked)} for label, ranked in self._ranked()]

    def confusion(self) -> dict[str, Any]:
        """Return what is taken for what by whom the common threshold keeps: the surest first, whatever the class."""
        nothing = len(self.names)
        counts = np.zeros((nothing + 1, nothing + 1), np.int64)
        for unit in self.units:
            found, (places, classes) = unit.verdicts, unit.met
            sure = found.scores >= self.threshold
            kept = sure[places]
            places, classes = places[kept], classes[kept]
            known = classes >= 0
            np.add.at(counts, (classes[known], found.labels[places[known]]), 1)
            sure[places] = False
            np.add.at(counts[nothing], found.labels[sure], 1)
            np.add.at(counts[:, nothing], found.asked, 1)
            np.subtract.at(counts[:, nothing], classes[known], 1)
        return confused(counts, self.names, made_up=True)

    def score(self, unit: ThingCounts) -> Score:
        """Return F1 at the common threshold, 1 where there is nothing and nothing was found."""
        said = unit.verdicts
        sure = said.scores >= self.threshold
        of_near = said.right[sure[said.near], AT_50]
        found = int((of_near == RIGHT).sum())
        wrong, missed = int(sure.sum() - (of_near != 0).sum()), len(said.asked) - found
        value = 2 * found / (2 * found + wrong + missed) if found + wrong + missed else 1.0
        return Score(value, found, missed, wrong, f"{missed} missed, {wrong} wrong")

    @cached_property
    def threshold(self) -> float:
        """The score that gives the highest F1 if it is the threshold of every class."""
        said = [unit.verdicts for unit in self.units]
        scores, near, right = (
            np.concatenate(each)
            for each in zip(*((one.scores, one.scores[one.near], one.right[:, AT_50]) for one in said), strict=True)
        )
        best = _best(scores, near, right, sum(len(one.asked) for one in said))["threshold"]
        return 1.0 if best is None else best

    @cached_property
    def _areas(self) -> Floats:
        """Average precision (classes, overlaps)."""
        return np.asarray(self.tally.ranking().average_precision(self._once)[0])

    @property
    def _once(self) -> Floats:
        return np.ones((1, len(self.units)))

    def _ranked(self) -> Iterator[tuple[int, Ranked]]:
        """Go through the classes that are there."""
        for label, ranked in enumerate(self.tally.ranking().classes):
            if ranked.asked.any():
                yield label, ranked


class MaskFigures(BoxFigures):
    """Masks; the average precision of their boxes beside it."""

    judge = MaskTally

    def _counted(self, unit: ThingCounts) -> Any:
        return unit.by_boxes, unit.verdicts

    def figures(self) -> dict[str, float]:
        """Return what is told of masks."""
        boxes = Ranking([unit.by_boxes for unit in self.units if unit.by_boxes], len(self.names))
        return {**super().figures(), "box AP": float(mean(mean(boxes.average_precision(self._once)[0])))}


class ProposalFigures(Figures):
    """Boxes of whatever there is."""

    judge = ProposalTally

    @staticmethod
    def unit(evidence: Mapping[str, Any]) -> ThingCounts:
        """Match findings with the truth, regardless of names."""
        return thing_counts(evidence, named=False)

    def _counted(self, unit: ThingCounts) -> Verdicts:
        return unit.verdicts

    def figures(self) -> dict[str, float]:
        """Return average recall, by overlap and by size."""
        name = self.tally.unit
        by_size = [Ranking([unit.by_size[place] for unit in self.units], 1).recall() for place in range(len(SIZES))]
        told = {name: mean(by_size[0])[0], f"{name}50": by_size[0][0, AT_50], f"{name}75": by_size[0][0, AT_75]}
        told |= {f"{name} {size}": mean(recall)[0] for size, recall in list(zip(SIZES, by_size, strict=True))[1:]}
        return {name: float(value) for name, value in told.items()}

    def score(self, unit: ThingCounts) -> Score:
        """Return the share of things that were found, 1 where there are none."""
        asked, found = len(unit.verdicts.asked), int((unit.verdicts.right[:, AT_50] == RIGHT).sum())
        return Score(found / asked if asked else 1.0, found, asked - found, None, f"{asked - found} missed")


def _best(scores: Any, near: Any, right: NDArray[np.int8], true: float) -> dict[str, Any]:
    """Return the threshold with the highest F1, and what is right, said and true at it; `right` judges those `near`."""
    hits, skipped = (np.sort(near[right == verdict]) for verdict in (RIGHT, NEITHER))
    if not len(hits):
        return {"threshold": None, "right": 0, "said": 0, "true": float(true)}
    found = _at_least(hits, hits)
    said = _at_least(np.sort(scores), hits) - _at_least(skipped, hits)
    best = np.argmax(2 * found / (said + true))
    return {"threshold": float(hits[best]), "right": int(found[best]), "said": int(said[best]), "true": float(true)}


def _at_least(rising: Any, thresholds: Any) -> NDArray[np.int64]:
    """Count how many reach each threshold."""
    return np.asarray(len(rising) - np.searchsorted(rising, thresholds))


def _curve(ranked: Ranked) -> dict[str, Any]:
    """Read the curve at COCO's 101 recalls: of precisions the highest from there on, 0 where no score gets so far."""
    hits, skipped = (ranked.near[ranked.right[:, AT_50] == verdict] for verdict in (RIGHT, NEITHER))
    found = np.arange(1, len(hits) + 1)
    precision = found / (hits + 1 - np.searchsorted(skipped, hits))
    highest = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0)
    place = np.searchsorted(found / ranked.asked.sum(), RECALLS)
    scores = [*ranked.scores[hits].tolist(), None]
    return {"recall": RECALLS.tolist(), "precision": highest[place].tolist(), "score": [scores[one] for one in place]}
