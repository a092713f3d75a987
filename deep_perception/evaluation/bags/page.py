"""DIR/report.html: everything about an evaluation on one page, for people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deep_perception.durable_files import in_words, written_aside
from deep_perception.errors import StorageError
from deep_perception.evaluation.bags import page_compared, page_made, page_pictures, page_scores, page_time
from deep_perception.evaluation.bags.chart_style import STYLE
from deep_perception.evaluation.bags.folder import REPORT, EvaluationFolder
from deep_perception.evaluation.bags.page_compared import names_of
from deep_perception.evaluation.bags.page_head import head, title
from deep_perception.evaluation.bags.page_pictures import Gallery
from deep_perception.evaluation.bags.worst import differing_pictures, worst_pictures
from deep_perception.page import document


def write_page(folder: Path) -> Path:
    """Write the report of what DIR/result.json says, with pictures of the bags; raise InputError or StorageError."""
    evaluation = EvaluationFolder(folder)
    result = evaluation.result()
    galleries = worst_pictures(evaluation), _differing(evaluation, result["compared"])
    text, path = page(result, folder, *galleries), folder / REPORT
    with in_words(f"cannot write '{path}'", StorageError), written_aside(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def _differing(evaluation: EvaluationFolder, compared: Mapping[str, Any] | None) -> Gallery:
    """Draw what two evaluations disagree about, if there are two."""
    if compared is None or not compared["differ"]:
        return Gallery()
    other = EvaluationFolder(Path(compared["path"]))
    return differing_pictures(evaluation, other, compared["differ"], names_of(compared))


def page(result: Mapping[str, Any], folder: Path, worst: Gallery, differing: Gallery) -> str:
    """Return the page; a section of which nothing is known is left out."""
    parts = [
        head(result, page_compared.verdict(result)),
        page_compared.compared(result, differing),
        page_scores.figures(result),
        page_scores.classes(result),
        page_scores.sizes(result),
        page_scores.curves(result),
        page_scores.confusion(result),
        page_time.timelines(result),
        page_time.streams(result),
        page_time.steadiness(result),
        page_time.live(result),
        page_pictures.worst(result, worst),
        page_made.damaged(result),
        page_time.speed(result),
        page_made.made(result),
        page_made.following(result, folder),
    ]
    return document(title(result), parts, STYLE)
