"""What a report says of the course of a recording: a time line of each stream, steadiness, age and speed."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, TypeAlias

from deep_perception.evaluation.bags.charts import (
    Axis,
    Bars,
    Line,
    around,
    chart,
    from_zero,
    hinted,
    key,
    meter,
    shares,
)
from deep_perception.evaluation.bags.page_head import figure, whole
from deep_perception.page import section, table, tiles

MOST_STREAMS = 10
"""So many time lines are drawn; the table holds all streams."""
LEAST_MS = 1.0
"""Ages are shown beside at least this much."""
Kinds: TypeAlias = Mapping[str, tuple[str, str]]
"""What is counted: words and a colour."""
KINDS: Kinds = {
    "found": ("found", "var(--found)"),
    "missed": ("missed", "var(--missed)"),
    "wrong": ("wrong", "var(--wrong)"),
}
RIGHT_OR_WRONG: Kinds = {"found": ("right", "var(--found)"), "wrong": KINDS["wrong"]}
AGES = {"p50": "of half of the answers, at most", "p95": "of 95 %, at most", "max": "of the oldest"}
ANSWERS = {
    "answered": "pictures answered",
    "never_answered": "never answered",
    "duplicates": "answers to what was answered already",
    "out_of_order": "answers out of order",
    "orphans": "answers to pictures that are not in the bag",
}
SCORES = {
    "classification": "confidence in the right class",
    "semantic_segmentation": "mean IoU of a picture",
    "colorization": "CIEDE2000 of a picture (lower is better)",
    "proposals": "share of the things of a picture that are found",
    "super_resolution": "PSNR of a picture (dB)",
}
"""What a picture is scored by, where that is not F1."""
CHANGES = {
    "label changes": "share of the things that are called something else than in the picture before",
    "box change": "how much the box of a thing changes, 1 - IoU; what moves changes too",
    "appeared": "things a picture that were not there in the one before",
    "vanished": "things a picture that are gone in the next one",
    "class changes": "share of the pictures that are called something else than the one before",
    "changed pixels": "share of the pixels with another class than before; what moves changes too",
    "colour change": "mean change of a and b of Lab, followed along the motion",
}
COUNTED = {"classification": "pictures"}
"""What is found, missed and wrong, where that is not things."""
WORDS = {"age_ms": "age (ms)", "trouble": "damaged"}


def timelines(result: Mapping[str, Any]) -> str:
    """Draw each stream from its beginning to its end."""
    shown = result["timeline"][:MOST_STREAMS]
    cards = [_timeline(stream, result["task"]) for stream in shown if len(stream["stamps_s"]) > 1]
    explained = "From the first picture on; a point is the mean, a bar the sum, of the pictures at that time."
    if len(result["timeline"]) > MOST_STREAMS:
        explained += f" The first {MOST_STREAMS} of {len(result['timeline'])} streams."
    return section("Over time", explained, "".join(cards))


def streams(result: Mapping[str, Any]) -> str:
    """Tabulate the cameras of the bags, where there are several."""
    said = result["by_stream"]
    names = list(dict.fromkeys(name for one in said for name in one["figures"]))
    rows = [
        [escape(one["bag"]), f"<code>{escape(one['camera'])}</code>", whole(one["frames"])]
        + [figure(one["figures"].get(name)) for name in names]
        for one in said
    ]
    shown = table(("bag", "camera", "pictures", *names), rows, texts=(1,)) if len(rows) > 1 else ""
    return section("By camera", "Each by itself; the figures above are those of all pictures together.", shown)


def live(result: Mapping[str, Any]) -> str:
    """Say how well the robot kept up when the bag was recorded."""
    if (said := result["live"]) is None:
        return ""
    age = said["age_ms"]
    told = [(f"{round(age[name])} ms", f"age {words}") for name, words in AGES.items() if age.get(name) is not None]
    told += [(whole(said[name]), words) for name, words in ANSWERS.items() if said.get(name) is not None]
    explained = "Age is the time from the stamp of a picture to the publishing of its answer."
    return section("As it ran on the robot", explained, tiles(told))


def speed(result: Mapping[str, Any]) -> str:
    """Show where the time went."""
    stages = {name: one for name, one in result["speed"]["stages"].items() if one["share"] is not None}
    rows = [
        [escape(name), f"{one['p50_ms']:.1f}", f"{one['p95_ms']:.1f}", f"{one['share']:.0%}", meter(one["share"])]
        for name, one in stages.items()
    ]
    bar = shares([(name, one["share"]) for name, one in stages.items()])
    rate = result["speed"]["frames_per_second"]
    explained = "Time a picture takes in each stage; stages overlap, so that the whole is faster than their sum."
    if rate:
        explained = f"{rate:.3g} pictures a second. {explained}"
    head = ("stage", "p50 (ms)", "p95 (ms)", "share", "")
    return section("Speed", explained, bar + table(head, rows) if rows else "")


def _timeline(stream: Mapping[str, Any], task: str) -> str:
    at = stream["stamps_s"]
    width = at[1] - at[0]
    time = Axis("seconds since the first picture", at[0], at[-1] + width)
    rows = list(_rows(stream, width, task))
    drawn = "".join(
        chart(time, up, [what], height=height, more=place < len(rows))
        for place, (up, what, height) in enumerate(rows, 1)
    )
    named = [(words, colour) for name, (words, colour) in _kinds(task).items() if any(stream[name])]
    where = f"{escape(stream['bag'])} <span class=soft>{escape(stream['camera'])}</span>"
    shown = hinted(drawn, _hints(stream, _kinds(task))) + (key(named) if named else "")
    return f'<div class="card charts"><h3>{where}</h3>{shown}</div>' if rows else ""


def _rows(stream: Mapping[str, Any], width: float, task: str) -> Iterator[tuple[Axis, Line | Bars, int]]:
    """Yield what is drawn below each other: the upright axis, lines or bars, and a height."""
    at = stream["stamps_s"]
    middle = [each + width / 2 for each in at]
    if _any(score := stream["score"]):
        yield _upright(task, score), Line("score", middle, score), 120
    counts = [(colour, stream[name]) for name, (_, colour) in _kinds(task).items()]
    if any(any(amounts) for _, amounts in counts):
        most = [sum(each) for each in zip(*(amounts for _, amounts in counts), strict=True)]
        yield from_zero(COUNTED.get(task, "things"), most, counts=True), Bars(at, width, counts), 90
    if _any(age := stream["age_ms"]):
        yield from_zero("age of the answer (ms)", [*age, LEAST_MS]), Line("age", middle, age, colour="var(--s4)"), 90
    if any(stream["trouble"]):
        bars = Bars(at, width, [("var(--bad)", stream["trouble"])])
        yield from_zero("damaged pictures", stream["trouble"], counts=True), bars, 40


def _upright(task: str, score: Sequence[float | None]) -> Axis:
    name = SCORES.get(task, "F1 of a picture")
    if task == "super_resolution":
        return around(name, score)
    return from_zero(name, score) if task == "colorization" else Axis(name, 0, 1)


def _kinds(task: str) -> Kinds:
    return RIGHT_OR_WRONG if task == "classification" else KINDS


def _hints(stream: Mapping[str, Any], kinds: Kinds) -> list[str]:
    """Say of each point all that is known of it."""
    told = {name: stream[name] for name in ("score", *kinds, "age_ms", "trouble") if any(stream[name])}
    return [
        f"{at:.1f} s: " + ", ".join(f"{WORDS.get(name, name)} {_said(values[place])}" for name, values in told.items())
        for place, at in enumerate(stream["stamps_s"])
    ]


def _said(value: float | None) -> str:
    return "unknown" if value is None else whole(value) if isinstance(value, int) else figure(value)


def _any(values: Sequence[float | None] | None) -> bool:
    return any(value is not None for value in values or ())


def steadiness(result: Mapping[str, Any]) -> str:
    """Say how much answers change from one picture to the next."""
    said = result["steadiness"]
    counts = said.get("counts") or {}
    rows = [
        [f"<b>{escape(name)}</b>", figure(value), escape(CHANGES.get(name, ""))]
        for name, value in (said.get("figures") or {}).items()
        if value is not None
    ]
    explained = f"Of {whole(int(counts.get('pictures', 0)))} pictures, each beside the one before; no truth is asked. "
    return section("Steadiness", f"{explained}Lower is steadier.", table(("", "", ""), rows, texts=(2,)))
