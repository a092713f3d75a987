"""What came of an evaluation, in a few lines."""

from collections.abc import Iterator, Mapping
from typing import Any

TROUBLES = {
    "without_truth": "without truth",
    "unanswered": "not answered",
    "damaged": "damaged",
    "repeated": "with a stamp that came before",
}


def summary(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines: the figure to judge by, beside another's, how much it stands on, and what was wrong."""
    if headline := result["headline"]:
        span = f" ({headline['low']:.3f} to {headline['high']:.3f})" if headline.get("low") is not None else ""
        yield f"{headline['name']} {headline['value']:.3f}{span}"
    if compared := result["compared"]:
        yield f"compared with {compared['path']}: {compared['sentence']}"
    counts, speed = result["frames"], result["speed"]["frames_per_second"]
    expected = TROUBLES if result["truth"] else {name: TROUBLES[name] for name in TROUBLES if name != "without_truth"}
    troubles = [f"{counts[name]} {words}" for name, words in expected.items() if counts.get(name)]
    pace = f", {speed:.1f} a second" if speed else ""
    yield ", ".join([f"{counts['read']} pictures", f"{counts['scored']} scored", *troubles]) + pace
    for recording in result["inputs"]:
        if recording["damage"]:
            yield f"{recording['bag']}: {recording['damage']}"
    if (truth := result["truth"]) and truth["unused"]:
        yield f"{truth['unused']} truths are of pictures that the recordings do not hold"
