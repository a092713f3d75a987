"""Two evaluations of the same pictures side by side: is one better, where, and in which pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deep_perception.errors import InputError
from deep_perception.evaluation.bags.figures import Figures
from deep_perception.evaluation.bags.folder import EvaluationFolder
from deep_perception.evaluation.bags.gathering import is_scored
from deep_perception.evaluation.bags.result import FIGURES, finite
from deep_perception.evaluation.proof import Proof, prove

MOST_SHOWN = 12

Key = tuple[str, str, int | None]
"""What is one picture in both: bag, topic and stamp."""


@dataclass(frozen=True, eq=False)
class Side:
    """One of both evaluations."""

    path: Path
    result: Mapping[str, Any]
    units: Mapping[Key, Any]
    """What was counted in each picture that was scored."""
    numbers: Mapping[Key, int]

    @classmethod
    def read(cls, path: Path) -> "Side":
        """Read a folder; raise InputError if it is none of an evaluation."""
        folder = EvaluationFolder(path)
        result = folder.result()
        kind, units, numbers = FIGURES[result["task"]], {}, {}
        for entry in folder.entries():
            if is_scored(entry) and entry.evidence is not None:
                key = entry.bag, entry.camera, entry.stamp_ns
                units[key], numbers[key] = kind.unit(entry.evidence), entry.number
        return cls(path, result, units, numbers)

    @cached_property
    def truth(self) -> tuple[Any, ...] | None:
        """What the truth is known by: the content of a file, else what was said."""
        said = self.result["truth"]
        return said and (said["kind"], said["sha256"] or said["said"], tuple(self.result["names"]))

    def figures(self, keys: Sequence[Key]) -> Figures:
        """Count these pictures."""
        return FIGURES[self.result["task"]](self.result["names"], [self.units[key] for key in keys])


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Say whether `first` is better than `second`; raise InputError where they were not asked the same."""
    sides = Side.read(first), Side.read(second)
    _check_same(*sides)
    keys = [key for key in sides[0].units if key in sides[1].units]
    if sides[0].truth and not keys:
        bags = " and ".join(", ".join(dict.fromkeys(key[0] for key in side.units)) or "none" for side in sides)
        raise InputError(f"{first} and {second} share no scored picture (their bags: {bags}). Evaluate the same bags")
    both = [side.figures(keys) for side in sides] if keys else []
    told = {
        "first": sides[0].result["subject"],
        "second": sides[1].result["subject"],
        "path": str(second),
        "pictures": len(keys),
        "only_first": len(sides[0].units) - len(keys),
        "only_second": len(sides[1].units) - len(keys),
        **_proven(prove(both[0].tally, both[1].tally) if both else None),
        "figures": _beside(*(one.figures() for one in both)) if both else {},
        "steadiness": _beside(*(side.result["steadiness"]["figures"] for side in sides)),
        "speed": _beside(*(dict(_speed(side.result["speed"])) for side in sides)),
        "differ": _differing(sides, keys, both) if both else [],
    }
    return dict(finite(told))


def _check_same(first: Side, second: Side) -> None:
    tasks = [side.result["task"] for side in (first, second)]
    if tasks[0] != tasks[1]:
        raise InputError(
            f"{first.path} is about {tasks[0]}, {second.path} about {tasks[1]}. Compare one task at a time"
        )
    if first.truth != second.truth:
        said = [repr((side.result["truth"] or {}).get("said", "nothing")) for side in (first, second)]
        raise InputError(
            f"{first.path} was judged by {said[0]}, {second.path} by {said[1]}, or its classes. "
            "Evaluate both with the same --truth"
        )


def _proven(proof: Proof | None) -> dict[str, Any]:
    """Return verdict and headline, and the change of each class; above 0 is better for the first."""
    if proof is None:
        return {"verdict": None, "sentence": "", "headline": None, "classes": []}
    change = {"difference": proof.difference, "low": proof.low, "high": proof.high}
    pair = {"first": proof.new.get(proof.unit), "second": proof.old.get(proof.unit)}
    classes = [
        {"name": name, "first": one.new, "second": one.old}
        | {part: getattr(one, part) for part in ("difference", "low", "high")}
        for name, one in proof.per_class.items()
    ]
    headline = {"name": proof.unit, **pair, **change}
    return {"verdict": proof.verdict, "sentence": proof.sentence, "headline": headline, "classes": classes}


def _beside(first: Mapping[str, float | None], second: Mapping[str, float | None]) -> dict[str, Any]:
    return {name: {"first": first.get(name), "second": second.get(name)} for name in {**first, **second}}


def _speed(said: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    yield "frames_per_second", said["frames_per_second"]
    for stage, times in said["stages"].items():
        yield f"{stage} p50_ms", times["p50_ms"]


def _differing(sides: Sequence[Side], keys: Sequence[Key], both: Sequence[Figures]) -> list[dict[str, Any]]:
    """Return the pictures whose scores differ most."""
    rows = []
    for key, *units in zip(keys, *(one.units for one in both), strict=True):
        scores = [one.score(unit) for one, unit in zip(both, units, strict=True)]
        place = {"bag": key[0], "camera": key[1], "number": sides[0].numbers[key], "stamp_ns": key[2]}
        values = {"first": scores[0].value, "second": scores[1].value}
        if None not in values.values() and values["first"] != values["second"]:
            rows.append({**place, **values, "why": f"{scores[0].why}; the other {scores[1].why}"})
    return sorted(rows, key=lambda row: -abs(row["first"] - row["second"]))[:MOST_SHOWN]
