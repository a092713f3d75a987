"""What a report says of two evaluations of the same pictures: which is better, where, and in which pictures."""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from deep_perception.evaluation.bags.page_head import figure, short, subject, whole
from deep_perception.evaluation.bags.page_pictures import Gallery, pictures
from deep_perception.evaluation.proof import BETTER, SURE, WORSE
from deep_perception.page import section, table

KINDS = {BETTER: "good", WORSE: "bad"}
"""How verdicts look."""
SIDES = ("first", "second")
WORDS = {"frames_per_second": "pictures a second"}


def compared(result: Mapping[str, Any], differing: Gallery) -> str:
    """Show both side by side, and the pictures where they differ most."""
    if (said := result["compared"]) is None:
        return ""
    first, second = names_of(said)
    rest = [said[name] for name in ("only_first", "only_second")]
    explained = f"Beside {second} ({said['path']}), on the {whole(said['pictures'])} pictures that both scored"
    if any(rest):
        explained += f"; {whole(rest[0])} were scored only here, {whole(rest[1])} only there"
    explained += (
        f". The interval holds {SURE} % of the differences over many draws of as many of these pictures; where all of "
        "it is above 0, it is no luck."
    )
    head = ("", first, second, "better by", f"{SURE} % interval")
    shown = table(head, list(_rows(said))) + _besides(said, first, second) + pictures(result, differing)
    return section("Compared", explained, shown)


def verdict(result: Mapping[str, Any]) -> str:
    """Say in a sentence which is better."""
    said = result["compared"]
    if said is None or not said["verdict"]:
        return ""
    kind = KINDS.get(said["verdict"], "soft")
    return f"<p><b class={kind}>Compared with {escape(names_of(said)[1])}: {escape(said['sentence'])}.</b></p>\n"


def names_of(said: Mapping[str, Any]) -> tuple[str, str]:
    """Return what tells both apart: model, weights or topic."""
    for name in ("topic", "model", "weights", "device"):
        both = [short(said[side].get(name) or subject(said[side])) for side in SIDES]
        if both[0] != both[1]:
            return both[0], both[1]
    return "this", Path(said["path"]).name


def _rows(said: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the headline, the classes, and the figures that no interval is known of."""
    if (headline := said["headline"]) is not None:
        yield _changed(f"<b>{escape(headline['name'])}</b>", headline)
        for one in said["classes"]:
            yield _changed(escape(one["name"]), one)
    for name, both in said["figures"].items():
        if (headline is None or name != headline["name"]) and any(both[side] is not None for side in SIDES):
            yield [escape(name), *(figure(both[side]) for side in SIDES), "", ""]


def _changed(name: str, change: Mapping[str, Any]) -> list[str]:
    kind = "good" if change["low"] > 0 else "bad" if change["high"] < 0 else "soft"
    better = f"<span class={kind}>{change['difference']:+.3f}</span>"
    return [name, *(figure(change[side]) for side in SIDES), better, f"{change['low']:+.3f} … {change['high']:+.3f}"]


def _besides(said: Mapping[str, Any], first: str, second: str) -> str:
    """Tabulate steadiness and speed."""
    told = {**said["steadiness"], **said["speed"]}
    rows = [
        [escape(WORDS.get(name, name.replace("_ms", " (ms)"))), *(figure(both[side]) for side in SIDES)]
        for name, both in told.items()
        if any(both[side] is not None for side in SIDES)
    ]
    return table(("steadiness and speed", first, second), rows)
