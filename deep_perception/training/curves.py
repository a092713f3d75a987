"""How a training went, as pictures."""

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep_perception.durable_files import in_words, written_aside
from deep_perception.errors import StorageError

if TYPE_CHECKING:  # whoever draws need not wait for torch
    from deep_perception.training.rate import RateFinding

INK, SOFT, LINE = "#16202c", "#5b6878", "#dfe4ea"
COLOURS = ("#2962d9", "#c22f2f", "#12805c", "#b26a00", "#7a3fc4", "#0b7f9b", "#5b6878")
MOST_LINES = len(COLOURS)

EPOCH, LOSS, RATE, NORM = "epoch", "loss", "lr", "gradient_norm"
NO_FIGURES = (EPOCH, "step", RATE, NORM, "seconds")
"""What a line of the history says beside losses and validation figures."""
WIDE = 20.0
"""Values whose largest is more than this many times the smallest are shown on a logarithmic scale."""
HEADROOM = 1.2
"""Of a diverging loss so much above the start is shown, in times of how far it had fallen."""


def curves(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw losses, validation figures, learning rate and length of gradients over the epochs; raise StorageError."""
    names = list(dict.fromkeys(name for line in history for name in line))
    losses = [name for name in names if name.startswith(LOSS)]
    figures = [name for name in names if name not in (*NO_FIGURES, *losses)]
    panels = {
        "Loss": losses,
        "Validation": [name for name in figures if not any(name.startswith(f"{one} ") for one in figures)],
        "Learning rate": [RATE] if RATE in names else [],
        "Length of the gradient": [NORM] if NORM in names else [],
    }
    panels = {title: lines for title, lines in panels.items() if lines}
    figure = _figure(11, 3.2 * max(1, math.ceil(len(panels) / 2)))
    for place, (title, lines) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(math.ceil(len(panels) / 2), min(2, len(panels)), place)
        _plot_lines(axes, history, lines[:MOST_LINES])
        _finish(axes, title, "epoch")
    if not panels:
        figure.text(0.5, 0.5, "No epoch is finished yet", ha="center", color=SOFT, fontsize=13)
    _save(figure, path)


def rate_plot(finding: "RateFinding", path: Path) -> None:
    """Draw the loss over the learning rates that were tried, and the chosen one; raise StorageError."""
    figure = _figure(8, 4)
    axes = figure.add_subplot()
    axes.plot(finding.rates, finding.losses, color=COLOURS[0], linewidth=2, marker=_marker(len(finding.rates)))
    axes.axvline(finding.chosen, color=COLOURS[1], linewidth=1.5, linestyle="--")
    axes.set_xscale("log")
    known = [loss for loss in finding.losses if math.isfinite(loss)]
    if known and (fall := known[0] - min(known)) > 0:
        axes.set_ylim(min(known) - 0.1 * fall, known[0] + HEADROOM * fall)
    axes.annotate(
        f" {finding.chosen:.2g}",
        (finding.chosen, 0.96),
        xycoords=("data", "axes fraction"),
        color=COLOURS[1],
        weight="bold",
        va="top",
    )
    _finish(axes, "Loss while the learning rate rises", "learning rate")
    _save(figure, path)


def _plot_lines(axes: Any, history: Sequence[Mapping[str, float]], names: Sequence[str]) -> None:
    """Plot the first of these names more boldly than the others."""
    for name, colour in zip(names, COLOURS, strict=False):
        points = [(line.get(EPOCH, number), line[name]) for number, line in enumerate(history, 1) if name in line]
        width, label = 2.2 if name == names[0] else 1.3, name.removeprefix(f"{LOSS}_")
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=width, marker=_marker(len(points)), label=label)
    values = [line[name] for line in history for name in names if name in line and math.isfinite(line[name])]
    if values and min(values) > 0 and max(values) > WIDE * min(values) and RATE not in names:
        axes.set_yscale("log")
    if len(names) > 1:
        axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    axes.locator_params("x", integer=True)


def _marker(points: int) -> str:
    """Return how to mark points: of a few, a line alone would show little or nothing."""
    return "o" if points < 3 else ""


def _finish(axes: Any, title: str, below: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, color=INK, weight="bold")
    axes.set_xlabel(below, color=SOFT, fontsize=9)
    axes.tick_params(colors=SOFT, labelsize=8, which="both")
    axes.grid(color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    for side, line in axes.spines.items():
        line.set_visible(side in ("left", "bottom"))
        line.set_color(LINE)


def _figure(width: float, height: float) -> Any:
    # It logs what it thinks of fonts and caches, which does not help anybody who trains.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from matplotlib.figure import Figure

    return Figure((width, height), dpi=140, layout="constrained", facecolor="white")


def _save(figure: Any, path: Path) -> None:
    with in_words(f"cannot write '{path}'", StorageError), written_aside(path) as part:
        figure.savefig(part, format="png")
