"""The top of a report: the one figure, what was judged by what, and the rest at a glance."""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from deep_perception.page import tiles

TASKS = {"instance_segmentation": "instance segmentation", "semantic_segmentation": "semantic segmentation"}
TASKS["super_resolution"] = "super-resolution"

REST = {
    "without_truth": "without truth",
    "damaged": "damaged",
    "unanswered": "not answered",
    "repeated": "with a stamp that was there before",
}
"""Pictures that are not scored, and why."""


def head(result: Mapping[str, Any], verdict: str) -> str:
    """Say in a sentence what came out; `verdict` is HTML about another evaluation."""
    title = escape(f"{_outcome(result)} on {extent(result)}")
    points = "".join(f"<li>{escape(words)}</li>" for words in _troubles(result))
    troubles = f"<ul class=bad>{points}</ul>\n" if points else ""
    return (
        f'<span class="verdict soft">{escape(said_task(result["task"]))}</span>\n<h1>{title}</h1>\n'
        f"{verdict}<p>{_what_was_done(result)}</p>\n{troubles}{tiles(list(_tiles(result)))}"
    )


def title(result: Mapping[str, Any]) -> str:
    """Return what the window is called."""
    return f"{subject(result['subject'])}: {_outcome(result)}"


def subject(said: Mapping[str, Any]) -> str:
    """Name what was judged."""
    if said["kind"] == "topic":
        return str(said["topic"])
    return f"{said['model']} with {short(said['weights'])}" if said.get("weights") else str(said["model"])


def extent(result: Mapping[str, Any]) -> str:
    """Say how many pictures of how many bags count."""
    frames = result["frames"]
    pictures = frames["scored"] if result["headline"] else frames["read"] - frames["damaged"]
    return f"{counted(pictures, 'picture')} of {counted(len(result['inputs']), 'bag')}"


def said_task(task: str) -> str:
    """Write a task as people do."""
    return TASKS.get(task, task)


def counted(number: int, what: str) -> str:
    """Write how many there are."""
    return f"{whole(number)} {what}{'' if number == 1 else 's'}"


def figure(value: float | None) -> str:
    """Write a figure with three digits that matter."""
    if value is None:
        return ""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def whole(number: int) -> str:
    """Write a count, its thousands apart."""
    return f"{number:,}".replace(",", "\u202f")


def short(named: str) -> str:
    """Return the name of a file without its folders; topics are no files."""
    return Path(named).name if Path(named).suffix else named


def _outcome(result: Mapping[str, Any]) -> str:
    if (found := result["headline"]) is None:
        rate = result["speed"]["frames_per_second"]
        return f"{rate:.3g} pictures a second" if rate else "Nothing to judge by"
    name, value, low, high = (found[key] for key in ("name", "value", "low", "high"))
    if value is None:
        return f"{name}: nothing to judge by"
    span = f" ({figure(low)}\u00a0…\u00a0{figure(high)})" if low is not None else ""
    unit, _, of = name.partition(" ")
    called = name[:1].upper() + name[1:] if unit.islower() else name  # but mIoU
    return f"{of} {figure(value)} {unit}{span}" if unit == "dB" else f"{called} {figure(value)}{span}"


def _what_was_done(result: Mapping[str, Any]) -> str:
    said, truth, found = result["subject"], result["truth"], result["headline"]
    what = f"What was published on {_code(said['topic'])}" if said["kind"] == "topic" else f"{_code(said['model'])}"
    if said.get("weights"):
        what += f" with weights {_code(short(said['weights']))}"
    if said.get("device"):
        what += f" on {_code(said['device'])}"
    if truth is None:
        return f"{what}. Without truth nothing is said of what is right, only of speed and steadiness."
    judged = f"{what}, judged by {_code(short(truth['said']))}."
    if found is None or found["low"] is None:
        return judged
    better = " Lower is better." if found["lower_is_better"] else ""
    return f"{judged}{better} In brackets: where 95 of 100 draws of as many of these pictures lie."


def _troubles(result: Mapping[str, Any]) -> Iterator[str]:
    if not result["made"].get("finished", True):
        yield "not finished: this is about the pictures that were done when it was stopped"
    for bag in result["inputs"]:
        if bag["damage"]:
            yield f"{bag['bag']}: {bag['damage']}"
    if result["truth"] and result["truth"]["unused"]:
        yield f"{counted(result['truth']['unused'], 'truth')} of pictures that are not in the bags"


def _tiles(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    frames, live, found = result["frames"], result["live"], result["headline"]
    if found:
        yield from ((figure(value), name) for name, value in list(result["figures"].items())[:2] if value is not None)
    if result["truth"]:
        yield whole(frames["scored"]), f"of {counted(frames['read'], 'picture')} scored"
    else:
        yield whole(frames["read"]), "pictures read"
    for name, words in REST.items():
        if frames[name] and (result["truth"] or name != "without_truth"):
            yield whole(frames[name]), words
    if live and live["age_ms"]["p50"] is not None:
        yield f"{round(live['age_ms']['p50'])} ms", "age of half of the answers, at most"
    elif rate := result["speed"]["frames_per_second"]:
        yield f"{rate:.3g}", "pictures a second"


def _code(value: object) -> str:
    return f"<code>{escape(str(value))}</code>"
