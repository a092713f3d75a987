"""What a report says of right and wrong: figures, classes, sizes, curves, and what is taken for what."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from deep_perception.evaluation.bags.charts import COLOURS, Axis, Line, chart, key, meter
from deep_perception.evaluation.bags.page_head import figure, whole
from deep_perception.page import section, table

EXPLAINED = {
    "AP": "area under precision over recall, mean of overlaps (IoU) from 0.50 to 0.95 and of the classes",
    "AP50": "the same where an overlap of 0.50 is enough",
    "AP75": "the same where an overlap of 0.75 is asked for",
    "AR": "share of the things that are found with 100 answers a picture, mean of overlaps from 0.50 to 0.95",
    "AR50": "the same where an overlap of 0.50 is enough",
    "AR75": "the same where an overlap of 0.75 is asked for",
    "AR100": "share of the things that are found with 100 answers a picture, mean of overlaps from 0.50 to 0.95",
    "box AP": "the same of the boxes around the masks",
    "accuracy": "share of the pictures whose first answer is right",
    "top-5": "share of the pictures with the right one among five answers",
    "mean class accuracy": "share of each class that is right, mean of the classes",
    "mIoU": "intersection over union, mean of the classes",
    "pixel accuracy": "share of the pixels with the right class",
    "CIEDE2000": "how different the colours look, lower is better; 1 is hardly seen",
    "colourfulness": "of the answers; 0 is grey",
    "colourfulness of the truth": "what it would be if all were right",
    "dB PSNR": "how near the brightness is, higher is better; 3 more is half the error",
    "dB PSNR RGB": "the same of red, green and blue",
    "SSIM": "how alike the structures of the brightness are; 1 is equal",
    "SSIM RGB": "the same of red, green and blue",
}
SIZES = {" small": "below 32 x 32 pixels", " medium": "up to 96 x 96 pixels", " large": "above 96 x 96 pixels"}
COUNTS = ("pictures", "things")
RATES = {"best_threshold": "best threshold", "precision": "precision", "recall": "recall", "f1": "F1"}
MANY = 14
"""With more classes than this, only what is confused most is listed."""
MOST_CONFUSED = 20


def figures(result: Mapping[str, Any]) -> str:
    """Tabulate the figures that are about everything."""
    known = {name: value for name, value in result["figures"].items() if value is not None}
    told = {name: value for name, value in known.items() if not name.endswith(tuple(SIZES))}
    rows = [
        [f"<b>{escape(name)}</b>", figure(value), escape(EXPLAINED.get(name.removeprefix("mask "), ""))]
        for name, value in told.items()
    ]
    return section("Figures", "Counted over all pictures of all bags at once.", table(("", "", ""), rows, texts=(2,)))


def sizes(result: Mapping[str, Any]) -> str:
    """Show how it depends on how large things are."""
    rows = [
        [escape(name), figure(value), meter(value), escape(next(SIZES[end] for end in SIZES if name.endswith(end)))]
        for name, value in result["figures"].items()
        if name.endswith(tuple(SIZES)) and value is not None
    ]
    return section("By size", "How large a thing is in the picture.", table(("", "", "", ""), rows, texts=(3,)))


def classes(result: Mapping[str, Any]) -> str:
    """Tabulate each class, the best first."""
    said = result["classes"]
    names = list(dict.fromkeys(name for one in said for name in one["figures"]))
    if not names:
        return ""
    counts = ["pictures"] if all(one["things"] in (None, one["pictures"]) for one in said) else list(COUNTS)
    rates = [name for name in RATES if any(one[name] is not None for one in said)]
    head = ["", *counts, *names[:1], "", *names[1:], *(RATES[name] for name in rates)]
    rows = [
        [escape(one["name"]), *(whole(one[name]) for name in counts), *_of_class(one["figures"], names)]
        + [figure(one[name]) for name in rates]
        for one in sorted(said, key=lambda one: -_known(one["figures"].get(names[0])))
    ]
    explained = "A best threshold is the score at which F1 is highest; precision, recall and F1 are those at it."
    return section("By class", explained if "best_threshold" in rates else "The best first.", table(head, rows))


def curves(result: Mapping[str, Any]) -> str:
    """Draw precision over recall and F1 over the threshold; of many classes, those with most things in colour."""
    said = {one["name"]: one for one in result["classes"]}
    ordered = sorted(result["curves"], key=lambda curve: -_known(said.get(curve["name"], {}).get("things")))
    styles = [{"colour": f"var(--s{place % COLOURS})", "faint": place >= COLOURS} for place in range(len(ordered))]
    pairs = [_lines(curve, said.get(curve["name"], {}), style) for curve, style in zip(ordered, styles, strict=True)]
    if not pairs:
        return ""
    precision, worth = ([pair[side] for pair in reversed(pairs)] for side in (0, 1))
    charts = (
        chart(Axis("recall", 0, 1), Axis("precision", 0, 1), precision, height=300),
        chart(Axis("score threshold", 0, 1), Axis("F1", 0, 1), worth, height=300),
    )
    named = key([(line.name, line.colour) for line, _ in pairs if not line.faint])
    few = f" In colour are the {COLOURS} classes with most things." if len(pairs) > COLOURS else ""
    cards = "".join(f'<div class="card charts">{drawn}</div>' for drawn in charts)
    explained = f"An answer is right that overlaps the true one by at least 0.50. A dot is the best threshold.{few}"
    return section("Precision and recall", explained, f'<div class="split">{cards}</div>{named}')


def confusion(result: Mapping[str, Any]) -> str:
    """Show what is taken for what: a map of few classes, a list of many."""
    said = result.get("confusion")
    if not said or not any(map(any, said["counts"])):
        return ""
    if len(said["columns"]) > MANY:
        explained = "What is taken for something else most often, and of how many of them."
        head = ("true", "answered", "times", "share", "")
        return section("Confusion", explained, table(head, _most_confused(said), texts=(1,)))
    explained = "A row is what is true, a column what was answered; the shade is the share of the row."
    return section("Confusion", explained, _heat_map(said))


def _lines(curve: Mapping[str, Any], one: Mapping[str, Any], style: Mapping[str, Any]) -> tuple[Line, Line]:
    """Return the curve of a class, and what F1 is at each score."""
    name, recall, precision = curve["name"], curve["recall"], curve["precision"]
    both = [2 * p * r / (p + r) if p and r else 0.0 for p, r in zip(precision, recall, strict=True)]
    known = all(one.get(each) is not None for each in ("recall", "precision", "best_threshold", "f1"))
    there = (one["recall"], one["precision"]) if known else None
    best = (one["best_threshold"], one["f1"]) if known else None
    reached = [place for place, score in enumerate(curve["score"]) if score is not None]
    scores, worth = [curve["score"][place] for place in reached], [both[place] for place in reached]
    reached_precision = [precision[place] if place in reached else None for place in range(len(precision))]
    return (
        Line(name, recall, reached_precision, dot=there, **style),
        Line(name, scores, worth, dot=best, **style),
    )


def _heat_map(said: Mapping[str, Any]) -> str:
    kept = [place for place, name in enumerate(said["columns"]) if name in said["rows"] or _any_in(said, place)]
    columns = [said["columns"][place] for place in kept]
    head = "".join(f"<th>{escape(name)}</th>" for name in ("", *columns))
    rows = "".join(
        f"<tr><td>{escape(name)}</td>{_cells(name, columns, [counts[place] for place in kept])}</tr>"
        for name, counts in zip(said["rows"], said["counts"], strict=True)
    )
    return f'<div class="scroll heat"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _any_in(said: Mapping[str, Any], column: int) -> bool:
    return any(counts[column] for counts in said["counts"])


def _cells(name: str, columns: Sequence[str], counts: Sequence[int]) -> str:
    total = max(1, sum(counts))
    return "".join(
        f'<td style="--share:{count / total * 0.7:.0%};--of:var(--{"found" if name == column else "wrong"})" '
        f'title="{count / total:.1%}">{whole(count)}</td>'
        for column, count in zip(columns, counts, strict=True)
    )


def _of_class(told: Mapping[str, float | None], names: Sequence[str]) -> list[str]:
    first, *others = (told.get(name) for name in names)
    return [figure(first), meter(first), *map(figure, others)]


def _most_confused(said: Mapping[str, Any]) -> list[list[str]]:
    mistakes = [
        (count, count / sum(counts), true, answered)
        for true, counts in zip(said["rows"], said["counts"], strict=True)
        for answered, count in zip(said["columns"], counts, strict=True)
        if count and true != answered
    ]
    return [
        [escape(true), escape(answered), whole(count), f"{share:.0%}", meter(share)]
        for count, share, true, answered in sorted(mistakes, reverse=True)[:MOST_CONFUSED]
    ]


def _known(value: float | None) -> float:
    return -1 if value is None else value
