"""The end of a report: of what and how it was made, and what can be done next."""

import shlex
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from deep_perception.evaluation.bags.page_head import whole
from deep_perception.page import section, steps, table

MOST_LISTED = 8
SHORT = 16
"""Digits of a hash that tell files apart; result.json has all."""


def damaged(result: Mapping[str, Any]) -> str:
    """List the pictures that could not be used."""
    rows = [
        [
            escape(one["bag"]),
            f"<code>{escape(one['camera'])}</code>",
            whole(one["number"]),
            _seconds(one["stamp_ns"]),
            escape(one["kind"]),
            escape(one["reason"]),
        ]
        for one in result["damaged"]
    ]
    total = result["frames"]["damaged"]
    explained = "They count neither way; everything else was scored."
    if total > len(rows):
        explained = f"The first {len(rows)} of {whole(total)}. {explained}"
    head = ("bag", "camera", "number", "stamp (s)", "kind", "reason")
    return section("Damaged pictures", explained, table(head, rows, texts=(1, 4, 5)))


def made(result: Mapping[str, Any]) -> str:
    """Say all that is needed to make it again."""
    rows = [[escape(name), escape(text)] for name, text in _facts(result) if text]
    command = result["made"].get("command")
    said = f"<pre><code>{escape(_line(command))}</code></pre>" if command else ""
    explained = "The same bags, weights and device give the same figures; result.json holds all of this and more."
    return section("How it was made", explained, said + table(("", ""), rows, texts=(1,)) + _bags(result))


def following(result: Mapping[str, Any], folder: Path) -> str:
    """Name commands that lead on."""
    bags = shlex.join(bag["path"] for bag in result["inputs"])
    said, truth, here = result["subject"], result["truth"], shlex.quote(str(folder))
    model = f"{said.get('model') or 'MODEL'}"
    weights = f" --weights {shlex.quote(said['weights'])}" if said.get("weights") else ""
    judged = f"--truth {shlex.quote(truth['said']) if truth else 'TRUTH'}"
    if truth and truth.get("label"):
        judged += f" --truth-label {shlex.quote(truth['label'])}"
    other = f"deep_perception evaluate {bags} --model OTHER {judged} --out other\ndeep_perception evaluate {here}"
    todo = [
        ("Is another model better? Score it on the same pictures, and compare", f"{other} --compare other"),
        ("See every answer", f"deep_perception predict {model} {bags}{weights} --out seen"),
        ("Learn from these recordings", f"deep_perception dataset extract {bags} --out DATASET"),
    ]
    if truth is None:
        known = f"deep_perception evaluate {bags} --model {model}{weights} {judged} --out judged"
        todo[0] = "Where the truth is known, it is told what is right and what is wrong", known
    return f"<h2>What to try next</h2>\n{steps(todo)}"


def _facts(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    made, said, truth = result["made"], result["subject"], result["truth"]
    yield "when", str(made.get("when", ""))
    for name in ("model", "weights", "identity", "topic", "type", "device"):
        yield name, str(said.get(name) or "")
    yield "labels", _listed(said.get("labels") or ())
    yield "selection", _text(said.get("selection") or {})
    if truth:
        yield "truth", f"{truth['said']} ({truth['kind']}{_hash(truth.get('sha256'))})"
    yield "part of the bags", _part(result.get("window") or {})
    yield "took", f"{made['seconds']:.1f} s" if made.get("seconds") is not None else ""
    yield "machine", _text(made.get("machine") or {})
    yield "versions", _text(made.get("versions") or {})


def _bags(result: Mapping[str, Any]) -> str:
    rows = [
        [
            escape(bag["path"]),
            f"<code>{escape(camera['topic'])}</code>",
            escape(camera["type"]),
            whole(camera["messages"]),
            f"<code>{escape(str(bag['sha256'])[:SHORT])}</code>",
        ]
        for bag in result["inputs"]
        for camera in bag["cameras"]
    ]
    return table(("bag", "camera", "type", "messages", "sha256"), rows, texts=(1, 2, 4))


def _line(command: object) -> str:
    return shlex.join(command) if isinstance(command, list) else str(command)


def _hash(sha256: str | None) -> str:
    return f", sha256 {sha256[:SHORT]}" if sha256 else ""


def _seconds(stamp_ns: int | None) -> str:
    return "" if stamp_ns is None else f"{stamp_ns // 10**9}.{stamp_ns // 10**6 % 1000:03d}"


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"{', '.join(names[:MOST_LISTED])}{more}"


def _part(window: Mapping[str, Any]) -> str:
    """Say what was looked at, where that is not all."""
    said = {
        "from {:g} s": window.get("start_s"),
        "until {:g} s": window.get("end_s"),
        "every {}. picture": (window.get("stride") or 1) - 1 and window["stride"],
        "at most {} pictures of a camera": window.get("max_frames"),
    }
    return ", ".join(words.format(value) for words, value in said.items() if value)


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items() if each not in (None, "", [], ()))
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
