"""Pictures of a report: what was true and what was answered, where that is furthest apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from deep_perception.evaluation.bags.charts import key
from deep_perception.page import embedded, section

KEY = {"found": "var(--found)", "missed": "var(--missed)", "wrong": "var(--wrong)"}
"""What the colours of things mean."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture of a bag, drawn once or several times."""

    words: str
    versions: Sequence[tuple[str, bytes]]
    """What each shows, and a JPEG file."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """What could be read again, and in words what could not."""

    shown: Sequence[Shown] = ()
    missing: Sequence[str] = ()


def worst(result: Mapping[str, Any], gallery: Gallery) -> str:
    """Show the pictures with the worst scores, or some where none are known."""
    if result["headline"]:
        return section("Worst pictures", "The worst first.", pictures(result, gallery))
    return section("Pictures", "At even times.", pictures(result, gallery))


def pictures(result: Mapping[str, Any], gallery: Gallery) -> str:
    """Return cards, and why some are not there."""
    cards = "".join(_card(one) for one in gallery.shown)
    versions = max((len(one.versions) for one in gallery.shown), default=1)
    wide = " wide" if versions > 1 else ""
    missing = "".join(f"<p>{escape(words)}</p>" for words in gallery.missing)
    told = key(list(KEY.items())) if cards and result["threshold"] is not None else ""
    return f'{missing}{told}<div class="gallery{wide}">{cards}</div>' if cards else missing


def _card(one: Shown) -> str:
    drawn = "".join(
        f"<div>{embedded(file)}{f'<span>{escape(words)}</span>' if words else ''}</div>" for words, file in one.versions
    )
    return (
        f'<figure class="card"><div class="side" style="--columns:{len(one.versions)}">{drawn}</div>'
        f'<figcaption class="soft">{escape(one.words)}</figcaption></figure>'
    )
