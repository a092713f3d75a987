"""The report of a training, section by section."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from deep_perception.data.dataset import BACKGROUND
from deep_perception.evaluation.proof import BETTER, SURE, WORSE, Change, Proof
from deep_perception.page import document, embedded, steps
from deep_perception.training.worse import worse_classes

MOST_NAMES = 8
"""So many classes are named where there are many."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A test picture: what is true, and what was found in it."""

    name: str
    pictures: Sequence[tuple[str, bytes]]
    """Words and JPEG files."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the folder of a training holds; what is not there is empty."""

    folder: str
    config: Mapping[str, Any] = field(default_factory=dict)
    transfer: Mapping[str, Any] = field(default_factory=dict)
    overfit: Mapping[str, Any] = field(default_factory=dict)
    rate: Mapping[str, Any] = field(default_factory=dict)
    gradients: Sequence[str] = ()
    """What their lengths gave away."""
    history: Sequence[Mapping[str, float]] = ()
    proof: Proof | None = None
    old: str = ""
    """What the new model was compared with."""
    curves: bytes = b""
    rate_plot: bytes = b""
    """A PNG file, as the one before."""
    sheet: bytes = b""
    """A JPEG file."""
    comparisons: Sequence[Comparison] = ()


def page(evidence: Evidence) -> str:
    """Write the page; a section of which nothing is known is left out."""
    sections = (_head, _proof, _comparisons, _course, _sheet, _rate, _beginning, _settings, _next)
    return document(f"Training {evidence.folder}", [section(evidence) for section in sections])


def _head(evidence: Evidence) -> str:
    proof = evidence.proof
    verdict, headline = ("not judged yet", "Not finished") if proof is None else (proof.verdict, proof.sentence)
    kind = {BETTER: "good", WORSE: "bad"}.get(verdict, "soft")
    tiles = (f'<div class="tile"><b>{value}</b><span>{escape(words)}</span></div>' for value, words in _tiles(evidence))
    title = escape(headline[:1].upper() + headline[1:])
    return (
        f'<span class="verdict {kind}">{escape(verdict)}</span>\n<h1>{title}</h1>\n'
        f'<p>{_what_was_done(evidence)}</p>\n{_worse(evidence)}<div class="tiles">{"".join(tiles)}</div>'
    )


def _what_was_done(evidence: Evidence) -> str:
    said = evidence.config
    names = [name for name in said.get("classes", ()) if name != BACKGROUND]
    sentence = f"{_code(said.get('model', 'A network'))} learnt from {_code(said.get('dataset', 'a data set'))}"
    if names:
        sentence += f" to know {escape(_text(names))}"
    if evidence.old:
        sentence += f", and is compared with {_code(evidence.old)} on pictures that it did not learn from"
    return f"{sentence}."


def _worse(evidence: Evidence) -> str:
    named = worse_classes(evidence.proof) if evidence.proof else ""
    return f"<p><span class=bad>{escape(named[:1].upper() + named[1:])}.</span></p>\n" if named else ""


def _tiles(evidence: Evidence) -> Iterator[tuple[str, str]]:
    if proof := evidence.proof:
        if proof.old:
            yield _number(proof.old.get(proof.unit)), f"{proof.unit} before"
        yield _number(proof.new.get(proof.unit)), f"{proof.unit} now"
        yield str(proof.pictures), "test pictures"
    if evidence.history:
        yield str(len(evidence.history)), "epochs"


def _proof(evidence: Evidence) -> str:
    if (proof := evidence.proof) is None or not proof.old:  # of the first model there is nothing to compare
        return ""
    whole = Change(proof.new[proof.unit], proof.old[proof.unit], proof.difference, proof.low, proof.high)
    rows = [_change(proof.unit, whole, bold=len(proof.per_class) > 0)]
    rows += [_change(name, change) for name, change in proof.per_class.items()]
    of_class = tuple(f" {name}" for name in proof.per_class)
    others = [name for name in proof.new if name != proof.unit and not name.endswith(of_class)]
    rows += [_row(name, _number(proof.old.get(name)), _number(proof.new[name]), "", "") for name in others]
    head = "".join(f"<th>{name}</th>" for name in ("", "before", "now", "better by", f"{SURE} % interval"))
    explained = (
        f"Both models answered for the same {proof.pictures} test pictures. The interval holds {SURE} % of the "
        f"differences over {proof.resamples} draws of as many of them; where all of it is above 0, it is no luck."
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return _section("Proof", explained, f"<div class=scroll>{table}</div>")


def _change(name: str, change: Change, *, bold: bool = False) -> str:
    kind = "good" if change.low > 0 else "bad" if change.high < 0 else "soft"
    better = f"<span class={kind}>{change.difference:+.3f}</span>"
    interval = f"{change.low:+.3f} … {change.high:+.3f}"
    return _row(name, _number(change.old), _number(change.new), better, interval, bold=bold)


def _row(name: str, *cells: str, bold: bool = False) -> str:
    first = f"<b>{escape(name)}</b>" if bold else escape(name)
    return f"<tr><td>{first}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _comparisons(evidence: Evidence) -> str:
    cards = "".join(_card(one) for one in evidence.comparisons)
    explained = "What a node would publish, before and now, beside the truth."
    return _section("Test pictures", explained, f'<div class="gallery wide">{cards}</div>') if cards else ""


def _card(one: Comparison) -> str:
    shown = "".join(f"<div>{embedded(file)}<span>{escape(words)}</span></div>" for words, file in one.pictures)
    return (
        f'<figure class=card><div class=side style="--columns:{len(one.pictures)}">{shown}</div>'
        f"<figcaption class=soft>{escape(one.name)}</figcaption></figure>"
    )


def _course(evidence: Evidence) -> str:
    if not evidence.curves:
        return ""
    explained = "Kept is the epoch that did best on the validation pictures."
    return _section("How it went", explained, _listed(evidence.gradients) + _figure_of(evidence.curves, "png"))


def _sheet(evidence: Evidence) -> str:
    explained = "Training pictures as the network sees them, changed anew in each epoch, and what is true of them."
    return _section("What it learnt from", explained, _figure_of(evidence.sheet, "jpeg")) if evidence.sheet else ""


def _rate(evidence: Evidence) -> str:
    if not evidence.rate_plot:
        return ""
    said = evidence.rate
    explained = f"{said['chosen']:.2g}: {said['why']}." if said else ""
    return _section("Learning rate", explained, _figure_of(evidence.rate_plot, "png", "gallery"))


def _beginning(evidence: Evidence) -> str:
    sentences = list(evidence.transfer.get("sentences", ()))
    if evidence.overfit:
        sentences.append(f"one batch, learnt by heart as a check: {evidence.overfit['what']}")
    return f"<h2>What it began with</h2>\n{_listed(sentences)}" if sentences else ""


def _settings(evidence: Evidence) -> str:
    rows = [_setting(name, value) for name, value in evidence.config.items()]
    half = -(-len(rows) // 2)
    tables = (f"<div class=scroll><table>{''.join(part)}</table></div>" for part in (rows[:half], rows[half:]))
    return f"<h2>Settings</h2>\n<div class=split>{''.join(tables)}</div>" if rows else ""


def _setting(name: str, value: object) -> str:
    return f"<tr><td>{escape(name)}</td><td class=text>{escape(_text(value))}</td></tr>"


def _next(evidence: Evidence) -> str:
    folder = evidence.folder
    look = f"deep_perception predict {folder}/model.safetensors photos/ --out seen/"
    swap = f"deep_perception promote {folder} --node /perception"
    go_on = f"deep_perception train {evidence.config.get('dataset', 'DATASET')} --out {folder} --resume"
    done = [("Have a running node use it; rollback leads back", swap), ("See what it finds in your pictures", look)]
    return f"<h2>What to try next</h2>\n{steps(done if evidence.proof else [('Go on where it stopped', go_on)])}"


def _section(title: str, explained: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n<p class=soft>{escape(explained)}</p>\n{content}"


def _listed(sentences: Sequence[str]) -> str:
    points = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{points}</ul>" if points else ""


def _figure_of(file: bytes, kind: str, shape: str = "gallery wide") -> str:
    return f'<div class="{shape}"><figure class=card>{embedded(file, kind)}</figure></div>'


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _code(value: object) -> str:
    return f"<code>{escape(str(value))}</code>"


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    if not isinstance(value, (list, tuple)):
        return str(value)
    more = f" and {len(value) - MOST_NAMES} more" if len(value) > MOST_NAMES else ""
    return f"{', '.join(map(str, value[:MOST_NAMES]))}{more}"
