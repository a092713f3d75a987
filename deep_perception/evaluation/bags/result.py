"""What an evaluation says: result.json, which follows from the lines of all pictures and nothing else.

Everything that is a measurement of time is under "speed" and "made"; the rest is the same from run to run.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from typing import Any

import numpy as np

from deep_perception.evaluation.bags.class_figures import ClassFigures
from deep_perception.evaluation.bags.entry import Entry
from deep_perception.evaluation.bags.figures import Figures, Score
from deep_perception.evaluation.bags.gathering import Gathered
from deep_perception.evaluation.bags.live import in_ms
from deep_perception.evaluation.bags.picture_figures import ColourFigures, SharpnessFigures
from deep_perception.evaluation.bags.pixel_figures import PixelFigures
from deep_perception.evaluation.bags.steadiness import told
from deep_perception.evaluation.bags.thing_figures import BoxFigures, MaskFigures, ProposalFigures
from deep_perception.evaluation.bags.timeline import Seen, timeline
from deep_perception.evaluation.proof import interval
from deep_perception.evaluation.tally import Tally

SCHEMA = 1
WORST = 12

FIGURES: dict[str, type[Figures]] = {
    "classification": ClassFigures,
    "detection": BoxFigures,
    "proposals": ProposalFigures,
    "instance_segmentation": MaskFigures,
    "semantic_segmentation": PixelFigures,
    "colorization": ColourFigures,
    "super_resolution": SharpnessFigures,
}
"""By task."""


def conclude(entries: Iterable[Entry], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole result; `about` holds made, subject, task, names, inputs, truth, window, and maybe orphans."""
    kind = FIGURES[about["task"]]
    gathered = Gathered(entries, kind)
    figures = kind(about["names"], gathered.units) if gathered.units else None
    whole = figures.figures() if figures else {}
    scores = [figures.score(unit) for unit in gathered.units] if figures else []
    is_live = about["subject"]["kind"] == "topic"
    result = {
        "schema": SCHEMA,
        **{name: about[name] for name in ("made", "subject", "task", "names", "inputs", "truth", "window")},
        "frames": gathered.frames,
        "damaged": gathered.damaged,
        "headline": _headline(figures.tally) if figures else None,
        "figures": whole,
        "threshold": getattr(figures, "threshold", None),
        "classes": figures.classes() if figures else [],
        "curves": figures.curves() if figures else [],
        "confusion": figures.confusion() if figures else None,
        "steadiness": told(gathered.steady),
        "by_stream": _by_stream(gathered, kind, about["names"], whole),
        "live": gathered.live.told(about.get("orphans")) if is_live else None,
        "timeline": _timelines(gathered, scores),
        "worst": _worst(gathered, scores, kind.judge.lower_is_better),
        "speed": _speed(gathered, about["made"].get("seconds")),
        "compared": None,
    }
    return dict(finite(result))


def _headline(tally: Tally) -> dict[str, Any]:
    low, high = interval(tally)
    return {
        "name": tally.unit,
        "value": tally.figures().get(tally.unit),
        "low": low,
        "high": high,
        "lower_is_better": tally.lower_is_better,
    }


def _by_stream(
    gathered: Gathered, kind: type[Figures], names: Sequence[str], whole: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Count each stream by itself; one that has all pictures has the figures of the whole."""
    rows = []
    for (bag, camera), place in gathered.streams.items():
        seen = gathered.of_stream(place)
        units = [gathered.units[one.unit] for one in seen if one.unit >= 0]
        alone = whole if len(units) == len(gathered.units) else kind(names, units).figures() if units else {}
        rows.append({"bag": bag, "camera": camera, "frames": len(seen), "figures": alone})
    return rows


def _timelines(gathered: Gathered, scores: Sequence[Score]) -> list[dict[str, Any]]:
    lines = []
    for (bag, camera), place in gathered.streams.items():
        seen = gathered.of_stream(place)
        of_stream = [scores[one.unit] if one.unit >= 0 else None for one in seen]
        lines.append({"bag": bag, "camera": camera, **timeline(seen, of_stream)})
    return lines


def _worst(gathered: Gathered, scores: Sequence[Score], lower_is_better: bool) -> list[dict[str, Any]]:
    """Return the pictures with the worst scores; where none is known, some at even times."""
    streams = list(gathered.streams)
    if not scores:
        shown = [one for one in gathered.seen if not one.trouble]
        places = dict.fromkeys(place * len(shown) // WORST for place in range(WORST)) if shown else ()
        return [_named(streams, shown[place], Score(None)) for place in places]
    known = [(one, scores[one.unit]) for one in gathered.seen if one.unit >= 0 and scores[one.unit].value is not None]
    sign = -1 if lower_is_better else 1
    ranked = sorted(known, key=lambda pair: (sign * (pair[1].value or 0), -_mistakes(pair[1])))
    return list(starmap(lambda seen, score: _named(streams, seen, score), ranked[:WORST]))


def _named(streams: Sequence[tuple[str, str]], seen: Seen, score: Score) -> dict[str, Any]:
    bag, camera = streams[seen.stream]
    place = {"bag": bag, "camera": camera, "number": seen.number, "stamp_ns": seen.stamp_ns}
    return {**place, "score": score.value, "why": score.why}


def _mistakes(score: Score) -> int:
    return (score.missed or 0) + (score.wrong or 0)


def _speed(gathered: Gathered, seconds: float | None) -> dict[str, Any]:
    """Tell the time of each stage, and its share of the time of all; stages may overlap."""
    sums = {stage: sum(each) for stage, each in gathered.seconds.items()}
    whole = sum(sums.values())
    stages = {
        stage: {
            **{f"{name}_ms": value for name, value in in_ms(gathered.seconds[stage], ("p50", "p95")).items()},
            "share": spent / whole if whole else None,
        }
        for stage, spent in sums.items()
    }
    return {"frames_per_second": gathered.frames["read"] / seconds if seconds else None, "stages": stages}


def finite(value: Any) -> Any:
    """Return what JSON can hold: None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(name): finite(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
